"""What NanoDet's tensors mean, against a float64 reading cell by cell."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from camwire.devices.letterbox import place
from camwire.frames import Size
from camwire.models import ModelError, TensorSpec
from camwire.models.coco import COCO_CLASSES
from camwire.models.nanodet import NanoDet, recognise
from camwire.models.signature import Signature

Outputs = list[NDArray[np.float32]]


def signature(width: int = 96, height: int = 64, bins: int = 11, **changes: object) -> Signature:
    """As a file of this layout declares itself; outputs in no order, as files have them."""
    cells = [(width // stride) * (height // stride) for stride in (8, 16, 32)]
    tensors = [TensorSpec(f"s{count}", (1, count, 80), "float32") for count in cells]
    tensors += [TensorSpec(f"d{count}", (1, count, 4 * bins), "float32") for count in cells]
    found = {"inputs": (TensorSpec("x", (1, 3, height, width), "float32"),), "outputs": tuple(tensors[::-1])}
    return Signature(**{**found, **changes})  # type: ignore[arg-type]


def model(width: int = 96, height: int = 64, bins: int = 11) -> NanoDet:
    return recognise(Path("some.onnx"), signature(width, height, bins))


def random_outputs(net: NanoDet, batch: int, seed: int) -> Outputs:
    rng = np.random.default_rng(seed)
    shapes = [(batch, *tensor.shape[1:]) for tensor in net.graph.outputs]
    scores = [(rng.random(shape) ** 8).astype(np.float32) for shape in shapes[:3]]
    return scores + [rng.normal(0, 3, shape).astype(np.float32) for shape in shapes[3:]]


def reference(net: NanoDet, outputs: Outputs, thresholds: NDArray[np.float32]) -> list[tuple[float, ...]]:
    """(frame, class, score, x1, y1, x2, y2) of every cell whose best class is sure enough."""
    size, found = net.graph.input.size, []
    for frame in range(len(outputs[0])):
        for level, stride in enumerate((8, 16, 32)):
            columns = size.width // stride
            for cell in range(outputs[level].shape[1]):
                scores = outputs[level][frame, cell]
                best = max(range(80), key=lambda c: scores[c])
                if scores[best] < thresholds[best]:
                    continue
                logits = outputs[3 + level][frame, cell].astype(np.float64).reshape(4, -1)
                weights = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
                left, top, right, bottom = (weights * np.arange(logits.shape[1])).sum(axis=1) * stride
                x, y = (cell % columns + 0.5) * stride, (cell // columns + 0.5) * stride
                box = (
                    max(x - left, 0),
                    max(y - top, 0),
                    min(x + right, size.width),
                    min(y + bottom, size.height),
                )
                found.append((frame, best, float(scores[best]), *box))
    return found


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 3), st.integers(0, 2**32 - 1), st.sampled_from([8, 11]), st.floats(0.3, 1.0))
def test_reads_what_the_cells_say(batch: int, seed: int, bins: int, threshold: float) -> None:
    net = model(bins=bins)
    outputs = random_outputs(net, batch, seed)
    thresholds = np.full(80, threshold, np.float32)
    thresholds[::3] = np.inf
    thresholds[1::3] += 0.2
    raw = net.decode(outputs, net.graph.input.size, thresholds)
    expected = np.array(reference(net, outputs, thresholds)).reshape(-1, 7)
    assert raw.frame_index.tolist() == expected[:, 0].tolist()
    assert raw.classes.tolist() == expected[:, 1].tolist()
    np.testing.assert_allclose(raw.scores, expected[:, 2], rtol=1e-6)
    np.testing.assert_allclose(raw.boxes, expected[:, 3:], atol=1e-3)
    assert (raw.boxes.dtype, raw.scores.dtype) == (np.float32, np.float32)
    assert (raw.classes.dtype, raw.frame_index.dtype) == (np.int32, np.int32)


def test_only_reads_the_outputs() -> None:
    net = model()
    outputs = random_outputs(net, 1, 5)
    for output in outputs:
        output.flags.writeable = False
    assert len(net.decode(outputs, net.graph.input.size, np.full(80, 0.5, np.float32)))


def test_a_wanted_class_does_not_stand_in_for_a_better_one() -> None:
    net = model()
    outputs = random_outputs(net, 1, 0)
    for scores in outputs[:3]:
        scores[:] = 0
    outputs[1][0, 3, [2, 7]] = 0.9, 0.8
    only_trucks = np.full(80, np.inf, np.float32)
    only_trucks[7] = 0.4
    assert len(net.decode(outputs, net.graph.input.size, only_trucks)) == 0
    assert net.decode(outputs, net.graph.input.size, np.full(80, 0.4, np.float32)).classes.tolist() == [2]


def test_outputs_are_put_in_the_order_of_the_strides() -> None:
    assert [tensor.name for tensor in model().graph.outputs] == ["s96", "s24", "s6", "d96", "d24", "d6"]


@pytest.mark.parametrize(
    ("pictures", "size"),
    [
        ([(1920, 1080)], (416, 256)),
        ([(768, 576)], (416, 320)),
        ([(720, 1280)], (256, 416)),
        ([(300, 300)], (416, 416)),
        ([(1920, 1080), (720, 1280)], (416, 416)),
        ([(1920, 1080), (768, 576)], (416, 320)),
        ([(5000, 10)], (416, 32)),
    ],
)
def test_the_input_has_no_more_bars_than_the_grid_needs(
    pictures: list[tuple[int, int]], size: tuple[int, int]
) -> None:
    net = model(416, 416)
    sizes = [Size(*picture) for picture in pictures]
    assert net.input_for(sizes).size == size


@given(st.lists(st.tuples(st.integers(1, 4000), st.integers(1, 4000)), min_size=1, max_size=4))
def test_a_smaller_input_shows_pictures_at_the_same_scale(pictures: list[tuple[int, int]]) -> None:
    net = model(416, 416)
    sizes = [Size(*picture) for picture in pictures]
    spec = net.input_for(sizes)
    assert spec.size.width % 32 == spec.size.height % 32 == 0
    for size in sizes:
        largest = place(size, net.graph.input)
        assert largest.size.width <= spec.size.width <= 416
        assert largest.size.height <= spec.size.height <= 416
        assert place(size, spec) == largest


@pytest.mark.parametrize(
    "changes",
    [
        {"inputs": (TensorSpec("x", (1, 4, 64, 96), "float32"),)},
        {"inputs": (TensorSpec("x", (1, 3, -1, -1), "float32"),)},
        {"inputs": (TensorSpec("x", (1, 3, 64, 96), "uint8"),)},
        {"inputs": ()},
        {"outputs": (TensorSpec("y", (1, 1000), "float32"),)},
        {"outputs": (TensorSpec("y", (1, 84, 8400), "float32"),)},
        {"outputs": signature().outputs[:5]},
        {"outputs": signature(128, 64).outputs},
        {"outputs": ()},
    ],
)
def test_any_other_model_is_refused_with_what_was_found_and_what_is_accepted(
    changes: dict[str, object],
) -> None:
    wrong = signature(**changes)  # type: ignore[arg-type]
    with pytest.raises(ModelError) as refusal:
        recognise(Path("folder/other.onnx"), wrong)
    message = str(refusal.value)
    assert message.startswith("model folder/other.onnx: not a NanoDet. Found: ")
    assert str(wrong) in message
    assert "Accepted: one float32 input [1, 3, H, W]" in message


def test_there_are_eighty_classes_of_coco() -> None:
    assert len(set(COCO_CLASSES)) == 80
    assert (COCO_CLASSES[0], COCO_CLASSES[32], COCO_CLASSES[79]) == ("person", "sports ball", "toothbrush")
