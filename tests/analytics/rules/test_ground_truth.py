"""Scripted objects with known crossings, stays and counts, seen as badly as real ones are.

Every object goes a way of straight stretches with waits between them. The script says what has to count.
It is asked for again with positions off by up to 8 pixels, with 30 % of the frames missing, and with ids
switched at known places. Zones and lines lie so that no way ends or turns within the reach of jitter.
"""

from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pytest

from camwire.config.rules import DirectionRule, LineRule, SpeedRule, ZoneRule
from tests.analytics.rules.scene import Scene, obj, seconds

RATE = 20
JITTER = 8
END = 40

YARD = ((300, 100), (500, 100), (500, 400), (300, 400))
RULES = [
    ZoneRule(
        type="zone",
        name="yard",
        units="pixels",
        polygon=YARD,
        loitering=4,
        overcrowding={"objects": 3, "seconds": 1},
    ),
    LineRule(type="line", name="door", units="pixels", start=(700, 60), end=(700, 440)),
    LineRule(type="line", name="once", units="pixels", start=(700, 60), end=(700, 440), again=False),
    DirectionRule(type="direction", name="right", units="pixels", start=(0, 0), end=(1, 0)),
    SpeedRule(type="speed", name="pace", units="pixels", stopped_after=3, stopped_below=40),
]


@dataclass
class Walker:
    """Goes from place to place, each reached at its time; only there from the first to the last."""

    object_id: int
    way: list[tuple[float, float, float]]
    """Time, x, y."""
    class_id: int = 0
    switches: dict[float, int] = field(default_factory=dict)
    """Time → the id from then on."""

    def at(self, time):
        times, xs, ys = zip(*self.way, strict=True)
        if not times[0] <= time <= times[-1]:
            return None
        return np.interp(time, times, xs), np.interp(time, times, ys)

    def id_at(self, time):
        return next(
            (new for since, new in sorted(self.switches.items(), reverse=True) if time >= since),
            self.object_id,
        )


def through(object_id, begin, class_id=0, y=250):
    """From the left border through the yard and the door to the right one in 6 s."""
    return Walker(object_id, [(begin, 50, y), (begin + 6, 950, y)], class_id)


SCRIPT = [
    through(1, 0),
    through(2, 1, class_id=1, y=200),
    through(3, 20, y=300),
    # Waits in the yard for 8 s, then goes on through the door, turns and comes back through it.
    Walker(4, [(2, 50, 150), (4, 400, 150), (12, 400, 150), (15, 850, 150), (18, 550, 150)]),
    # Stands beside the door and never goes through.
    Walker(5, [(5, 650, 350), (25, 650, 350)], class_id=1),
    # Past the door, beyond its upper end.
    Walker(6, [(8, 600, 20), (11, 800, 20)]),
    # Three at once in the yard, for 5 s; with number 4 they are four for a while.
    Walker(7, [(7, 340, 470), (9, 340, 300), (14, 340, 300), (16, 340, 480)]),
    Walker(8, [(7, 400, 470), (9, 400, 300), (14, 400, 300), (16, 400, 480)]),
    Walker(9, [(7, 460, 470), (9, 460, 300), (14, 460, 300), (16, 460, 480)]),
    # In the yard from the first frame to the last one.
    Walker(10, [(28, 400, 250), (34, 400, 250)], class_id=2),
]

ENTERED = {"person": 6, "car": 1, "dog": 1}  # 1, 3, 4, 7, 8, 9; 2; 10
# The door goes downwards, so its right-hand side is the left one of the picture: rightwards is out.
RIGHTWARDS = {"person": 3, "car": 1}  # 1, 3, 4; 2
LEFTWARDS = {"person": 1}  # 4, coming back
LOITERING = {4, 7, 8, 9, 10}
STOPPED = {4, 5, 7, 8, 9, 10}
RIGHT = {1, 2, 3, 4, 6}


def play(script, jitter=0, missing=0.0, seed=0):
    """The scene with all of the script's objects in it."""
    random = np.random.default_rng(seed)
    scene = Scene(*RULES)
    for time in seconds(0, END, RATE):
        if random.random() < missing:
            continue
        seen = []
        for walker in script:
            place = walker.at(time)
            if place is not None:
                x, y = place + random.uniform(-jitter, jitter, 2)
                seen.append(obj(walker.id_at(time), x, y, walker.class_id))
        scene.step(time, *seen)
    return scene


