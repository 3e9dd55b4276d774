"""Rules on pictures are made anew when what is drawn has changed, and only then."""

from dataclasses import replace

import pytest

from camwire.config.rules import LineRule, Rule, ZoneRule
from camwire.devices.contracts import Overlay
from camwire.devices.cpu.palette import Style
from camwire.devices.cuda.rules import RuleShapes, shows_rules
from camwire.devices.cuda.sheet import Fragment
from camwire.frames import Frame, Size
from tests.support import frames

RULES: tuple[Rule, ...] = (
    ZoneRule(type="zone", name="yard", polygon=((0.1, 0.1), (0.5, 0.1), (0.5, 0.5)), cameras=("gate",)),
    LineRule(type="line", name="door", start=(0.1, 0.5), end=(0.9, 0.5)),
)
SIZE = Size(320, 180)


def overlay(**fields: object) -> Overlay:
    return replace(Overlay(frozenset({"zones", "lines"}), ("person",), RULES), **fields)


def frame(camera: str = "gate", size: Size = SIZE, source_size: Size = SIZE) -> Frame:
    return replace(frames.frame(camera, size=size), source_size=source_size)


def content(fragment: Fragment) -> tuple[object, ...]:
    plates = [(at, pixels.tobytes()) for at, pixels in fragment.plates]
    return bytes(fragment.records), fragment.areas, plates


@pytest.fixture
def shapes() -> RuleShapes:
    return RuleShapes()


def on(shapes: RuleShapes, of: Frame, shown: Overlay) -> Fragment:
    return shapes.on(of, shown, Style.for_size(of.size))


def test_what_has_not_changed_is_there_already(shapes: RuleShapes) -> None:
    counts = {"gate": {"door": {"in": {"person": 1}}}}
    shown = overlay(counts=counts)
    first = on(shapes, frame(), shown)
    counts["gate"] = {"door": {"in": {"person": 1}}}
    assert on(shapes, frame(), shown) is first


def test_a_count_that_changes_is_drawn(shapes: RuleShapes) -> None:
    counts = {"gate": {"door": {"in": {"person": 1}}}}
    shown = overlay(counts=counts)
    before = content(on(shapes, frame(), shown))
    counts["gate"] = {"door": {"in": {"person": 2}}}
    after = content(on(shapes, frame(), shown))
    assert after != before
    assert after == content(on(RuleShapes(), frame(), shown))


def test_each_camera_and_each_size_has_its_own(shapes: RuleShapes) -> None:
    shown = overlay()
    pictures = [frame(), frame("yard"), frame(size=Size(160, 90))]
    first = [on(shapes, one, shown) for one in pictures]
    assert len({content(one)[0] for one in first}) == 3
    assert [len(one.areas) for one in first] == [1, 0, 1]
    assert all(on(shapes, one, shown) is kept for one, kept in zip(pictures, first, strict=True))


@pytest.mark.parametrize(
    "changed",
    [overlay(toggles=frozenset({"lines"})), overlay(rules=RULES[1:])],
    ids=["a toggle", "the rules"],
)
def test_another_overlay_is_drawn_anew(shapes: RuleShapes, changed: Overlay) -> None:
    before = content(on(shapes, frame(), overlay()))
    after = content(on(shapes, frame(), changed))
    assert after != before
    assert after == content(on(RuleShapes(), frame(), changed))


def test_a_source_of_another_size_moves_rules_in_pixels(shapes: RuleShapes) -> None:
    line = LineRule(type="line", name="door", start=(10, 20), end=(300, 20), units="pixels")
    shown = overlay(rules=(line,), bound=Size(640, 360))
    small = content(on(shapes, frame(source_size=SIZE), shown))
    large = content(on(shapes, frame(source_size=Size(640, 360)), shown))
    assert small != large


def test_whether_any_rule_is_shown() -> None:
    assert shows_rules(overlay())
    assert not shows_rules(overlay(toggles=frozenset({"boxes"})))
    assert not shows_rules(overlay(rules=()))
