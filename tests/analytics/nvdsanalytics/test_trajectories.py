"""A thousand random trajectories, through the engine and through a second implementation of the rules."""

import pytest

from camwire.analytics.nvdsanalytics.load import parse
from camwire.analytics.nvdsanalytics.replay import Case, replayed
from tests.analytics.nvdsanalytics import scalar
from tests.analytics.nvdsanalytics.scenarios import Maker, as_ini, as_yaml, settings_apart

SCENARIOS, STREAMS, TRAJECTORIES, LENGTH = 50, 2, 10, 36


@pytest.mark.parametrize("seed", range(SCENARIOS))
def test_engine_equals_description(seed):
    maker = Maker(seed)
    config = settings_apart(maker.config(STREAMS))
    frames = maker.frames(STREAMS, TRAJECTORIES, LENGTH)
    form, text = ("yaml", as_yaml(config)) if seed % 2 else ("ini", as_ini(config))
    settings = parse(text, form, "scenario").settings

    results = replayed(Case(config=text, config_format=form, frames=frames), settings)

    for index, (result, wanted) in enumerate(zip(results, scalar.expected(config, frames), strict=True)):
        result.pop("obj_cnt_ties", None)
        assert result == wanted, f"frame {index} of seed {seed}\n{text}"


def test_scenarios_show_every_rule():
    """Guards the generator: without crossings, crowds and stops the comparison would prove little."""
    seen = {"roi": 0, "oc": 0, "lc": 0, "dir": 0, "STOPPED": 0}
    for seed in range(10):
        maker = Maker(seed)
        config = settings_apart(maker.config(STREAMS))
        frames = maker.frames(STREAMS, TRAJECTORIES, LENGTH)
        settings = parse(as_ini(config), "ini", "scenario").settings
        for result in replayed(Case(config="", frames=frames), settings):
            for item in result["objects"]:
                for name in seen:
                    seen[name] += name in item or name in item["status"]
    assert all(count >= 5 for count in seen.values()), seen
