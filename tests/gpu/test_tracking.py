"""The tracker that looks at pictures, with CuPy and the decoder's own pictures, against NumPy and FFmpeg."""

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from camwire.config.tracker import TrackerConfig
from camwire.devices.cuda import CudaDevice
from camwire.frames import Frame, Size
from camwire.pipeline.sight import pictures_of
from camwire.tracking import IN_MEMORY, PictureReader, create
from camwire.tracking.nvtracker.presets import DCF
from camwire.tracking.nvtracker.visual import Visual
from tests.gpu.conftest import write_clip
from tests.tracking.scenes import batch_of, detections_of, ids

WIDTH, HEIGHT = 640, 360


def frames_of(path: Path, device: CudaDevice | None = None) -> list[Frame]:
    size = Size(WIDTH, HEIGHT)
    with av.open(str(path), hwaccel=device.hwaccel() if device else None) as container:
        pictures = [device.adopt(p) if device else p for p in container.decode(video=0)]
    return [
        Frame("a", n, 0, p, size, size, n / 25, n / 25, 1.7e9 + n / 25, n / 25)
        for n, p in enumerate(pictures)
    ]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "a.mp4", "libx264", "yuv420p", WIDTH, HEIGHT)


def test_the_planes_on_the_device_are_those_of_software_decoding(device: CudaDevice, clip: Path) -> None:
    here, there = frames_of(clip)[3], frames_of(clip, device)[3]
    for ours, theirs in zip(pictures_of(device).planes(there), IN_MEMORY.planes(here), strict=True):
        assert ours.scale == theirs.scale
        np.testing.assert_array_equal(ours.sums.get(), theirs.sums)


@pytest.mark.parametrize("count", [1, 300])
def test_filters_on_the_device_see_what_those_in_memory_see(
    device: CudaDevice, clip: Path, count: int
) -> None:
    generator = np.random.default_rng(0)
    corners = generator.uniform(0, 250, (2, count))
    corners[:, 0] = 60
    boxes = np.concatenate((corners, corners + generator.uniform(60, 90, (2, count))))
    frame = np.zeros(count, np.intp)
    seen = []
    for reader, frames in ((IN_MEMORY, frames_of(clip)), (pictures_of(device), frames_of(clip, device))):
        visual = Visual(DCF.visual_tracker, reader)
        filters = visual.blank(count)
        visual.learn(filters, boxes, frame, visual.open((frames[0],)), np.ones(count))
        seen.append(visual.look(filters, boxes, frame, visual.open((frames[1],))))
    memory, gpu = seen
    np.testing.assert_allclose(gpu.certainty, memory.certainty, atol=2e-3)
    sure = memory.certainty > 0.5
    assert sure.any()
    # Two peaks of nearly the same height may change places by rounding; hardly any do.
    apart = np.abs(gpu.centres - memory.centres)[:, sure].max(axis=0)
    assert np.quantile(apart, 0.98) < 0.05


def follow(reader: PictureReader, frames: list[Frame]) -> list[tuple[list[int], np.ndarray]]:
    """A block of the clip's moving pattern, detected in every fourth frame."""
    tracker = create(TrackerConfig(type="dcf"), pictures=reader)
    results = []
    for number, frame in enumerate(frames):
        left = 200 - 8 * number
        looked = number % 4 == 0
        rows = [(left, 120, left + 40, 200, 0.9, 0)] if looked else []
        found = replace(detections_of(rows), detected=np.array([looked]))
        tracks = tracker.step(batch_of(frame), found)
        results.append((ids(tracks), tracks.boxes))
    return results


def test_tracks_are_the_same_on_the_device(device: CudaDevice, clip: Path) -> None:
    memory = follow(IN_MEMORY, frames_of(clip))
    gpu = follow(pictures_of(device), frames_of(clip, device))
    assert memory[-1][0] == [1]
    for (here, boxes), (there, others) in zip(memory, gpu, strict=True):
        assert there == here
        np.testing.assert_allclose(others, boxes, atol=0.1)
