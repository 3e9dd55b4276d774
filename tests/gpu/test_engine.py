"""The engine on a GPU, and the same video through CPU and GPU."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from camwire.analytics.rules.engine import RuleEngine
from camwire.config.rules import LineRule
from camwire.devices.contracts import InputSpec, Overlay
from camwire.devices.cpu import CpuDevice
from camwire.devices.cuda import CudaDevice
from camwire.frames import Batch, Detections, Frame, Size, Tracks
from camwire.link.desired import DesiredCamera, DesiredModel, DesiredOutput, DesiredState, DesiredTracker
from camwire.link.pictures import Rendition
from camwire.models.contract import Graph, TensorSpec
from camwire.models.yolo import Extras, Yolo
from camwire.pipeline.detector import Detector
from camwire.pipeline.engine import Engine
from camwire.pipeline.gpu_detector import GpuDetector
from camwire.tracking import create
from tests.gpu.conftest import write_clip, write_pictures
from tests.gpu.test_device import decibels, jpeg_pixels
from tests.support.waiting import wait_for

INPUT = Size(640, 384)
PICTURE = Size(1280, 720)
ANCHORS = 640 * 384 * 21 // 1024
NAMES = ("red", "green", "blue")


def blobs() -> Any:
    """A network that finds one object of each primary colour, by the moments of that colour."""
    import torch

    class Blobs(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("x", torch.arange(640).float() + 0.5)
            self.register_buffer("y", torch.arange(384).float() + 0.5)
            self.times = ANCHORS // 3 - 1

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            levels = images.float()
            weights = torch.relu(levels - levels.mean(1, keepdim=True) - 0.25)
            total = weights.sum((2, 3)) + 1e-3
            across, down = weights.sum(2) / total[:, :, None], weights.sum(3) / total[:, :, None]
            x, y = (across * self.x.float()).sum(2), (down * self.y.float()).sum(2)
            width = (across * (self.x.float()[None, None] - x[:, :, None]) ** 2).sum(2)
            height = (down * (self.y.float()[None, None] - y[:, :, None]) ** 2).sum(2)
            boxes = torch.stack((x, y, (12 * width).sqrt(), (12 * height).sqrt()), 1)
            scores = torch.diag_embed((total / 2000).clamp(0.0, 0.95))
            head = torch.cat((boxes, scores), 1)
            # As many anchors as such an input has.
            return torch.cat((head, torch.zeros_like(head).repeat(1, 1, self.times)), 2)

    return Blobs()


def moving_blocks(count: int) -> Iterator[np.ndarray]:
    """[720, 1280, 3] RGB: three blocks on a motley grey, one of which crosses the middle and back."""
    rng = np.random.default_rng(2)
    ground = rng.integers(90, 140, (72, 128, 1), np.uint8).repeat(10, 0).repeat(10, 1).repeat(3, 2)
    for number in range(count):
        picture = ground.copy()
        swing = int(260 * np.sin(number / 12))
        for channel, (left, top, width, height) in enumerate(
            (
                (560 + swing, 200, 160, 120),
                (100 + 4 * number, 420, 120, 200),
                (900, 60 + 3 * number, 200, 140),
            )
        ):
            picture[top : top + height, left : left + width] = 30
            picture[top : top + height, left : left + width, channel] = 230
        yield picture


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("clips") / "blocks.mp4", moving_blocks(90), *PICTURE)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory, device: CudaDevice) -> Path:
    """As it is exported on a machine without a GPU, for any number of frames."""
    import torch

    folder = tmp_path_factory.mktemp("models")
    (folder / "names.txt").write_text("\n".join(NAMES))
    example = torch.rand(2, 3, INPUT.height, INPUT.width)
    batch = torch.export.Dim("batch", min=1, max=64)
    program = torch.export.export(blobs(), (example,), dynamic_shapes=({0: batch},))
    torch.export.save(program, folder / "blobs.pt2")
    return folder / "blobs.pt2"


def model(file: Path) -> DesiredModel:
    labels = file.with_name("names.txt")
    return DesiredModel(
        file=str(file),
        runtime="auto",
        labels=str(labels) if labels.exists() else None,
        score_threshold=0.4,
        iou_threshold=0.5,
        classes=None,
    )


def frames(path: Path, hwaccel: Any) -> list[Frame]:
    with av.open(str(path), hwaccel=hwaccel) as container:
        pictures = list(container.decode(video=0))
    return [
        Frame("gate", n, 1, picture, PICTURE, PICTURE, n / 30, n / 30, n / 30, n / 30)
        for n, picture in enumerate(pictures)
    ]


class OnTheCpu:
    """The network as a runtime of the CPU, in single precision."""

    step = None
    sizes = (INPUT,)

    def __init__(self) -> None:
        self.network = blobs()

    def describe(self) -> str:
        return "PyTorch on the CPU"

    def infer(self, pixels: np.ndarray) -> list[np.ndarray]:
        import torch

        images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
        with torch.inference_mode():
            return [self.network(images).numpy()]


def on_the_cpu() -> Detector:
    spec = InputSpec(INPUT, "RGB", 114, centred=True)
    outputs = (TensorSpec("output", (1, 7, ANCHORS), "float32"),)
    graph = Graph(Path("blobs"), spec, None, (0.0,) * 3, (255.0,) * 3, outputs)
    yolo = Yolo("blobs", "detect", "", NAMES, graph, Extras(), anchors_first=False, normalised=False)
    return Detector(CpuDevice().preprocess, OnTheCpu(), yolo, model(Path("blobs")))


def alone(frame: Frame) -> Batch:
    return Batch(frame.sequence, (frame,), frame.decoded)


def analysed(batches: list[Batch], found: list[Detections]) -> tuple[list[Tracks], dict[str, Any]]:
    """Tracks of every frame, and what a line across the middle has counted."""
    tracker = create(DesiredTracker(type="bytetrack", trace_length=20), score_threshold=0.4)
    line = LineRule(type="line", name="middle", start=(0.5, 0.0), end=(0.5, 1.0))
    rules = RuleEngine((line,), NAMES)
    tracks = []
    for batch, detections in zip(batches, found, strict=True):
        tracks.append(tracker.step(batch, detections))
        rules.step(batch, tracks[-1])
    return tracks, rules.counts_of("gate")


def test_the_same_video_gives_the_same_boxes_tracks_and_counts(
    device: CudaDevice, clip: Path, network: Path
) -> None:
    gpu, cpu = GpuDetector.load(model(network), device), on_the_cpu()
    assert gpu.class_names == NAMES
    here, there = frames(clip, None), frames(clip, device.hwaccel())
    found = [[gpu(alone(frame)) for frame in there], [cpu(alone(frame)) for frame in here]]
    overlaps = []
    for ours, theirs in zip(*found, strict=True):
        assert ours.classes.tolist() == theirs.classes.tolist()
        np.testing.assert_allclose(ours.scores, theirs.scores, atol=0.01)
        overlaps += [iou(a, b) for a, b in zip(ours.boxes, theirs.boxes, strict=True)]
    assert len(overlaps) == 3 * len(here)
    assert np.mean(np.array(overlaps) > 0.98) >= 0.99
    (our_tracks, our_counts), (their_tracks, their_counts) = (
        analysed(list(map(alone, pictures)), detections)
        for pictures, detections in zip((there, here), found, strict=True)
    )
    assert [tracks.ids.tolist() for tracks in our_tracks] == [tracks.ids.tolist() for tracks in their_tracks]
    assert our_counts == their_counts
    assert our_counts["middle"], "something has crossed"


def test_torchscript_says_itself_what_it_finds(device: CudaDevice, clip: Path, tmp_path: Path) -> None:
    import torch

    about = {"config.txt": '{"imgsz": [384, 640], "names": {"0": "red", "1": "green", "2": "blue"}}'}
    torch.jit.script(blobs()).save(str(tmp_path / "blobs.torchscript"), _extra_files=about)
    detector = GpuDetector.load(model(tmp_path / "blobs.torchscript"), device)
    assert (detector.class_names, detector.describe()) == (NAMES, "blobs 640×384, PyTorch FP16")
    assert sorted(detector(alone(frames(clip, device.hwaccel())[0])).classes.tolist()) == [0, 1, 2]


def iou(a: np.ndarray, b: np.ndarray) -> float:
    shared = np.prod(np.maximum(0, np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])))
    return float(shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared))


def test_batches_give_what_single_frames_give(device: CudaDevice, clip: Path, network: Path) -> None:
    gpu = GpuDetector.load(model(network), device)
    several = frames(clip, device.hwaccel())[:11]
    together = gpu(Batch(0, tuple(replace(f, camera=str(n)) for n, f in enumerate(several)), 0.0))
    for index, frame in enumerate(several):
        rows = together.rows_of(index)
        single = gpu(alone(frame))
        np.testing.assert_allclose(together.boxes[rows], single.boxes, atol=0.05)


def test_the_whole_overlay_is_the_cpus(device: CudaDevice, clip: Path, network: Path) -> None:
    gpu = GpuDetector.load(model(network), device)
    here, there = frames(clip, None)[:40], frames(clip, device.hwaccel())[:40]
    batches = list(map(alone, there))
    tracks, counts = analysed(batches, [gpu(batch) for batch in batches])
    line = LineRule(type="line", name="middle", start=(0.5, 0.0), end=(0.5, 1.0))
    overlay = Overlay(
        frozenset({"boxes", "labels", "traces", "lines", "zones"}), NAMES, (line,), {"gate": counts}
    )
    cpu = CpuDevice()
    for index in (5, 39):
        ours = device.encode(device.render(batches[index], [0], tracks[index], overlay), 95)
        theirs = cpu.encode(cpu.render(alone(here[index]), [0], tracks[index], overlay), 95)
        assert decibels(jpeg_pixels(ours[0]), jpeg_pixels(theirs[0])) > 33


def test_the_engine_runs_on_the_gpu_and_tells_of_cameras_that_it_cannot_take(
    device: CudaDevice, clip: Path, network: Path, tmp_path: Path
) -> None:
    jpegs: list[tuple[str, bytes]] = []

    def publish(frame: Frame, payload: bytes, rendition: Rendition) -> bool:
        jpegs.append((frame.camera, payload))
        return True

    odd = write_clip(tmp_path / "odd.mkv", "ffv1", "yuv420p", 320, 180)
    cameras = tuple(
        DesiredCamera(
            id=name, url=str(path), enabled=True, transport="tcp", latency_ms=50, drop_on_latency=False
        )
        for name, path in (("a", clip), ("b", clip), ("odd", odd))
    )
    desired = DesiredState(
        revision=1,
        cameras=cameras,
        model=model(network),
        tracker=DesiredTracker(type="bytetrack", trace_length=30),
        output=DesiredOutput(width=640, height=360, max_fps=0, jpeg_quality=85),
        toggles={"boxes": True, "labels": True},
        watched=("a", "b"),
        stats_epoch=0,
    )
    engine = Engine(device, publish)
    try:
        engine.apply(desired)
        assert engine.model == "blobs 640×384, PyTorch FP16, compiled"
        wait_for(lambda: {"a", "b"} <= {camera for camera, _ in jpegs[20:]}, "pictures of both")
        reports = {report.id: report for report in engine.report()}
        assert (reports["a"].phase, reports["a"].objects) == ("live", dict.fromkeys(NAMES, 1))
        assert reports["odd"].phase == "retrying"
        assert "can't decode" in (reports["odd"].reason or "")
        assert jpeg_pixels(jpegs[-1][1]).shape == (360, 640, 3)
        memory = device.memory()
        assert memory.network > 0
        assert memory.decoders > 0
    finally:
        assert engine.stop(5)
