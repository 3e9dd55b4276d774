"""Recorded cases: what DeepStream's own analytics library gave for a configuration and frames."""

import json
from pathlib import Path

import pytest

from camwire.analytics.nvdsanalytics.load import parse
from camwire.analytics.nvdsanalytics.replay import read_case, replayed

HERE = Path(__file__).parent / "cases"
OWN = sorted(HERE.glob("*.json"))


def check(path):
    """Everything has to be equal, but for stops and directions where the case says that rounding decides."""
    case = read_case(path.read_bytes())
    recorded = json.loads(path.read_bytes())
    results = replayed(case, parse(case.config, case.config_format, path.name).settings)
    sensitive = set(recorded.get("fp_sensitive_frames", ()))
    for index, (result, expected) in enumerate(zip(results, recorded["expected"], strict=True)):
        if "obj_cnt_ties" not in expected:
            result.pop("obj_cnt_ties", None)
        assert without_stops(result, index in sensitive) == without_stops(expected, index in sensitive), index


def without_stops(frame, sensitive):
    if not sensitive:
        return frame
    kept = ("i", "roi", "oc", "lc")
    return frame | {"objects": [{name: item.get(name) for name in kept} for item in frame["objects"]]}


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_own_cases(path):
    check(path)


def test_own_cases_show_what_they_are_for():
    """A case in which nothing happens would prove nothing."""
    happened = {path.stem: path.read_text() for path in OWN}
    for mode in ("strict", "balanced", "loose"):
        assert "LC:In" in happened[f"lines_{mode}"]
    assert "STOPPED" in happened["inverse_small_window"]
    assert '"passthrough"' in happened["switched_off"]


def test_shared_cases(shared):
    paths = sorted((shared / "cases" / "nvdsanalytics").glob("*.json"))
    assert paths
    for path in paths:
        check(path)
