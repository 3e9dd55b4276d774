"""What NanoDet's tensors mean, against a float64 reading cell by cell."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from camwire.frames import Size
from camwire.models import ModelError, TensorSpec
from camwire.models.coco import COCO_CLASSES
from camwire.models.image import image_input
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
    found = read(signature(width, height, bins))
    assert found is not None
    return found


def read(declared: Signature, size: Size | None = None) -> NanoDet | None:
    file = Path("some.onnx")
    return recognise(file, image_input(file, declared), declared, size)


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
    raw = net.decode(outputs, net.graph.input.size, np.tile(thresholds, (batch, 1)))
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
    assert len(net.decode(outputs, net.graph.input.size, np.full((1, 80), 0.5, np.float32)))


def test_a_wanted_class_does_not_stand_in_for_a_better_one() -> None:
    net = model()
    outputs = random_outputs(net, 1, 0)
    for scores in outputs[:3]:
        scores[:] = 0
    outputs[1][0, 3, [2, 7]] = 0.9, 0.8
    only_trucks = np.full((1, 80), np.inf, np.float32)
    only_trucks[0, 7] = 0.4
    assert len(net.decode(outputs, net.graph.input.size, only_trucks)) == 0
    assert net.decode(outputs, net.graph.input.size, np.full((1, 80), 0.4, np.float32)).classes.tolist() == [
        2
    ]


def test_outputs_are_put_in_the_order_of_the_strides() -> None:
    assert [tensor.name for tensor in model().graph.outputs] == ["s96", "s24", "s6", "d96", "d24", "d6"]


@pytest.mark.parametrize(
    "changes",
    [
        {"inputs": (TensorSpec("x", (1, 3, -1, -1), "float32"),)},
        {"inputs": (TensorSpec("x", (1, 3, 70, 96), "float32"),)},
        {"inputs": (TensorSpec("x", (1, 64, 96, 3), "float32"),)},
        {"outputs": (TensorSpec("y", (1, 1000), "float32"),)},
        {"outputs": (TensorSpec("y", (1, 84, 8400), "float32"),)},
        {"outputs": signature().outputs[:5]},
        {"outputs": signature(128, 64).outputs},
        {"outputs": ()},
    ],
)
def test_any_other_model_is_none(changes: dict[str, object]) -> None:
    assert read(signature(**changes)) is None  # type: ignore[arg-type]


def test_a_smaller_input_has_fewer_cells() -> None:
    net = read(signature(416, 416), Size(320, 256))
    assert net is not None
    assert net.graph.input.size == Size(320, 256)
    assert [tensor.shape[1] for tensor in net.graph.outputs] == [1280, 320, 80] * 2


def test_numbers_that_are_none_are_an_error() -> None:
    net = model()
    for index in (0, 4):
        outputs = random_outputs(net, 1, 3)
        outputs[index][0, 0] = np.nan
        outputs[1][0, 0, 5] = 0.9
        with pytest.raises(ModelError, match="holds NaN or infinite numbers"):
            net.decode(outputs, net.graph.input.size, np.full((1, 80), 0.4, np.float32))


def test_there_are_eighty_classes_of_coco() -> None:
    assert len(set(COCO_CLASSES)) == 80
    assert (COCO_CLASSES[0], COCO_CLASSES[32], COCO_CLASSES[79]) == ("person", "sports ball", "toothbrush")
