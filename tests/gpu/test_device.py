"""The CUDA device with real video: NVDEC, drawing, JPEG, a network; against FFmpeg's own decoding."""

import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import av
import numpy as np
import pytest

from camwire.devices import DeviceError
from camwire.devices.contracts import Overlay
from camwire.devices.cuda import CudaDevice
from camwire.devices.cuda.surfaces import surface_of
from camwire.frames import Batch, Frame, Size, Tracks
from tests.devices.pictures import tracks_of
from tests.gpu.conftest import write_clip

PLAIN = Overlay(frozenset(), ("person", "car"))
UNBOUNDED = Size(4096, 4096)
FORMATS = [
    ("libx264", "yuv420p", "mp4", 640, 360),
    ("libx264", "yuv420p", "mp4", 1918, 1078),
    ("libx265", "yuv420p", "mp4", 640, 360),
    ("libx265", "yuv420p10le", "mp4", 640, 360),
]


def decoded(device: CudaDevice, path: Path) -> list[av.VideoFrame]:
    with av.open(str(path), hwaccel=device.hwaccel()) as container:
        return list(container.decode(video=0))


def in_software(path: Path) -> list[np.ndarray]:
    """[H, W, 3] RGB by FFmpeg alone."""
    with av.open(str(path)) as container:
        return [picture.to_ndarray(format="rgb24") for picture in container.decode(video=0)]


def batch_of(pictures: list[av.VideoFrame], bound: Size = UNBOUNDED) -> Batch:
    sizes = [Size(picture.width, picture.height) for picture in pictures]
    frames = (
        Frame(str(n), n, 0, picture, size, size.fitted_into(bound), 0.0, 0.0, 0.0, 0.0)
        for n, (picture, size) in enumerate(zip(pictures, sizes, strict=True))
    )
    return Batch(0, tuple(frames), 0.0)


def jpeg_pixels(jpeg: bytes) -> np.ndarray:
    """[H, W, 3] RGB."""
    with av.open(io.BytesIO(jpeg), format="jpeg_pipe") as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")


def decibels(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / max(((ours.astype(float) - theirs) ** 2).mean(), 1e-9)))


@pytest.mark.parametrize(("codec", "pixel_format", "container", "width", "height"), FORMATS)
def test_a_clip_decoded_and_encoded_on_the_device_looks_as_ffmpeg_decodes_it(
    device: CudaDevice, tmp_path: Path, codec: str, pixel_format: str, container: str, width: int, height: int
) -> None:
    path = write_clip(tmp_path / f"clip.{container}", codec, pixel_format, width, height)
    pictures = decoded(device, path)
    wanted = in_software(path)
    assert len(pictures) == len(wanted)
    assert {surface_of(picture).wide for picture in pictures} == {"10" in pixel_format}
    batch = batch_of(pictures)
    drawn = device.render(batch, range(len(batch)), Tracks.empty(30), PLAIN)
    for jpeg, rgb in zip(device.encode(drawn, 95), wanted, strict=True):
        assert decibels(jpeg_pixels(jpeg), rgb) > 30


def test_a_batch_of_more_pictures_than_encoder_states_keeps_their_order(
    device: CudaDevice, tmp_path: Path
) -> None:
    small = decoded(device, write_clip(tmp_path / "small.mp4", "libx264", "yuv420p", 320, 180, count=20))
    large = decoded(device, write_clip(tmp_path / "large.mp4", "libx264", "yuv420p", 1280, 720, count=13))
    batch = batch_of(small + large, Size(800, 800))
    chosen = [index for index in range(len(batch)) if index % 5]
    jpegs = device.encode(device.render(batch, chosen, Tracks.empty(30), PLAIN), 85)
    for index, jpeg in zip(chosen, jpegs, strict=True):
        pixels = jpeg_pixels(jpeg)
        assert pixels.shape[1::-1] == batch.frames[index].size
        [alone] = device.encode(device.render(batch, [index], Tracks.empty(30), PLAIN), 85)
        assert alone == jpeg