@cache
def played(jitter, missing, seed):
    """The whole script; only to be looked at."""
    return play(SCRIPT, jitter, missing, seed)


def who(scene, kind):
    """Ids in events of a kind, with repetitions, ascending."""
    return sorted(event.subject.object_id for event in scene.events if event.kind == kind)


CONDITIONS = [
    (0, 0.0, 0),
    *((JITTER, 0.0, seed) for seed in range(4)),
    *((JITTER, 0.3, seed) for seed in range(4)),
]


@pytest.mark.parametrize(("jitter", "missing", "seed"), CONDITIONS)
def test_counts_equal_the_script(jitter, missing, seed):
    scene = played(jitter, missing, seed)
    counts = scene.engine.counts()
    assert counts["yard"]["gate"] == {"inside": {}, "entered": ENTERED, "exited": ENTERED}
    assert counts["door"]["gate"] == {"in": LEFTWARDS, "out": RIGHTWARDS}
    assert counts["once"]["gate"] == {"in": {}, "out": RIGHTWARDS}
    assert set(who(scene, "loitering")) == LOITERING
    assert len(who(scene, "loitering")) == len(LOITERING)
    assert set(who(scene, "stopped")) == STOPPED
    assert set(who(scene, "direction")) == RIGHT
    assert [event.kind for event in scene.events if event.subject is None] == [
        "overcrowded",
        "overcrowding_over",
    ]


@pytest.mark.parametrize(("jitter", "missing", "seed"), CONDITIONS)
def test_dwell_times_are_those_of_the_script(jitter, missing, seed):
    scene = played(jitter, missing, seed)
    dwelt = {event.subject.object_id: event.value for event in scene.events if event.kind == "exit"}
    speed = 900 / 6
    # Out of it is 20 pixels outside; jitter and missing frames cost some tenths of a second.
    slack = 0.1 + 3 * jitter / speed + (0.3 if missing else 0)
    assert dwelt[1] == pytest.approx((200 + 20) / speed, abs=slack)
    assert dwelt[10] == pytest.approx(6, abs=slack)
    for object_id in (7, 8, 9):
        assert dwelt[object_id] == pytest.approx(5 + 100 / 85 + 120 / 90, abs=slack)


@pytest.mark.parametrize("seed", range(3))
def test_a_switch_of_identity_changes_what_it_has_to(seed):
    """In the middle of the yard: one more comes and goes. Between yard and door, clear of both: nothing.
    Right on the door, so that neither identity is ever seen on both sides: that crossing is lost."""
    switched = [
        Walker(1, SCRIPT[0].way, switches={2.3: 101}),  # x = 395, in the yard
        Walker(2, SCRIPT[1].way, 1, switches={4.6: 102}),  # x = 590
        *SCRIPT[2:],
    ]
    scene = play(switched, JITTER, 0.0, seed)
    counts = scene.engine.counts()
    assert counts["yard"]["gate"]["entered"] == ENTERED | {"person": ENTERED["person"] + 1}
    assert counts["yard"]["gate"]["exited"] == ENTERED | {"person": ENTERED["person"] + 1}
    assert counts["door"]["gate"] == {"in": LEFTWARDS, "out": RIGHTWARDS}

    waiting = Walker(1, [(0, 50, 250), (4, 700, 250), (6, 700, 250), (8, 950, 250)], switches={5: 103})
    scene = play([waiting, *SCRIPT[1:]])
    assert scene.engine.counts()["door"]["gate"]["out"] == RIGHTWARDS | {"person": RIGHTWARDS["person"] - 1}


@pytest.mark.parametrize("seed", range(2))
def test_two_that_swap_identities_over_the_door_count_for_each_other(seed):
    """They stand on both sides of it; a swap is for a line what two crossings are, one in and one out."""
    left, right = (
        Walker(object_id, [(0, x, 250), (10, x, 250)], switches={5: other})
        for object_id, other, x in ((1, 2, 600), (2, 1, 800))
    )
    scene = play([left, right], JITTER, 0.0, seed)
    assert scene.engine.counts()["door"]["gate"] == {"in": {"person": 1}, "out": {"person": 1}}
