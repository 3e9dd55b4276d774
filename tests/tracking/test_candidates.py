"""Invalid boxes stay out and are counted; what stays is in an order of its own."""

import numpy as np
import pytest
from structlog.testing import capture_logs

from camwire.frames import Detections
from camwire.tracking.candidates import Sieve
from tests.tracking.scenes import batch_of, box, detections_of, frame

NAN, INF = float("nan"), float("inf")
BATCH = batch_of(frame("a", 0), frame("b", 0))


@pytest.mark.parametrize(
    "bad",
    [
        (NAN, 0, 10, 10, 0.9, 0),
        (0, 0, INF, 10, 0.9, 0),
        (0, 0, 10, 10, NAN, 0),
        (10, 0, 5, 10, 0.9, 0),
        (0, 10, 10, 5, 0.9, 0),
        (5, 0, 5, 10, 0.9, 0),
        (0, 0, 1e7, 10, 0.9, 0),
    ],
)
def test_an_invalid_box_is_left_out_and_counted(bad):
    sieve = Sieve()
    with capture_logs() as logs:
        found = sieve(BATCH, detections_of([box(100)], [bad, box(200)]))
    assert found.frame.tolist() == [0, 1]
    assert found.row.tolist() == [0, 2]
    assert sieve.rejected == 1
    assert [(entry["log_level"], entry["camera"]) for entry in logs] == [("warning", "b")]


def test_a_flood_of_invalid_boxes_does_not_flood_the_log():
    sieve = Sieve()
    with capture_logs() as logs:
        for _ in range(1000):
            sieve(BATCH, detections_of([(NAN, 0, 1, 1, 0.5, 0)], []))
    assert sieve.rejected == 1000
    assert [entry["rejected"] for entry in logs] == [2**power for power in range(10)]


def test_the_order_does_not_depend_on_the_detectors():
    rows = [box(100, score=0.5), box(100, score=0.9), box(50, score=0.5), box(100, score=0.5, label=1)]
    forward = Sieve()(BATCH, detections_of(rows, []))
    backward = Sieve()(BATCH, detections_of(rows[::-1], []))
    np.testing.assert_array_equal(forward.boxes, backward.boxes)
    np.testing.assert_array_equal(forward.classes, backward.classes)
    np.testing.assert_array_equal(forward.row, 3 - backward.row)


def test_no_detections():
    assert len(Sieve()(BATCH, Detections.empty())) == 0
