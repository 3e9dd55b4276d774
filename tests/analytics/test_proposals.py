"""DeepStream's rules as camwire's own count the same way round."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from camwire.analytics.nvdsanalytics.load import parse
from camwire.analytics.proposals import proposals
from camwire.analytics.rules import RuleEngine
from camwire.config.rules import Rule
from camwire.frames import Batch, Frame, Size
from tests.analytics.rules.scene import CLASSES, obj, tracks_of

HEAD = "[property]\nenable=1\nconfig-width=1000\nconfig-height=1000\n"
place = st.integers(100, 900)


def proposed(text, *, stream=0, names=CLASSES, taken=()):
    return proposals(parse(HEAD + text, "ini", "file").settings, stream, "gate", names, taken)


def counted(rule, path):
    """What a rule counts of an object whose feet go along a path, in thousandths of the picture."""
    engine = RuleEngine([TypeAdapter(Rule).validate_python(rule)], CLASSES)
    size = Size(1000, 1000)
    for number, (x, y) in enumerate(path):
        frame = Frame(
            "gate", number, 0, None, size, size, number / 10, number / 10, 1e6 + number, number / 10
        )
        engine.step(Batch(number, (frame,), 0.0), tracks_of([[obj(1, x, y)]]))
    return engine.counts_of("gate")[rule["name"]]


def line(ends, arrow):
    numbers = ";".join(str(value) for point in (*arrow, *ends) for value in point)
    return f"[line-crossing-stream-0]\nenable=1\nline-crossing-door={numbers}\nclass-id=-1\nmode=loose\n"


@given(place, place, place, place)
def test_in_is_the_way_of_the_arrow(x1, y1, x2, y2):
    """The line through the middle of the arrow and square to it; the object goes along the arrow."""
    assume((x2 - x1) ** 2 + (y2 - y1) ** 2 > 120**2)
    x, y, dx, dy = (x1 + x2) // 2, (y1 + y2) // 2, (x2 - x1) // 4, (y2 - y1) // 4
    ends = [(max(x - dy, 0), max(y + dx, 0)), (max(x + dy, 0), max(y - dx, 0))]
    assume(ends[0] != ends[1])
    rules, _ = proposed(line(ends, [(x1, y1), (x2, y2)]))
    there = counted(rules[0], [(x1, y1), (x2, y2)])
    back = counted(rules[0], [(x2, y2), (x1, y1)])
    assert (sum(there["in"].values()), sum(there["out"].values())) == (1, 0)
    assert (sum(back["in"].values()), sum(back["out"].values())) == (0, 1)


ZONES = """\
[overcrowding-stream-0]
enable=0
roi-Crowd=0;0;500;0;500;500
object-threshold=3
class-id=0;7;99
[roi-filtering-stream-0]
enable=1
roi-out=0;0;500;0;500;500
inverse-roi=1
[direction-detection-stream-0]
enable=1
direction-South=100;100;100;900
[roi-filtering-stream-1]
enable=1
roi-far=0;0;2000;0;2000;500
roi-bow=0;0;500;500;500;0;0;500
"""


def test_what_has_no_counterpart_is_said():
    rules, notes = proposed(ZONES, taken=["South"])
    crowd, south = rules
    assert (crowd["overcrowding"], crowd["enabled"], crowd["classes"]) == (
        {"objects": 3},
        False,
        [CLASSES[0]],
    )
    assert (south["name"], south["start"], south["end"]) == ("South 2", [0.1, 0.1], [0.1, 0.9])
    for part in ("out: a zone that means what is outside", "Crowd: classes 7, 99 are left out", "'South 2'"):
        assert any(part in note for note in notes), (part, notes)
    rules, notes = proposed(ZONES, stream=1)
    assert [rule["polygon"] for rule in rules] == [[[0.0, 0.0], [1.0, 0.0], [1.0, 0.5]]]
    assert any("far: points outside the picture" in note for note in notes)
    assert any("bow: left out: " in note and "cross" in note for note in notes)
    rules, notes = proposed(ZONES, names=None)
    assert "classes" not in rules[0]
    assert any(
        "Crowd: classes 0, 7, 99 are left out: the model's classes aren't known here; so the rule is for"
        in note
        for note in notes
    )


@pytest.mark.parametrize("mode", ["strict", "balanced"])
def test_modes_are_named(mode):
    text = line([(0, 500), (900, 500)], [(500, 400), (500, 600)]).replace("loose", mode)
    _, notes = proposed(text)
    assert any(f"mode {mode} has no counterpart" in note for note in notes)
