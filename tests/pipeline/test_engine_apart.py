"""The engine with cameras that are read in processes of their own, on a stand-in for a GPU."""

from __future__ import annotations

import io
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import av
import msgspec
import pytest

from camwire.devices import DeviceError
from camwire.devices.contracts import InputSpec, ModelInput, Overlay
from camwire.devices.cpu import CpuDevice
from camwire.devices.cpu.preprocess import CpuPreprocessor
from camwire.devices.cpu.render import CpuRenderer
from camwire.frames import Batch, Frame, Tracks
from camwire.link.desired import DesiredCamera, DesiredClip, DesiredOutput, DesiredState
from camwire.link.reports import CameraReport
from camwire.pipeline.clips import Clips
from camwire.pipeline.engine import Engine
from camwire.sources import CameraSource
from camwire.sources.apart import process as process_module
from camwire.sources.apart.shelves import PLACES
from tests.models.files import save_dynamic
from tests.pipeline.test_engine import desired
from tests.sources.apart.conftest import left, source_processes
from tests.sources.apart.host import HostLender, HostPicture, HostShelf
from tests.support.clips import counter_of, make_clip
from tests.support.waiting import wait_for

pytestmark = pytest.mark.integration


class GpuLender(HostLender):
    """Says what is wrong as devices do."""

    def shelf(self, place_size: int, places: int) -> HostShelf:
        if self.full:
            raise DeviceError(self.full)
        return super().shelf(place_size, places)


class StandInGpu(CpuDevice):
    """Lends the computer's own memory, and takes pictures from there alone."""

    def __init__(self) -> None:
        super().__init__()
        self.lender = GpuLender()
        self.preprocess = self._preprocess
        self.render = self._render

    def _preprocess(self, batch: Batch, spec: InputSpec) -> ModelInput:
        return CpuPreprocessor()(of_videos(batch), spec)

    def _render(self, batch: Batch, chosen: Sequence[int], tracks: Tracks, overlay: Overlay) -> list[Any]:
        return CpuRenderer()(of_videos(batch), chosen, tracks, overlay)


def of_videos(batch: Batch) -> Batch:
    frames = []
    for frame in batch.frames:
        assert isinstance(frame.picture, HostPicture)
        frames.append(frame.with_picture(av.VideoFrame.from_ndarray(frame.picture.pixels, "bgr24")))
    return Batch(batch.ticket, tuple(frames), batch.formed)


class Running:
    """An engine with some cameras, files that begin anew again and again."""

    def __init__(
        self,
        folder: Path,
        cameras: Sequence[str] = ("a",),
        device: CpuDevice | None = None,
        *,
        recordings: bool = False,
    ) -> None:
        clip = make_clip(folder / "clip.mp4", frames=20, gop=10)
        self.published: list[tuple[Frame, bytes]] = []
        self.taking = threading.Event()
        """Publishing waits for it."""
        self.taking.set()
        self.device = device or StandInGpu()
        self.engine = Engine(self.device, self._publish, recordings=recordings, sources_apart=True)
        self.state = desired(
            0,
            cameras=tuple(camera(name, clip) for name in cameras),
            model=msgspec.structs.replace(
                desired(1).model, file=str(save_dynamic(folder / "tiny.onnx")), input_size=(64, 64)
            ),
            watched=tuple(cameras),
            recall_s=60.0,
        )
        self.apply()

    def _publish(self, frame: Frame, payload: bytes, rendition: str) -> bool:
        self.taking.wait(60)
        # Without the picture, which would hold its place.
        self.published.append((frame.with_picture(None), payload))
        return True

    def apply(self, **changes: object) -> None:
        self.state: DesiredState = msgspec.structs.replace(
            self.state, revision=self.state.revision + 1, **changes
        )
        self.engine.apply(self.state)

    def publish(self, more: int) -> None:
        wanted = len(self.published) + more
        wait_for(lambda: len(self.published) >= wanted, f"{more} more pictures")

    @property
    def frames(self) -> list[Frame]:
        return [frame for frame, _ in self.published]

    @property
    def report(self) -> CameraReport:
        return self.engine.report()[0]


def camera(name: str, clip: Path) -> DesiredCamera:
    return DesiredCamera(
        id=name, url=str(clip), enabled=True, transport="tcp", latency_ms=200, drop_on_latency=False
    )


def under_way(report: CameraReport) -> int:
    return report.frames_in - report.frames_out - sum(report.drops.values())


