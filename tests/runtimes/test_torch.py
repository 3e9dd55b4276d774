"""What a PyTorch program's outputs mean, told from their shapes and its metadata; no PyTorch needed."""

import subprocess
import sys
from pathlib import Path

import pytest

from camwire.frames import Size
from camwire.models import ModelError, Overrides
from camwire.models.contract import Model
from camwire.runtimes.program_files import picked, recognised, tensors_of

SIZE = Size(640, 384)
ANCHORS = 5040
GRIDS = [(1, 144, 48, 80), (1, 144, 24, 40), (1, 144, 12, 20)]
PROTOTYPES = (1, 32, 96, 160)
CELLS = (3840, 960, 240)


def read(shapes: list[tuple[int, ...]], **metadata: str) -> Model:
    return recognised(Path("net.torchscript"), lambda _: shapes, metadata, Overrides(size=SIZE))


@pytest.mark.parametrize(
    ("shapes", "metadata", "task", "reading", "outputs"),
    [
        ([(1, 84, ANCHORS)], {}, "detect", "YOLOv8/YOLO11 detect", [0]),
        ([(1, 84, ANCHORS), *GRIDS], {}, "detect", "YOLOv8/YOLO11 detect", [0]),
        ([(1, ANCHORS, 84)], {}, "detect", "[B, A, 4+C]", [0]),
        ([(1, 116, ANCHORS), PROTOTYPES], {}, "segment", "32 prototypes", [0, 1]),
        (
            [(1, 116, ANCHORS), *GRIDS, (1, 32, ANCHORS), PROTOTYPES],
            {"task": "segment"},
            "segment",
            "",
            [0, 5],
        ),
        ([(1, 56, ANCHORS)], {"task": "pose", "kpt_shape": "[17, 3]"}, "pose", "17 keypoints", [0]),
        ([(1, 20, ANCHORS)], {"task": "obb"}, "obb", "15 classes", [0]),
        ([(1, 300, 6)], {}, "detect", "end-to-end YOLO", [0]),
        ([(1, 300, 91), (1, 300, 4)], {}, "detect", "RF-DETR", [1, 0]),
        ([(1, count, width) for width in (80, 44) for count in CELLS], {}, "detect", "NanoDet", [*range(6)]),
    ],
)
def test_programs_of_every_layout_are_told_apart(shapes, metadata, task, reading, outputs) -> None:
    model = read(shapes, **metadata)
    assert (model.task, [tensor.name for tensor in model.graph.outputs]) == (
        task,
        [f"output{number}" for number in outputs],
    )
    assert reading in model.reading


def test_a_program_that_finds_no_objects_is_an_error_that_says_what_was_found() -> None:
    with pytest.raises(ModelError, match=r"net.torchscript: a classification net. Found: .*\[1, 1000\]"):
        read([(1, 1000)])


def test_the_program_is_asked_at_the_size_that_counts() -> None:
    asked: list[Size] = []

    def shapes(size: Size) -> list[tuple[int, ...]]:
        asked.append(size)
        return [(1, 84, 8400)]

    model = recognised(Path("net.pt2"), shapes, {}, Overrides(size=Size(640, 640)))
    assert asked == [model.graph.input.size] == [Size(640, 640)]
    with pytest.raises(ModelError, match="multiples of 32"):
        recognised(Path("net.pt2"), shapes, {}, Overrides(size=Size(650, 640)))


@pytest.mark.parametrize(
    ("wanted", "metadata", "size"),
    [
        (None, {"imgsz": "[384, 640]"}, Size(640, 384)),
        (Size(320, 320), {"imgsz": "[384, 640]"}, Size(320, 320)),
        (None, {}, Size(640, 640)),
    ],
)
def test_a_program_gets_the_input_that_it_declares(
    wanted: Size | None, metadata: dict[str, str], size: Size
) -> None:
    def shapes(size: Size) -> list[tuple[int, ...]]:
        return [(1, 84, size.width * size.height * 21 // 1024)]

    model = recognised(Path("net.torchscript"), shapes, metadata, Overrides(size=wanted))
    assert model.graph.input.size == size


def test_the_outputs_that_count_are_picked_from_whatever_nests_them() -> None:
    said = ("table", ({"a": "grid", "b": ["other"]}, "prototypes"))
    assert tensors_of(said) == ["table", "grid", "other", "prototypes"]
    assert picked(lambda _: said, ["output3", "output0"])(None) == ("prototypes", "table")


@pytest.mark.integration
def test_a_program_for_pytorch_runs_where_openvino_is_not_installed() -> None:
    """On machines made for one GPU's network."""
    parts = "camwire.pipeline.gpu_detector, camwire.pipeline.worker, camwire.runtimes.torch, camwire.cli.run"
    code = f"import sys; sys.modules['openvino'] = None; import {parts}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
