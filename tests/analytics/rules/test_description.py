"""Zones and lines once more, from their description alone: slow, plain, one object and one rule at a time."""

from collections import Counter
from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from camwire.config.rules import LineRule, ZoneRule
from tests.analytics.rules.scene import CLASSES, Scene, obj

OUT_OF_SIGHT = 3.0


def is_enclosed(polygon, x, y):
    """Whether a ray to the right crosses an odd number of edges, each without its lower end."""
    odd = False
    for i, (x0, y0) in enumerate(polygon):
        x1, y1 = polygon[(i + 1) % len(polygon)]
        if (y0 > y) != (y1 > y):
            odd ^= x < x0 + Fraction((y - y0) * (x1 - x0)) / Fraction(y1 - y0)
    return odd


def gap(polygon, x, y):
    """Pixels to the nearest edge, squared."""
    found = []
    for i, (x0, y0) in enumerate(polygon):
        dx, dy = polygon[(i + 1) % len(polygon)][0] - x0, polygon[(i + 1) % len(polygon)][1] - y0
        share = min(max(Fraction((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy), 0), 1)
        found.append((x - x0 - share * dx) ** 2 + (y - y0 - share * dy) ** 2)
    return min(found)


class Described:
    """The rules of one camera, told frame by frame."""

    def __init__(self, rules):
        self.rules = rules
        self.now = None
        self.seen = {}
        """Object → when it was seen last."""
        self.inside = {rule.name: {} for rule in rules}
        """Zone → object → since when, seen there last, its class on entering, whether it is reported."""
        self.sides = {rule.name: {} for rule in rules}
        """Line → object → side and place where it was on that side last."""
        self.counted = {rule.name: set() for rule in rules}
        self.counts = {rule.name: Counter() for rule in rules}
        self.events = []
        self.rounded = False
        """Whether anything came so close to a slanting line's band or end that rounding decides."""

    def step(self, time, objects):
        self.now = time if self.now is None else max(self.now, time)
        gone = {one for one, then in self.seen.items() if self.now - then > OUT_OF_SIGHT}
        for rule in self.rules:
            if isinstance(rule, ZoneRule):
                self.zone(rule, objects)
            else:
                for one in gone:
                    self.sides[rule.name].pop(one, None)
                    self.counted[rule.name].discard(one)
                self.line(rule, objects)
        for one in gone:
            del self.seen[one]
        for one, *_ in objects:
            self.seen[one] = self.now

    def zone(self, rule, objects):
        there, counts = self.inside[rule.name], self.counts[rule.name]
        for one, (since, last, name, _) in list(there.items()):
            if self.now - last > OUT_OF_SIGHT:
                del there[one]
                counts["exited", name] += 1
                self.events.append(("exit", rule.name, one, last - since))
        for one, x, y, class_id in objects:
            name = CLASSES[class_id]
            if rule.classes is not None and name not in rule.classes:
                continue
            enclosed = is_enclosed(rule.polygon, x, y)
            if one not in there:
                if enclosed:
                    there[one] = self.now, self.now, name, False
                    counts["entered", name] += 1
                    self.events.append(("enter", rule.name, one, None))
                continue
            since, _, entered, reported = there[one]
            if not enclosed and gap(rule.polygon, x, y) > Fraction(rule.margin) ** 2:
                del there[one]
                counts["exited", entered] += 1
                self.events.append(("exit", rule.name, one, self.now - since))
                continue
            if not reported and rule.loitering is not None and self.now - since >= rule.loitering:
                reported = True
                self.events.append(("loitering", rule.name, one, self.now - since))
            there[one] = since, self.now, entered, reported

    def line(self, rule, objects):
        (x0, y0), (x1, y1) = rule.start, rule.end
        dx, dy = x1 - x0, y1 - y0
        for one, x, y, class_id in objects:
            name = CLASSES[class_id]
            if rule.classes is not None and name not in rule.classes:
                continue
            across = dx * (y - y0) - dy * (x - x0)
            half = Fraction(rule.band) / 2
            squared = dx * dx + dy * dy
            self.rounded |= bool(dx and dy) and across * across == half * half * squared
            if across * across < half * half * squared:
                continue
            side = 1 if across > 0 or (across == 0 and rule.band == 0) else -1
            before = self.sides[rule.name].get(one)
            self.sides[rule.name][one] = side, x, y, across
            if before is None or before[0] == side or not (rule.again or one not in self.counted[rule.name]):
                continue
            _, from_x, from_y, from_across = before
            share = Fraction(from_across) / (from_across - across)
            at_x, at_y = from_x + share * (x - from_x), from_y + share * (y - from_y)
            along = (at_x - x0) * dx + (at_y - y0) * dy
            self.rounded |= bool(dx and dy) and along in (0, squared)
            if rule.infinite or 0 <= along <= squared:
                kind = "in" if side > 0 else "out"
                self.counted[rule.name].add(one)
                self.counts[rule.name][kind, name] += 1
                self.events.append((kind, rule.name, one, None))


GRID = st.integers(0, 10).map(lambda step: step * 40)
POLYGONS = st.sampled_from(
    [
        ((120, 120), (280, 120), (280, 280), (120, 280)),
        ((120, 120), (120, 280), (280, 280), (280, 120)),
        ((200, 80), (320, 200), (200, 320), (80, 200)),
        # Open to the right like a C, and as thin as a line.
        ((80, 80), (320, 80), (320, 120), (120, 120), (120, 280), (320, 280), (320, 320), (80, 320)),
        ((40, 199), (360, 199), (360, 201), (40, 201)),
    ]
)
SELECTED = st.sampled_from([None, None, ("person",), ("car", "dog")])
ZONES = st.builds(
    ZoneRule,
    type=st.just("zone"),
    name=st.just("zone"),
    units=st.just("pixels"),
    polygon=POLYGONS,
    margin=st.sampled_from([0, 20, 40, 200]),
    loitering=st.sampled_from([None, 0.5, 1, 4]),
    classes=SELECTED,
)
ENDS = st.tuples(GRID, GRID, GRID, GRID).filter(lambda ends: ends[:2] != ends[2:])
LINES = ENDS.flatmap(
    lambda ends: st.builds(
        LineRule,
        type=st.just("line"),
        name=st.just("line"),
        units=st.just("pixels"),
        start=st.just(ends[:2]),
        end=st.just(ends[2:]),
        band=st.sampled_from([0, 20, 80]),
        infinite=st.booleans(),
        again=st.booleans(),
        classes=SELECTED,
    )
)
OBJECTS = st.lists(
    st.tuples(st.integers(1, 3), GRID, GRID, st.sampled_from([0, 0, 0, 1])),
    max_size=3,
    unique_by=lambda item: item[0],
)
FRAMES = st.lists(st.tuples(st.sampled_from([0, 0.25, 0.25, 1, 3, 3.25, -1]), OBJECTS), max_size=20)
"""How much later each frame is; the same moment again, before it, and right at the end of patience, too."""


RULES = st.lists(ZONES | LINES, min_size=1, max_size=3).map(
    lambda rules: [
        rule.model_copy(update={"name": f"{rule.name} {place}"}) for place, rule in enumerate(rules)
    ]
)


@settings(deadline=None)
@given(rules=RULES, frames=FRAMES)
def test_events_and_counts_equal_the_description(rules, frames):
    scene, described, time = Scene(*rules, out_of_sight=OUT_OF_SIGHT), Described(rules), 100.0
    for later, objects in frames:
        time += later
        scene.step(time, *(obj(one, x, y, class_id) for one, x, y, class_id in objects))
        described.step(time, objects)
    assume(not described.rounded)
    found = [(event.kind, event.rule, event.subject.object_id, event.value) for event in scene.events]
    assert sorted(found, key=str) == sorted(described.events, key=str)
    counts = scene.engine.counts_of("gate")
    for rule in rules:
        now = {kind: Counter(by_class) for kind, by_class in counts.get(rule.name, {}).items()}
        inside = Counter(name for _, _, name, _ in described.inside[rule.name].values())
        assert now.pop("inside", Counter()) == inside
        assert {(kind, name): n for kind, names in now.items() for name, n in names.items()} == dict(
            described.counts[rule.name]
        )
