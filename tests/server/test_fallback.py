"""A worker that refuses a model goes on with the one before, and does everything else that is desired."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from camwire.link.desired import DesiredDeepstream, DesiredState, DesiredTracker
from camwire.link.messages import Failure
from camwire.server.desired import Desired
from camwire.server.fallback import REFUSABLE, TRY_AGAIN_EVERY, UNANSWERED, Fallback
from tests.server.configs import config


def desired(revision: int, model: str, *, watched: tuple[str, ...] = ()) -> DesiredState:
    document = Desired(config("gate")).document()
    return msgspec.structs.replace(
        document,
        revision=revision,
        watched=watched,
        model=msgspec.structs.replace(document.model, file=model),
    )


def refusal(revision: int, reason: str = "no such file", *, as_before: bool = False) -> Failure:
    return Failure(worker="cpu", revision=revision, reason=reason, as_before=as_before)


def refusing() -> Fallback:
    """One whose worker ran "good", was then told "bad", and refused it at time 0."""
    fallback = Fallback()
    fallback.document(desired(1, "good"), 0.0)
    fallback.runs(1)
    fallback.document(desired(2, "bad"), 0.0)
    assert fallback.failed(refusal(2), 0.0)
    return fallback


def told(fallback: Fallback, document: DesiredState, now: float = 1.0) -> tuple[int, str, tuple[str, ...]]:
    sent = fallback.document(document, now)
    assert sent is not None
    return sent.revision, sent.model.file, sent.watched


def test_what_is_desired_is_told_as_it_is() -> None:
    document = desired(1, "good")
    assert Fallback().document(document, 0.0) is document


def test_after_a_refusal_the_rest_is_followed_with_the_model_before() -> None:
    fallback = refusing()
    assert told(fallback, desired(2, "bad")) == (2, "good", ())
    assert told(fallback, desired(3, "bad", watched=("gate",))) == (3, "good", ("gate",))
    fallback.runs(3)
    assert fallback.failure == refusal(2), "that the rest runs is no reason to say that all is well"


DEEPSTREAM = DesiredDeepstream(parser="/lib/parser.so", tracker_library="/lib/tracker.so")
REFUSED: dict[str, tuple[Any, Any]] = {
    "tracker": (DesiredTracker(type="sort", trace_length=1), DesiredTracker(type="ocsort", trace_length=1)),
    "rules": ((), ({"type": "zone"},)),
    "nvdsanalytics": (None, "/rules.txt"),
    "nvdsanalytics_stamps": (((1, 2, 3),), (None,)),
    "deepstream": (DEEPSTREAM, msgspec.structs.replace(DEEPSTREAM, mux="new")),
}
"""By part: what the worker could do, and what it refuses."""


@pytest.mark.parametrize("part", [part for part in REFUSABLE if part != "model"])
def test_whatever_is_refused_the_rest_is_followed(part: str) -> None:
    good, bad = REFUSED[part]
    fallback = Fallback()
    fallback.document(msgspec.structs.replace(desired(1, "good"), **{part: good}), 0.0)
    fallback.runs(1)
    refused = msgspec.structs.replace(desired(2, "good", watched=("gate",)), **{part: bad})
    assert fallback.document(refused, 0.0) is refused
    fallback.failed(refusal(2), 0.0)
    assert fallback.document(refused, 1.0) == msgspec.structs.replace(refused, **{part: good}, as_before=True)


def test_a_muxer_that_takes_a_new_process_costs_nobody_the_rest() -> None:
    """It is refused for as long as the worker lives."""
    fallback = Fallback()
    fallback.document(msgspec.structs.replace(desired(1, "good"), deepstream=DEEPSTREAM), 0.0)
    fallback.runs(1)
    new_mux = msgspec.structs.replace(DEEPSTREAM, mux="new")
    for revision in range(2, 6):
        now = revision * TRY_AGAIN_EVERY
        wanted = msgspec.structs.replace(desired(revision, "good"), deepstream=new_mux)
        assert fallback.document(wanted, now) is wanted
        fallback.failed(refusal(revision), now)
        watched = msgspec.structs.replace(wanted, watched=("gate",))
        assert fallback.document(watched, now + 1) == msgspec.structs.replace(
            watched, deepstream=DEEPSTREAM, as_before=True
        )


def test_another_model_is_tried_at_once() -> None:
    fallback = refusing()
    assert told(fallback, desired(3, "better"))[1] == "better"
    fallback.runs(3)
    assert fallback.failure is None
    assert told(fallback, desired(4, "better"))[1] == "better"


def test_the_same_is_tried_again_after_a_while_and_then_not_at_once_again() -> None:
    fallback = refusing()
    assert not fallback.due(TRY_AGAIN_EVERY - 0.1)
    assert fallback.due(TRY_AGAIN_EVERY)
    assert told(fallback, desired(3, "bad"), TRY_AGAIN_EVERY)[1] == "bad"
    assert not fallback.due(1e9), "a try is under way, however long it takes"
    assert not fallback.failed(refusal(3), TRY_AGAIN_EVERY + 1), "the same reason is no news"
    assert told(fallback, desired(3, "bad"), TRY_AGAIN_EVERY + 1)[1] == "good"


def test_a_mended_file_ends_it() -> None:
    fallback = refusing()
    fallback.document(desired(3, "bad"), TRY_AGAIN_EVERY)
    fallback.runs(3)
    assert fallback.failure is None
    assert not fallback.due(1e9)


def test_a_new_process_is_told_what_the_last_one_could_do() -> None:
    fallback = refusing()
    fallback.greeted(2)
    assert told(fallback, desired(2, "bad")) == (2, "good", ())


def test_a_file_that_went_bad_before_a_restart_is_not_tried_without_end() -> None:
    fallback = Fallback()
    fallback.document(desired(1, "good"), 0.0)
    fallback.runs(1)
    fallback.greeted(2)
    assert told(fallback, desired(1, "good"))[1] == "good"
    fallback.failed(refusal(1), 1.0)
    assert fallback.document(desired(1, "good"), 2.0) is None
    assert fallback.due(1.0 + TRY_AGAIN_EVERY)
    assert told(fallback, desired(2, "good"), 1.0 + TRY_AGAIN_EVERY)[1] == "good"


def test_when_the_model_before_is_refused_too_nothing_is_sent_in_circles() -> None:
    fallback = refusing()
    assert told(fallback, desired(2, "bad"))[1] == "good"
    fallback.failed(refusal(2, "good is gone, too", as_before=True), 1.0)
    assert fallback.document(desired(2, "bad"), 2.0) is None


def test_what_was_sent_twice_is_refused_twice_and_the_model_before_stays() -> None:
    fallback = refusing()
    fallback.failed(refusal(2), 0.1)
    assert told(fallback, desired(2, "bad"))[1] == "good"


def test_a_late_refusal_of_the_one_before_is_none_of_the_next() -> None:
    fallback = refusing()
    assert told(fallback, desired(3, "better"))[1] == "better"
    fallback.failed(refusal(2), 0.2)
    assert told(fallback, desired(3, "better"))[1] == "better"
    fallback.runs(3)
    assert fallback.failure is None


def test_changes_that_never_stop_don_t_hide_what_runs() -> None:
    """The worker is always one behind."""
    fallback = Fallback()
    for revision in range(1, 500):
        fallback.document(desired(revision, "good"), 0.0)
        fallback.runs(revision - 1)
    fallback.document(desired(500, "bad"), 0.0)
    fallback.failed(refusal(500), 0.0)
    assert told(fallback, desired(500, "bad"))[1] == "good"


def test_a_worker_that_is_away_is_no_reason_to_remember_more_and_more() -> None:
    fallback = Fallback()
    for revision in range(10 * UNANSWERED):
        fallback.document(desired(revision, "good"), 0.0)
    assert len(fallback._unanswered) <= UNANSWERED


def test_what_ran_may_be_told_after_the_next_was_refused() -> None:
    fallback = Fallback()
    fallback.document(desired(1, "good"), 0.0)
    fallback.document(desired(2, "bad"), 0.5)
    fallback.failed(refusal(2), 0.9)
    fallback.runs(1)
    assert told(fallback, desired(3, "bad"))[1] == "good"


def test_two_tries_under_way_are_two_refusals_of_one_model() -> None:
    fallback = Fallback()
    fallback.document(desired(1, "good"), 0.0)
    fallback.runs(1)
    fallback.document(desired(2, "bad"), 0.0)
    fallback.document(desired(3, "bad"), 0.0)
    fallback.failed(refusal(2), 0.1)
    fallback.failed(refusal(3), 0.2)
    assert told(fallback, desired(3, "bad"))[1] == "good"


def test_a_second_hello_while_the_model_is_loaded_is_no_new_process() -> None:
    fallback = refusing()
    fallback.greeted(2)
    assert told(fallback, desired(3, "bad"), TRY_AGAIN_EVERY)[1] == "bad"
    fallback.greeted(2)
    fallback.failed(refusal(3), TRY_AGAIN_EVERY + 1)
    assert told(fallback, desired(3, "bad"), TRY_AGAIN_EVERY + 2)[1] == "good"
