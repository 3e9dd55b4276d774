"""Best classes and non-maximum suppression, against numpy and the CPU's own suppression."""

from pathlib import Path

import numpy as np
import pytest

from camwire.devices.contracts import InputSpec
from camwire.devices.cuda.heads import head_of
from camwire.frames import Size
from camwire.models.contract import Graph, TensorSpec
from camwire.models.nms import suppress
from camwire.models.yolo import Extras, Yolo
from tests.devices.cuda.heads import OutputInMemory

SIZE = Size(320, 240)
GRAPH = Graph(
    Path("net.onnx"),
    InputSpec(SIZE, "RGB", 114, centred=True),
    None,
    (0.0,) * 3,
    (255.0,) * 3,
    (TensorSpec("output0", (1, 1, 1), "float32"),),
)


def random_head(rng: np.random.Generator, batch: int, classes: int, anchors: int) -> np.ndarray:
    """[B, 4 + C, A] with boxes that overlap a lot, some beyond the input."""
    places = rng.uniform(-20, 340, (batch, 2, anchors)).round(-1)
    sides = rng.uniform(5, 120, (batch, 2, anchors))
    scores = rng.uniform(0, 1, (batch, classes, anchors)) ** 3
    return np.concatenate((places + rng.normal(0, 3, places.shape), sides, scores), axis=1).astype(np.float32)


def described(runner, head: np.ndarray):
    """What the kernels are told of ``head``, and its memory."""
    classes = tuple(map(str, range(head.shape[1] - 4)))
    model = Yolo("net", "detect", "", classes, GRAPH, Extras(), anchors_first=False, normalised=False)
    output = OutputInMemory(runner, head)
    return runner.put(head_of(model, [output], SIZE)), output


