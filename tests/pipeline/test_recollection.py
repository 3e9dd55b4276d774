"""Rules tried on the last minutes count what they would have counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.config.rules import LineRule
from camwire.frames import Batch, Frame, Size
from camwire.link.desired import DesiredRehearsal
from camwire.link.messages import decode_upward, encode
from camwire.models import ModelError
from camwire.pipeline.analysis import Analysis, rule_engine
from camwire.pipeline.recollection import FRAME_BYTES, ROW, Recollection
from camwire.pipeline.rehearsals import Rehearsals
from tests.analytics.rules.scene import CLASSES, obj, tracks_of
from tests.pipeline.test_analysis import LINE, desired, step
from tests.support.waiting import wait_for

SIZE = Size(1000, 500)


def frame(number, camera="gate"):
    time = number / 10
    return Frame(camera, number, 0, "a picture", SIZE, SIZE, time, time, 1e6 + time, time)


def filled(*xs, **bounds):
    """One object that is at each x in turn."""
    recollection = Recollection(**bounds)
    for number, x in enumerate(xs):
        recollection.add(Batch(number, (frame(number),), 0.0), tracks_of([[obj(1, x, 300)]]))
    return recollection


def rehearse(recollection, seconds=100.0, camera="gate"):
    engine = rule_engine([LineRule(**LINE)], CLASSES)
    return recollection.rehearse(engine, camera, seconds)


@given(st.lists(st.integers(0, 999), min_size=1, max_size=40))
def test_it_counts_as_if_the_rules_had_run(xs):
    analysis = Analysis()
    analysis.use(desired(LINE), CLASSES, same_ids=False)
    for number, x in enumerate(xs):
        step(analysis, number, obj(1, x, 300))
    outcome = rehearse(filled(*xs))
    assert outcome.counts == analysis.counts_of("gate")
    assert (outcome.frames, outcome.until - outcome.since) == (len(xs), pytest.approx((len(xs) - 1) / 10))
    tried = analysis.rehearse(({**LINE, "name": "other"},), "gate", 100.0)
    assert (tried.counts["other"], tried.events) == (
        analysis.counts_of("gate")["door"],
        tuple(event for event in tried.events if event.rule == "other"),
    )


def test_only_the_seconds_asked_for():
    recollection = filled(400, 600, 400, 400, 400)
    assert rehearse(recollection).counts["door"] == {"in": {"person": 1}, "out": {"person": 1}}
    outcome = rehearse(recollection, seconds=0.35)
    assert (outcome.frames, outcome.counts["door"]) == (4, {"in": {"person": 1}, "out": {}})


def test_of_a_camera_that_showed_nothing_nothing_is_recorded():
    recollection = filled(400)
    outcome = rehearse(recollection, camera="yard")
    assert (outcome.frames, outcome.counts) == (0, {})
    recollection.forget("gate")
    assert rehearse(recollection).frames == 0


def test_it_is_bounded_in_time_and_in_bytes_and_keeps_no_pictures():
    assert rehearse(filled(*range(100), longest=2.0)).frames == 21
    entry = FRAME_BYTES + ROW.itemsize
    recollection = filled(*range(100), largest=10 * entry)
    assert rehearse(recollection).frames == 10
    assert "a picture" not in [part for entry in recollection._cameras["gate"].frames for part in entry.frame]


def test_a_worker_answers_each_rehearsal_once():
    analysis = Analysis()
    analysis.use(desired(LINE), CLASSES, same_ids=False)
    for number, x in enumerate((400, 600)):
        step(analysis, number, obj(1, x, 300))
    rehearsals = Rehearsals(analysis, "cpu")
    wanted = DesiredRehearsal(id="1", camera="gate", seconds=60, rules=(LINE,))
    rehearsals.apply((wanted,))
    rehearsals.apply((wanted,))
    (answer,) = wait_for(rehearsals.results, "an answer")
    assert decode_upward(encode(answer)) == answer
    assert (answer.rehearsal, answer.frames) == ("1", 2)
    assert answer.counts == {"door": {"in": {}, "out": {"person": 1}}}
    assert [(event.kind, event.body["object"]) for event in answer.events] == [("out", 1)]
    unknown = DesiredRehearsal(id="2", camera="gate", seconds=60, rules=({**LINE, "classes": ["bee"]},))
    rehearsals.apply((wanted, unknown))
    (answer,) = wait_for(rehearsals.results, "an answer")
    assert (answer.rehearsal, "bee" in (answer.reason or "")) == ("2", True)
    rehearsals.close()


def test_classes_that_the_model_does_not_know_are_refused():
    with pytest.raises(ModelError, match="bee"):
        Analysis().rehearse(({**LINE, "classes": ["bee"]},), "gate", 1.0)