def test_lanes_draw_and_encode_side_by_side(device: CudaDevice, tmp_path: Path) -> None:
    batch = batch_of(
        decoded(device, write_clip(tmp_path / "clip.mp4", "libx264", "yuv420p", 640, 360, count=16))
    )
    tracks = tracks_of([(10.0, 20.0, 200.0, 300.0)] * 16, frame_index=list(range(16)))
    overlay = Overlay(frozenset({"boxes"}), ("person",))
    wanted = device.encode(device.render(batch, range(16), tracks, overlay), 85)
    same: list[bool] = []

    def lane() -> None:
        runs = [device.encode(device.render(batch, range(16), tracks, overlay), 85) for _ in range(5)]
        same.append(all(run == wanted for run in runs))

    threads = [threading.Thread(target=lane) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert same == [True] * 4


def test_boxes_are_drawn_where_they_are(device: CudaDevice, tmp_path: Path) -> None:
    [picture, *_] = decoded(device, write_clip(tmp_path / "clip.mp4", "libx264", "yuv420p", 640, 360))
    tracks = tracks_of([(100.0, 50.0, 300.0, 200.0)])
    overlay = Overlay(frozenset({"boxes"}), ("person",))
    plain = device.encode(device.render(batch_of([picture]), [0], tracks, PLAIN), 95)
    drawn = device.render(batch_of([picture]), [0], tracks, overlay)
    boxed = jpeg_pixels(device.encode(drawn, 95)[0])
    difference = np.abs(boxed.astype(int) - jpeg_pixels(plain[0])).max(axis=2)
    rows, columns = np.nonzero(difference > 60)
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == pytest.approx((99, 300, 49, 200), abs=8)
    assert difference[70:180, 120:280].max() < 30


def test_a_network_sees_the_pictures_and_its_boxes_come_back(device: CudaDevice, tmp_path: Path) -> None:
    """The network answers with the mean colour of its input, so what it saw is known."""
    import torch

    from camwire.devices.cuda.detect import CudaDetector
    from camwire.runtimes.torch import from_module

    class Mean(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("box", torch.tensor([320.0, 320.0, 200.0, 100.0]))

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            levels = images.mean(dim=(2, 3))
            rows = torch.cat((self.box.expand(len(images), 4), levels), 1)
            return torch.stack((rows, rows * 0.5), 2)

    path = write_clip(tmp_path / "clip.mp4", "libx264", "yuv420p", 640, 640, count=5)
    pictures = decoded(device, path)
    network = from_module("mean", Mean(), Size(640, 640), ("red", "green", "blue"))
    detector = CudaDetector(0, network, batch_size=8, lanes=1)
    for count in (1, 3, 5):
        limits = np.zeros((count, 3), np.float32), np.full((count, 3), 0.5, np.float32)
        found = detector(batch_of(pictures[:count]), *limits)
        assert len(found) >= count
        for index, rgb in enumerate(in_software(path)[:count]):
            levels = rgb.reshape(-1, 3).mean(axis=0) / 255
            rows = found.rows_of(index)
            assert found.classes[rows][0] == levels.argmax()
            assert found.scores[rows][0] == pytest.approx(levels.max(), abs=0.01)
            np.testing.assert_allclose(found.boxes[rows][0], (220, 270, 420, 370), atol=0.5)


def test_a_network_that_says_what_is_no_number_is_an_error(device: CudaDevice, tmp_path: Path) -> None:
    import torch

    from camwire.devices.cuda.detect import CudaDetector
    from camwire.models import ModelError
    from camwire.runtimes.torch import from_module

    class Nonsense(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.new_zeros((len(images), 6, 100)) + torch.log(images.mean() - 10)

    [picture, *_] = decoded(device, write_clip(tmp_path / "clip.mp4", "libx264", "yuv420p", 640, 360))
    network = from_module("nonsense", Nonsense(), Size(640, 384), ("a", "b"))
    detector = CudaDetector(0, network, batch_size=1, lanes=1)
    with pytest.raises(ModelError, match="holds NaN or infinite numbers"):
        detector(batch_of([picture]), np.zeros((1, 2), np.float32), np.ones((1, 2), np.float32))


def test_the_device_says_where_its_memory_is_and_that_it_is_well(device: CudaDevice) -> None:
    memory = device.memory()
    assert 0 < memory.free < memory.total
    assert memory.network >= 0
    assert memory.pictures > 0, "earlier tests have drawn"
    assert device.fault() is None


def test_what_the_chip_decodes_is_asked_of_the_driver(device: CudaDevice) -> None:
    assert device.refuses("h264", "yuv420p") is None
    assert device.refuses("hevc", "yuv420p10le") is None
    assert "takes 4:2:0 video; this is h264, 4:4:4" in (device.refuses("h264", "yuv444p") or "")
    assert "can't decode ffv1 video; it decodes" in (device.refuses("ffv1", "yuv420p") or "")


def test_a_full_gpu_takes_no_more_cameras(device: CudaDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("camwire.devices.cuda.room.RESERVE", 1 << 50)
    with pytest.raises(DeviceError, match="cuda:0 has no memory left for another camera"):
        device.hwaccel()


@pytest.mark.usefixtures("device")
def test_threads_keep_to_a_few_cores_where_that_is_asked_for(device: CudaDevice) -> None:
    found: list[set[int]] = []

    def settle(few: CudaDevice) -> None:
        few.settle()
        found.append(os.sched_getaffinity(0))

    for few in (device, CudaDevice(0, 0, 2), CudaDevice(0, 1, 2)):
        thread = threading.Thread(target=settle, args=(few,))
        thread.start()
        thread.join()
    assert found[0] == os.sched_getaffinity(0)
    assert len(found[1]) == len(found[2]) == min(2, len(found[0]))


@pytest.mark.usefixtures("device")
def test_an_error_after_which_nothing_works_is_noticed() -> None:
    """In a process of its own, which the error ruins; without MPS, with which it would ruin others'."""
    code = """
from camwire.devices.cuda import CudaDevice
device = CudaDevice(0)
assert device.fault() is None
import cupy
bad = cupy.RawKernel('extern "C" __global__ void bad() { *(volatile int*)16 = 1; }', "bad")
bad((1,), (1,), ())
try:
    cupy.cuda.Device().synchronize()
except cupy.cuda.runtime.CUDARuntimeError:
    pass
print(device.fault())
import os; os._exit(0)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"CUDA_MPS_PIPE_DIRECTORY": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert "cuda:0 has failed for good" in done.stdout, done.stderr
    assert "illegal" in done.stdout


def test_a_picture_in_main_memory_is_refused_with_the_reason(device: CudaDevice) -> None:
    picture = av.VideoFrame(64, 48, "yuv420p")
    with pytest.raises(DeviceError, match="format 'yuv420p' can't be processed on a CUDA device"):
        device.render(batch_of([picture]), [0], Tracks.empty(30), PLAIN)


def test_a_codec_that_the_chip_lacks_is_an_error_and_not_decoded_in_software(
    device: CudaDevice, tmp_path: Path
) -> None:
    path = write_clip(tmp_path / "clip.mkv", "ffv1", "yuv420p", 320, 180)
    with pytest.raises((av.FFmpegError, RuntimeError)):
        decoded(device, path)
