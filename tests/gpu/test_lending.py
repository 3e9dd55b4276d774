"""Cameras that are decoded by NVDEC in processes of their own, into memory that this one lends."""

import gc
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import av
import pytest

from camwire.devices.contracts import Overlay
from camwire.devices.cuda import CudaDevice
from camwire.devices.cuda.lending import LentPicture
from camwire.devices.cuda.surfaces import surface_of
from camwire.frames import Batch, Frame, Size, Tracks
from camwire.pipeline.lending import Lending
from camwire.sources.apart import ApartSource, SourceProcesses
from tests.gpu.conftest import write_clip
from tests.sources.cameras import camera
from tests.support.clips import make_clip
from tests.support.waiting import wait_for

PLAIN = Overlay(frozenset(), ("person",))
UNBOUNDED = Size(4096, 4096)
COMING = 60.0
"""Seconds that a frame may take to come; the first one needs a process and a decoder."""
FORMATS = [
    ("libx264", "yuv420p", "mp4", 640, 360),
    ("libx264", "yuv420p", "mp4", 1918, 1078),
    ("libx265", "yuv420p", "mp4", 642, 358),
    ("libx265", "yuv420p10le", "mp4", 640, 360),
    ("libvpx-vp9", "yuv420p", "webm", 322, 182),
]


class Queued:
    """A sink from which the test takes frames, whose pictures it lets go when it has looked at them."""

    def __init__(self) -> None:
        self.frames: SimpleQueue[Frame] = SimpleQueue()
        self.lost = 0

    def put(self, frame: Frame) -> None:
        self.frames.put(frame)

    def lose(self, _: Frame) -> None:
        self.lost += 1

    def next(self) -> Frame:
        return self.frames.get(timeout=COMING)


@pytest.fixture
def processes(device: CudaDevice) -> Iterator[SourceProcesses]:
    assert device.lender is not None
    processes = SourceProcesses(Lending(device.lender))
    yield processes
    processes.close()


def read(processes: SourceProcesses, path: Path, *, paced: bool = False) -> tuple[ApartSource, Queued]:
    """Unpaced, a file is read once, and waits for the test; paced, it begins anew again and again."""
    sink = Queued()
    source = processes.source(camera(str(path)), sink, bound=UNBOUNDED, paced=paced, looped=paced)
    source.start()
    return source, sink


def jpeg_of(device: CudaDevice, frame: Frame) -> bytes:
    [picture] = device.render(Batch(0, (frame,), 0.0), [0], Tracks.empty(30), PLAIN)
    [jpeg] = device.encode([picture], 95)
    return jpeg


def jpegs_of(device: CudaDevice, path: Path) -> list[bytes]:
    """Decoded in this process, and adopted as cameras' pictures are."""
    with av.open(str(path), hwaccel=device.hwaccel()) as container:
        return [
            jpeg_of(device, frame_of(n, device.adopt(picture)))
            for n, picture in enumerate(container.decode(video=0))
        ]


def frame_of(number: int, picture: object) -> Frame:
    size = Size(picture.width, picture.height)
    return Frame("test", number, 1, picture, size, size.fitted_into(UNBOUNDED), 0.0, 0.0, 0.0, 0.0)


def free_memory() -> int:
    """Bytes."""
    import cupy

    gc.collect()
    with cupy.cuda.Device(0):
        free, _ = cupy.cuda.runtime.memGetInfo()
    return int(free)


@pytest.mark.parametrize(("codec", "pixel_format", "container", "width", "height"), FORMATS)
def test_lent_pictures_are_those_that_this_process_decodes(
    device: CudaDevice,
    processes: SourceProcesses,
    tmp_path: Path,
    codec: str,
    pixel_format: str,
    container: str,
    width: int,
    height: int,
) -> None:
    path = write_clip(tmp_path / f"clip.{container}", codec, pixel_format, width, height)
    wanted = jpegs_of(device, path)
    assert len(set(wanted)) > len(wanted) // 2, "pictures differ, or nothing is compared"
    source, sink = read(processes, path)
    for number, jpeg in enumerate(wanted):
        frame = sink.next()
        assert isinstance(frame.picture, LentPicture)
        assert (frame.sequence, frame.source_size) == (number, Size(width, height))
        assert frame.picture.surface.wide == ("10" in pixel_format)
        assert jpeg_of(device, frame) == jpeg, f"picture {number}"
        del frame  # which holds its place
    assert source.join(COMING)
    assert sink.frames.empty()
    assert sink.lost == 0


def test_a_lent_picture_is_described_as_its_surface_is(
    device: CudaDevice, processes: SourceProcesses, tmp_path: Path
) -> None:
    path = write_clip(tmp_path / "clip.mp4", "libx264", "yuv420p", 1918, 1078, count=2)
    with av.open(str(path), hwaccel=device.hwaccel()) as container:
        [ours, *_] = (surface_of(picture) for picture in container.decode(video=0))
    _, sink = read(processes, path)
    theirs = sink.next().picture.surface
    assert theirs.chroma - theirs.luma == ours.chroma - ours.luma
    assert theirs[2:] == ours[2:]
    assert [type(value) for value in theirs] == [type(value) for value in ours]