def best(runner, head: np.ndarray, thresholds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    batch, rows, anchors = head.shape
    scores = runner.put(np.full((batch, anchors), np.nan, np.float32))
    classes = runner.put(np.full((batch, anchors), -1, np.int32))
    reading, _alive = described(runner, head)
    runner.run(
        "boxes", "best_classes_float", (-(-anchors // 256), batch),
        reading, runner.put(np.broadcast_to(thresholds, (batch, rows - 4))), scores, classes,
    )  # fmt: skip
    return scores.fetch(), classes.fetch()


def kept(
    runner, head, scores, classes, candidates: int, most: int, overlap: float | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    batch, rows, _ = head.shape
    boxes = runner.put(np.full((batch, most, 6), np.nan, np.float32))
    counts = runner.put(np.full(batch, -1, np.int32))
    reading, _alive = described(runner, head)
    runner.run(
        "boxes", "suppress_float", (batch,),
        reading, runner.put(scores), runner.put(classes), np.int32(candidates), np.int32(most),
        runner.put(np.broadcast_to(np.float32(overlap), (batch, rows - 4))), boxes, counts,
    )  # fmt: skip
    return boxes.fetch(), counts.fetch()


@pytest.mark.parametrize("anchors", [1, 255, 700])
def test_the_best_class_counts_where_it_reaches_its_threshold(runner, anchors: int) -> None:
    head = random_head(np.random.default_rng(3), 2, 5, anchors)
    thresholds = np.array([0.3, np.inf, 0.9, 0.0, 0.5], np.float32)
    scores, classes = best(runner, head, thresholds)
    wanted = head[:, 4:].argmax(axis=1)
    highest = head[:, 4:].max(axis=1)
    np.testing.assert_array_equal(classes, wanted)
    np.testing.assert_array_equal(scores, np.where(highest >= thresholds[wanted], highest, 0))


@pytest.mark.parametrize(("candidates", "least"), [(1024, 0.2), (300, 0.5), (1, 0.1), (1024, 2.0)])
def test_suppression_is_the_cpus(runner, candidates: int, least: float) -> None:
    head = random_head(np.random.default_rng(11), 3, 4, 900)
    scores, classes = best(runner, head, np.full(4, least, np.float32))
    boxes, counts = kept(runner, head, scores, classes, candidates, 1024, 0.5)
    for frame in range(3):
        order = np.argsort(-scores[frame], kind="stable")[:candidates]
        order = order[scores[frame][order] > 0]
        x, y, w, h = head[frame, :4, order].T
        corners = np.stack((x - w / 2, y - h / 2, x + w / 2, y + h / 2), axis=1)
        corners = np.clip(corners, 0, (320, 240, 320, 240)).astype(np.float32)
        stay = suppress(corners, scores[frame][order], classes[frame][order], 0.5)
        stay = stay[np.argsort(-scores[frame][order][stay], kind="stable")]
        assert counts[frame] == len(stay)
        found = boxes[frame, : len(stay)]
        np.testing.assert_allclose(found[:, :4], corners[stay], atol=1e-3)
        np.testing.assert_array_equal(found[:, 4], scores[frame][order][stay])
        np.testing.assert_array_equal(found[:, 5], classes[frame][order][stay])
        assert np.isnan(boxes[frame, len(stay) :]).all()


def test_more_boxes_than_asked_for_are_counted_and_the_best_are_kept(runner) -> None:
    head = random_head(np.random.default_rng(1), 1, 4, 900)
    scores, classes = best(runner, head, np.full(4, 0.1, np.float32))
    everything, count = kept(runner, head, scores, classes, 1024, 1024, 0.5)
    few, same = kept(runner, head, scores, classes, 1024, 5, 0.5)
    assert count[0] == same[0] > 5
    np.testing.assert_array_equal(few[0], everything[0, :5])


@pytest.mark.parametrize("anchors", [900, 8400])
def test_of_equal_scores_the_first_anchors_count(runner, anchors: int) -> None:
    """As with half precision, where hundreds of scores are the same."""
    head = random_head(np.random.default_rng(7), 2, 3, anchors)
    head[:, 4:] = np.round(head[:, 4:] * 8) / 8
    head[:, 2:4] = 1  # nothing overlaps enough to go
    head[:, :2] = np.arange(anchors) % 300 + 5, np.arange(anchors) // 300 + 5
    scores, classes = best(runner, head, np.full(3, 0.1, np.float32))
    boxes, counts = kept(runner, head, scores, classes, 700, 1024, 0.9)
    for frame in range(2):
        order = np.argsort(-scores[frame], kind="stable")[:700]
        assert counts[frame] == 700
        np.testing.assert_allclose(boxes[frame, :700, :2], head[frame, :2, order] - 0.5, atol=1e-3)


def test_each_frame_has_limits_of_its_own(runner) -> None:
    head = random_head(np.random.default_rng(5), 2, 3, 700)
    own = np.array([[0.2, 0.5, np.inf], [0.6, 0.1, 0.3]], np.float32)
    overlaps = np.array([[0.1, 0.5, 0.9], [0.7, 0.3, 0.2]], np.float32)
    scores, classes = best(runner, head, own)
    boxes, counts = kept(runner, head, scores, classes, 1024, 1024, overlaps)
    for frame in range(2):
        one = head[frame : frame + 1]
        alone = best(runner, one, own[frame])
        expected, count = kept(runner, one, *alone, 1024, 1024, overlaps[frame])
        assert count[0] == counts[frame]
        np.testing.assert_array_equal(expected[0], boxes[frame])


@pytest.mark.parametrize("nonsense", [np.nan, np.inf, -np.inf])
def test_a_frame_with_scores_that_are_no_numbers_is_told(runner, nonsense: float) -> None:
    head = random_head(np.random.default_rng(5), 3, 3, 300)
    head[1, 5, 77] = nonsense
    scores, classes = best(runner, head, np.full(3, 0.5, np.float32))
    _, counts = kept(runner, head, scores, classes, 1024, 1024, 0.5)
    assert counts[1] == -1
    assert counts[0] > 0
    assert counts[2] > 0
