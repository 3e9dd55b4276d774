"""Histograms against numpy's exact quantiles."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.monitoring.histogram import (
    BOUNDS_MS,
    LONGEST_MS,
    SHORTEST_MS,
    Histogram,
    SlidingHistogram,
    bucket_of,
)

latencies = st.lists(st.floats(0.0, LONGEST_MS), min_size=1, max_size=200)
ranks = st.floats(0.001, 1.0)


def filled(values: list[float]) -> Histogram:
    histogram = Histogram()
    histogram.add_many(values)
    return histogram


def test_bounds_are_log_spaced_from_shortest_to_longest():
    assert (BOUNDS_MS[0], BOUNDS_MS[-1]) == (pytest.approx(SHORTEST_MS), pytest.approx(LONGEST_MS))
    np.testing.assert_allclose(BOUNDS_MS[1:] / BOUNDS_MS[:-1], 1.1, atol=0.01)


@given(latencies, ranks)
def test_a_quantile_is_in_the_bucket_of_the_exact_one(values, rank):
    (estimate,) = filled(values).quantiles((rank,))
    exact = np.quantile(values, rank, method="inverted_cdf")
    bucket = bucket_of(float(exact))
    lower = BOUNDS_MS[bucket - 1] if bucket else 0.0
    assert lower * (1 - 1e-9) <= estimate <= BOUNDS_MS[bucket] * (1 + 1e-9)


@given(latencies)
def test_quantiles_grow_with_their_rank(values):
    p10, p50, p95, p100 = filled(values).quantiles((0.1, 0.5, 0.95, 1.0))
    assert p10 <= p50 <= p95 <= p100


@given(st.lists(st.floats(-1.0, 2 * LONGEST_MS), max_size=50))
def test_one_by_one_counts_like_all_at_once(values):
    one_by_one = Histogram()
    for value in values:
        one_by_one.add(value)
    at_once = filled(values)
    np.testing.assert_array_equal(one_by_one.counts, at_once.counts)
    assert one_by_one.sum == pytest.approx(at_once.sum)
    assert at_once.count == len(values)


@given(latencies, latencies)
def test_merged_histograms_count_like_one(left, right):
    merged = filled(left)
    merged.merge(filled(right))
    together = filled(left + right)
    np.testing.assert_array_equal(merged.counts, together.counts)
    assert merged.sum == pytest.approx(together.sum)


def test_bounds_are_inclusive_as_prometheus_has_them():
    for bucket in (0, 17, len(BOUNDS_MS) - 1):
        assert bucket_of(float(BOUNDS_MS[bucket])) == bucket
        assert bucket_of(math.nextafter(BOUNDS_MS[bucket], math.inf)) == bucket + 1


def test_what_is_longer_than_the_longest_is_told_as_the_longest():
    assert filled([10 * LONGEST_MS]).quantiles((0.5,)) == (pytest.approx(LONGEST_MS),)


def test_nothing_counted_has_no_quantiles():
    assert all(math.isnan(value) for value in Histogram().quantiles((0.5, 0.95)))
    assert math.isnan(SlidingHistogram(10.0).quantiles((0.5,), now=5.0)[0])


def test_old_values_leave_the_sliding_window():
    histogram = SlidingHistogram(window=10.0)
    for second in range(5):
        histogram.add(1000.0, now=100.0 + second)
    for second in range(5):
        histogram.add(10.0, now=105.0 + second)
    assert histogram.quantiles((0.99,), now=109.5)[0] == pytest.approx(1000, rel=0.1)
    assert histogram.quantiles((0.99,), now=114.5)[0] == pytest.approx(10, rel=0.1)
    assert math.isnan(histogram.quantiles((0.99,), now=130.0)[0])


def test_after_a_long_silence_only_what_is_new_counts():
    histogram = SlidingHistogram(window=10.0)
    histogram.add(1000.0, now=0.0)
    histogram.add(10.0, now=1e6)
    assert histogram.quantiles((1.0,), now=1e6)[0] == pytest.approx(10, rel=0.1)