def test_pictures_that_grow_in_mid_stream_come_from_a_larger_shelf(
    device: CudaDevice, processes: SourceProcesses, tmp_path: Path
) -> None:
    small = make_clip(tmp_path / "small.h264", frames=8, gop=8)
    large = make_clip(tmp_path / "large.h264", frames=8, gop=8, width=1280, height=720, first=8)
    changing = tmp_path / "changing.h264"
    changing.write_bytes(small.read_bytes() + large.read_bytes())
    wanted = jpegs_of(device, changing)
    assert len(wanted) == 16
    _, sink = read(processes, changing)
    held = sink.next()  # its shelf stays as long as it does
    came = [jpeg_of(device, held)] + [jpeg_of(device, sink.next()) for _ in wanted[1:]]
    assert came == wanted
    assert jpeg_of(device, held) == wanted[0]


def test_all_memory_comes_back(device: CudaDevice, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", "libx264", "yuv420p", 1918, 1078)

    def run() -> Frame:
        """The last frame, held beyond the end of everything else."""
        assert device.lender is not None
        processes = SourceProcesses(Lending(device.lender))
        source, sink = read(processes, path)
        for _ in range(11):
            jpeg_of(device, sink.next())
        frame = sink.next()
        assert source.join(COMING)
        processes.close()
        return frame

    shelf = 6 * 1920 * 1078 * 3 // 2
    slack = shelf // 3
    run()  # what drawing and encoding keep for themselves is kept from here on
    before = wait_for_rest()
    frame: Frame | None = run()
    with_one_held = wait_for_rest()
    assert before - with_one_held > shelf - slack, "a picture holds its shelf"
    del frame
    wait_for(lambda: before - free_memory() < slack, "the shelf's memory comes back")


def wait_for_rest() -> int:
    """Free memory, once the driver has taken back all that a process had that has just ended."""
    seen = [free_memory()]

    def rests() -> bool:
        seen.append(free_memory())
        return len(seen) > 10 and len(set(seen[-10:])) == 1

    wait_for(rests, "the GPU's free memory stays the same", every=0.1)
    return seen[-1]


def test_pictures_of_a_killed_process_stay_and_others_come(
    device: CudaDevice, processes: SourceProcesses, tmp_path: Path
) -> None:
    path = write_clip(tmp_path / "clip.mp4", "libx264", "yuv420p", 640, 360)
    source, sink = read(processes, path, paced=True)
    held = [sink.next() for _ in range(3)]
    before = [jpeg_of(device, frame) for frame in held]
    assert len(set(before)) == 3
    [first] = processes.pids
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: set(processes.pids) - {first}, "the next process", COMING)
    replaced = time.monotonic()
    later = wait_for(lambda: arrived_after(sink, replaced), "a frame of the next process", COMING)
    assert later.sequence > held[-1].sequence
    assert later.epoch > held[-1].epoch
    assert len(jpeg_of(device, later)) > 1000
    assert [jpeg_of(device, frame) for frame in held] == before
    source.stop()
    assert source.join(COMING)
    assert device.fault() is None


def arrived_after(sink: Queued, moment: float) -> Frame | None:
    """The next frame, unless it came before: those are let go."""
    frame = sink.next()
    return frame if frame.arrived > moment else None


def test_the_process_has_the_driver_and_neither_cupy_nor_pytorch(
    processes: SourceProcesses, tmp_path: Path
) -> None:
    path = write_clip(tmp_path / "clip.mp4", "libx264", "yuv420p", 640, 360)
    _, sink = read(processes, path, paced=True)
    sink.next()
    [pid] = processes.pids
    maps = Path(f"/proc/{pid}/maps").read_text()
    assert "libcuda.so" in maps
    assert "libnvcuvid.so" in maps
    for absent in ("libtorch", "cupy", "libcudart"):
        assert absent not in maps, f"{absent} is in a source process"


def test_what_the_chip_lacks_is_the_cameras_reason(processes: SourceProcesses, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", "ffv1", "yuv420p", 320, 180)
    source, sink = read(processes, path)
    wait_for(lambda: source.report().reason, "the reason", COMING)
    assert "can't decode the video of" in (source.report().reason or "")
    assert sink.frames.empty()


def test_a_full_gpu_is_the_cameras_reason_and_it_comes_back_by_itself(
    processes: SourceProcesses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_clip(tmp_path / "clip.mp4", "libx264", "yuv420p", 640, 360)
    with monkeypatch.context() as full:
        full.setattr("camwire.devices.cuda.room.RESERVE", 1 << 50)
        source, sink = read(processes, path, paced=True)
        wait_for(lambda: source.report().reason, "the reason", COMING)
        assert "cuda:0 has no memory left for another camera:" in (source.report().reason or "")
        assert sink.frames.empty()
    sink.next()
    wait_for(lambda: source.report().phase == "live", "it is well again")


def test_a_gpu_that_is_not_there_is_why_the_process_ends(device: CudaDevice, tmp_path: Path) -> None:
    assert device.lender is not None
    lender = Lending(device.lender)
    lender.borrower = (*lender.borrower[:-1], "99")
    processes = SourceProcesses(lender)
    source, _ = read(processes, write_clip(tmp_path / "clip.mp4", "libx264", "yuv420p", 320, 180))
    try:
        wait_for(lambda: source.report().reason, "the reason", COMING)
        assert "there is no device 'cuda:99'" in (source.report().reason or "")
    finally:
        processes.close()
    assert source.join(COMING)
