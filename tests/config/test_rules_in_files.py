"""Rules in a configuration file: each mistake with its place, all at once."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from camwire.config import Config, ConfigError, load, load_text

MISTAKES = """\
cameras:
  - {id: gate, url: x}
rules:
  - type: zone
    name: a
    polygon: [[0, 0], [1, 1]]
    foo: 1
    overcrowding: {objects: many}
  - name: b
  - type: line
    start: [0, 0]
    end: [0, 0.5]
    colour: red
  - type: zone
    name: c
    polygon: [[0, 0], [1, 0], [640, 480]]
    cameras: [gat]
    classes: [person, cra]
  - 5
  - {type: line, name: z, start: [0, 0], end: [0, 0]}
  - {type: line, name: z, start: [0, -1], end: [0, 0, 1]}
  - {type: zone, name: y, polygon: [[0, 0], [1, 1], [1, 0], [0, 1]], margin: -3, anchor: botom}
"""


def problems(text):
    with pytest.raises(ConfigError) as caught:
        load_text(text, "c.yaml", environment={})
    return [str(problem).removeprefix("c.yaml:") for problem in caught.value.problems]


def test_every_mistake_at_once():
    assert problems(MISTAKES) == [
        "6:14: polygon: a polygon needs three different points at least",
        "7:5: unknown key 'foo'; allowed: name, enabled, cameras, classes, colour, units, anchor, type, "
        "polygon, margin, loitering, overcrowding",
        "8:29: objects is 'many'; allowed: a whole number, 1 to 10000",
        "9:5: rules[1]: a rule has a `type`: zone, line, direction, speed or heatmap",
        "10:5: name is missing; it is text",
        "13:13: colour: expected a colour as '#rrggbb', for example '#ff8800'",
        "14:5: rules[3]: fractions go from 0 to 1; write `units: pixels` where pixels are meant",
        "17:15: there is no camera 'gat'; did you mean gate?",
        "18:23: the model knows no class 'cra'; did you mean cat?",
        "19:5: rules[4]: a rule has a `type`: zone, line, direction, speed or heatmap",
        "20:5: rules[5]: a line needs two different points; `start` and `end` are the same",
        "21:24: the name 'z' is taken by the rule on line 20; names are unique",
        "21:38: start[1] is -1; allowed: a number, at least 0",
        "21:48: end has 3 items; allowed: at most 2",
        "22:36: polygon: the polygon's edges cross or touch each other; list its corners in order around it",
        "22:78: margin is -3; allowed: 0 to 10000",
        "22:90: anchor is 'botom'; allowed: bottom_centre, centre, top_centre",
    ]


@pytest.mark.parametrize(
    "rules", ["5", "{}", "[[1]]", "[{type: [1]}]", "[{type: zone, name: [x], cameras: 3}]"]
)
def test_what_is_no_list_of_rules_is_told(rules):
    assert problems(f"cameras: []\nrules: {rules}\n")


def test_classes_of_an_own_model_are_not_judged_before_it_is_loaded():
    text = "cameras: []\nmodel: {file: own.onnx}\nrules: [{type: heatmap, name: m, classes: [forklift]}]\n"
    assert load_text(text, "c.yaml", environment={}).rules[0].classes == ("forklift",)


@pytest.mark.parametrize(
    "rules",
    [
        [{"type": "heatmap", "name": "a"}, {"type": "heatmap", "name": "a"}],
        [{"type": "heatmap", "name": "a", "cameras": ["gone"]}],
        [{"type": "heatmap", "name": "a", "classes": ["forklift"]}],
    ],
)
def test_a_configuration_made_by_a_program_is_held_to_the_same(rules):
    with pytest.raises(ValidationError):
        Config.model_validate({"cameras": [], "rules": rules})


def test_an_nvdsanalytics_file_stands_beside_the_configuration(tmp_path: Path):
    file = tmp_path / "c.yaml"
    file.write_text("cameras: []\nanalytics: {nvdsanalytics: rules.txt}\nrules:\n")
    config = load(file)
    assert config.analytics.nvdsanalytics == str(tmp_path / "rules.txt")
    assert config.rules == ()


def test_the_schema_knows_the_kinds():
    schema = json.dumps(Config.model_json_schema())
    assert all(
        name in schema for name in ("ZoneRule", "LineRule", "DirectionRule", "SpeedRule", "HeatmapRule")
    )


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("type: speed, limit: -1", "limit is -1; allowed: more than 0"),
        ("type: speed, window: 0", "window is 0; allowed: more than 0, at most 86400"),
        ("type: speed, stopped_after: -1", "stopped_after is -1; allowed: 0 to 86400"),
        ("type: heatmap, half_life: 0", "half_life is 0; allowed: more than 0, at most 86400"),
        ("type: heatmap, columns: 0", "columns is 0; allowed: 1 to 512"),
        (
            "type: direction, start: [0, 0], end: [1, 1], tolerance: 181",
            "tolerance is 181; allowed: more than 0, at most 180",
        ),
    ],
)
def test_a_number_out_of_bounds_is_told_the_bounds(rule: str, said: str) -> None:
    [problem] = problems(f"cameras: [{{id: gate, url: x}}]\nrules: [{{{rule}, name: n}}]\n")
    assert problem.endswith(said)
