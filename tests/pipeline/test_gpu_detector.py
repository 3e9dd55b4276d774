"""What a GPU's boxes go through on the host, against the CPU's own way."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from camwire.frames import Detections
from camwire.models.contract import RawDetections
from camwire.pipeline.detector import thinned
from camwire.pipeline.gpu_detector import surest
from camwire.pipeline.selection import NO_BOUND, Limits


@given(st.integers(0, 2**32 - 1), st.integers(0, 60), st.sampled_from([1, 3, NO_BOUND]))
def test_the_surest_are_those_that_the_cpu_keeps(seed: int, count: int, most: int) -> None:
    """Boxes far apart, so that nothing is suppressed: only the rules after it decide."""
    rng = np.random.default_rng(seed)
    index = np.sort(rng.integers(0, 3, count)).astype(np.int32)
    scores = rng.choice(np.linspace(0.1, 0.9, 9, dtype=np.float32), count)
    order = np.lexsort((-scores, index))
    scores, classes = scores[order], rng.integers(0, 4, count).astype(np.int32)
    left = np.arange(count, dtype=np.float32)[:, None] * 100
    boxes = np.concatenate((left, left, left + 10, left + 10), axis=1)
    limits = Limits(
        np.zeros((3, 4), np.float32),
        np.ones((3, 4), np.float32),
        rng.uniform(0, 0.6, (3, 4)).astype(np.float32),
        rng.choice(np.array([most, NO_BOUND], np.int32), (3, 4)),
    )
    wanted = thinned(RawDetections(boxes, scores, classes, index), limits)
    found = surest(Detections(boxes, scores, classes, index), limits)
    for ours, theirs in (
        (found.scores, wanted.scores),
        (found.classes, wanted.classes),
        (found.frame_index, wanted.frame_index),
        (found.boxes, wanted.boxes),
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_what_is_complete_is_not_copied() -> None:
    found = Detections(
        np.zeros((1, 4), np.float32), np.ones(1, np.float32), np.zeros(1, np.int32), np.zeros(1, np.int32)
    )
    assert surest(found, Limits.uniform(1, 1, 0.5, 0.5)) is found
