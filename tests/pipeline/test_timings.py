"""Times of many frames counted together are the same as counted one by one."""

from dataclasses import replace

import numpy as np
import pytest

from camwire.frames import Batch
from camwire.monitoring.histogram import Histogram
from camwire.pipeline.marks import Marks
from camwire.pipeline.timings import MOST_NOTES, STAGES, Timings, spans_of
from tests.support.frames import frame

MARKS = Marks(detected=2.0, tracked=2.1, analysed=2.3, rendered=2.6, encoded=3.0, published=3.5)


def batch() -> Batch:
    frames = (
        replace(frame("a", 1), arrived=1.0, decoded=1.2),
        replace(frame("b", 1), arrived=1.1, decoded=1.2),
    )
    return Batch(1, frames, 1.5)


def test_spans_are_differences_of_marks_and_unknown_of_what_was_not_drawn() -> None:
    first, second = spans_of(batch(), [1], [1], MARKS)
    np.testing.assert_allclose(first[:5], (200, 300, 500, 100, 200))
    assert np.isnan(first[5:]).all()
    np.testing.assert_allclose(second, (100, 300, 500, 100, 200, 300, 400, 500, 2400))
    assert np.isnan(np.array(spans_of(batch(), [], [], MARKS))[:, 5:]).all()


def test_frames_of_which_only_objects_were_sent_were_not_drawn() -> None:
    """Were they 0 ms in drawing, they would pull the quantiles of those that were drawn down."""
    first, second = spans_of(batch(), {0, 1}, {1}, MARKS)
    assert np.isnan(first[5:7]).all()
    np.testing.assert_allclose(first[7:], (500, 2500))
    np.testing.assert_allclose(second[5:], (300, 400, 500, 2400))
    timings = Timings(10.0)
    timings.add(first, 1.0)
    assert set(STAGES) - timings.quantiles(1.0).keys() == {"render", "encode"}
    timings.add(second, 1.0)
    counts = timings.counts(1.0)
    assert [counts[stage].count for stage in ("decode", "render", "encode", "publish", "total")] == [
        2,
        1,
        1,
        2,
        2,
    ]


def test_what_is_noted_is_counted_when_asked_for_and_before_there_is_too_much() -> None:
    timings, one_by_one = Timings(10.0), Histogram()
    rng = np.random.default_rng(0)
    for number in range(MOST_NOTES * 2 + 7):
        spans = rng.uniform(1, 900, len(STAGES))
        if number % 3:
            spans[5:] = np.nan
        else:
            one_by_one.add(spans[8])
        timings.add(spans, 1.0)
    assert len(timings._notes) == 7
    counts = timings.counts(1.0)
    assert counts["decode"].count == MOST_NOTES * 2 + 7
    assert counts["total"].count == one_by_one.count
    assert counts["total"].seconds == pytest.approx(one_by_one.sum / 1000)
    p50, p95 = one_by_one.quantiles((0.5, 0.95))
    told = timings.quantiles(1.0)["total"]
    assert (told.p50, told.p95) == pytest.approx((p50, p95))
    assert set(timings.quantiles(1.0)) == set(STAGES)
    assert timings.quantiles(30.0) == {}
    assert timings.counts(30.0)["total"].count == one_by_one.count


def test_nothing_noted_is_nothing_told() -> None:
    assert Timings(10.0).quantiles(0.0) == {}
    assert Timings(10.0).counts(0.0)["total"].count == 0