Run = Callable[..., Running]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Start an engine; whatever was started ends with the test, and nothing of it is left."""
    started: list[Running] = []

    def start(*arguments: Any, **wishes: Any) -> Running:
        started.append(Running(tmp_path, *arguments, **wishes))
        return started[-1]

    yield start
    for running in started:
        running.taking.set()
    ended = [running.engine.stop(5) for running in started]
    assert all(ended)
    wait_for(lambda: not left(), "nothing is left behind")


@pytest.fixture
def running(run: Run) -> Running:
    return run()


def test_frames_come_out_as_pictures(running: Running) -> None:
    running.publish(25)
    counters = [counter_of(picture_of(jpeg)) for _, jpeg in running.published]
    frames = running.frames
    assert counters == [(frame.sequence + counters[0] - frames[0].sequence) % 20 for frame in frames]
    assert [frame.sequence for frame in frames] == sorted({frame.sequence for frame in frames})
    assert {(frame.camera, frame.size) for frame in frames} == {("a", (320, 240))}
    assert running.report.phase == "live"
    assert 0 <= under_way(running.report) <= PLACES + 1
    [process] = source_processes()
    assert running.engine.helpers == (process.pid,)


def picture_of(jpeg: bytes) -> av.VideoFrame:
    with av.open(io.BytesIO(jpeg), format="jpeg_pipe") as container:
        return next(container.decode(video=0))


def test_of_recordings_every_frame_is_looked_at_once(run: Run) -> None:
    running = run(("a", "b"), recordings=True)
    wait_for(lambda: running.engine.finished, "both recordings are read, and every frame is out")
    for report in running.engine.report():
        assert report.frames_in == report.frames_processed == 20
        assert set(report.drops) <= {"fps_cap"}
        own = [frame.sequence for frame in running.frames if frame.camera == report.id]
        assert own == sorted(set(own))


def test_no_frame_is_lost_without_a_name(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """When pictures are held so long that there is no place, and when the process is killed."""
    running.publish(5)
    running.taking.clear()
    before = running.report.drops.get("overwritten", 0)
    wait_for(lambda: running.report.drops.get("overwritten", 0) > before + PLACES, "places run out")
    assert 0 < under_way(running.report) <= PLACES + 1, "one may just be told as lost"
    running.taking.set()
    running.publish(5)
    kill(running)
    running.publish(3)
    numbers = [(frame.epoch, frame.sequence) for frame in running.frames]
    assert numbers == sorted(numbers)
    assert len({sequence for _, sequence in numbers}) == len(numbers)
    monkeypatch.setattr(process_module, "FIRST_DELAY", 3600.0)
    monkeypatch.setattr(process_module, "LONGEST_DELAY", 3600.0)
    kill(running)
    wait_for(lambda: running.engine.recorder.under_way == 0, "all that has come has come out")
    report = running.report
    assert report.frames_in == report.frames_out + sum(report.drops.values())
    assert report.frames_out == len(running.published)


def kill(running: Running) -> None:
    wait_for(lambda: running.report.phase == "live", "it is read")
    [pid] = running.engine.helpers
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: running.report.phase == "retrying", "the process is gone")
    assert "it was killed by SIGKILL" in (running.report.reason or "")
    assert pid not in running.engine.helpers


def test_cameras_are_changed_removed_and_added_while_others_go_on(run: Run) -> None:
    running = run(("a", "b"))
    a, b = running.state.cameras
    running.publish(20)
    helpers = running.engine.helpers
    for cameras in (
        (msgspec.structs.replace(a, latency_ms=100), b),
        (b,),
        (a, b),
        (msgspec.structs.replace(a, enabled=False), b),
        (a, b),
    ):
        running.apply(cameras=cameras)
        running.publish(10)
    assert running.engine.helpers == helpers, "one process reads them all the time"
    running.apply(output=DesiredOutput(width=160, height=120, max_fps=20.0, jpeg_quality=85))
    running.publish(10)
    assert running.frames[-1].size == (160, 120)
    for name in ("a", "b"):
        numbers = [(f.epoch, f.sequence, f.turn) for f in running.frames if f.camera == name]
        assert numbers == sorted(numbers)
        assert len({sequence for _, sequence, _ in numbers}) == len(numbers)
    running.apply(cameras=())
    wait_for(lambda: not left(), "no process without a camera")
    assert running.engine.helpers == ()
    running.apply(cameras=(a,))
    running.publish(3)
    assert running.frames[-1].camera == "a"


def test_clips_are_made_of_what_was_sent(running: Running) -> None:
    clips = Clips(lambda: running.engine.rings, "worker")
    running.publish(10)
    now = time.time()
    wanted = [("some", "a", 0.0, now), ("none", "a", 0.0, 1.0), ("nobody's", "b", 0.0, now)]
    clips.apply([DesiredClip(id=name, camera=of, since=begin, until=end) for name, of, begin, end in wanted])
    made: dict[str, Any] = {}

    def all_made() -> bool:
        made.update({clip.clip: clip for clip in clips.results(time.time())})
        return len(made) == 3

    wait_for(all_made, "the answers")
    clips.close()
    assert made["some"].seconds >= 0
    with av.open(io.BytesIO(made["some"].mp4)) as film:
        counters = [counter_of(picture) for picture in film.decode(video=0)]
    assert counters == list(range(counters[0], counters[0] + len(counters)))
    for name in ("none", "nobody's"):
        assert made[name].reason == "nothing is kept of what this camera sent"


def test_a_full_device_is_the_cameras_reason(run: Run) -> None:
    device = StandInGpu()
    device.lender.full = "the GPU has no memory left"
    running = run(("a",), device)
    wait_for(lambda: running.report.phase == "retrying", "it is given up for now")
    assert running.report.reason == "the GPU has no memory left"
    device.lender.full = None
    running.publish(1)


def test_stopping_while_cameras_are_being_started_leaves_no_process(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = run(())
    reached, stopped = threading.Event(), threading.Event()
    add = running.engine.recorder.add

    def add_slowly(name: str) -> None:
        add(name)
        reached.set()
        assert stopped.wait(60)

    monkeypatch.setattr(running.engine.recorder, "add", add_slowly)
    applying = threading.Thread(
        target=running.apply, kwargs={"cameras": (camera("a", tmp_path / "clip.mp4"),)}
    )
    applying.start()
    assert reached.wait(60)
    assert running.engine.stop(5)
    stopped.set()
    applying.join(60)
    assert not applying.is_alive()
    assert left() == []


def test_a_device_that_lends_nothing_reads_its_cameras_in_the_worker(run: Run) -> None:
    running = run(("a",), CpuDevice())
    running.publish(1)
    assert running.engine.helpers == ()
    assert source_processes() == []
    assert isinstance(running.engine._sources["a"], CameraSource)
