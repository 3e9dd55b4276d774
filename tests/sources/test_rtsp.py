"""Real RTSP cameras of two makes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import pytest

from camwire.frames import Frame, Size
from camwire.sources import CameraSource
from tests.sources.cameras import camera as make_camera
from tests.sources.conftest import Running
from tests.support.rtsp import GstRtspServer, RtspServer
from tests.support.waiting import wait_for

pytestmark = pytest.mark.integration

Run = Callable[..., Running]
AWKWARD = "p@ss/w:rd%#?ü"


@pytest.fixture(scope="module")
def gst_server(clips: Path) -> Iterator[GstRtspServer]:
    with GstRtspServer(clips) as server:
        yield server


def assert_plays(camera: Running, pictures: int = 20) -> None:
    wait_for(lambda: len(camera.sink) >= pictures, f"{pictures} pictures")
    assert camera.sink.counters[:pictures] == list(range(pictures))
    frames = camera.sink.frames[:pictures]
    assert all(earlier.time < later.time for earlier, later in pairwise(frames))
    assert [frame.sequence for frame in frames] == list(range(pictures))
    assert {frame.epoch for frame in frames} == {1}
    report = camera.source.report()
    assert (report.phase, report.reason, report.retry_at) == ("live", None, None)
    assert (report.width, report.height) == (320, 240)


@pytest.mark.parametrize("name", ["h264.mp4", "h265.mp4", "b_frames.mp4"])
def test_aio_rtsp_toolkit(run_source: Run, rtsp_server: RtspServer, name: str) -> None:
    assert_plays(run_source(rtsp_server.url(name)))


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("name", ["h264.mp4", "h265.mp4"])
def test_gst_rtsp_server(run_source: Run, gst_server: GstRtspServer, name: str, transport: str) -> None:
    assert_plays(run_source(gst_server.url(name), transport=transport))


@pytest.mark.parametrize("digest", [False, True], ids=["basic", "digest"])
def test_awkward_passwords(run_source: Run, clips: Path, digest: bool) -> None:
    with GstRtspServer(clips, user="admin", password=AWKWARD, digest=digest) as server:
        pasted = run_source(server.url("h264.mp4", user_part=f"admin:{AWKWARD}"))
        escaped = run_source(server.url("h264.mp4", user_part=f"admin:{quote(AWKWARD, safe='')}"))
        wrong = run_source(server.url("h264.mp4", user_part="admin:wrong"))
        wait_for(lambda: pasted.phase == escaped.phase == "live", "pictures")
        wait_for(lambda: "401" in wrong.reason, "the refusal")


def test_a_transport_that_the_camera_lacks(run_source: Run, rtsp_server: RtspServer) -> None:
    camera = run_source(rtsp_server.url("h264.mp4"), transport="udp")
    wait_for(lambda: camera.phase == "retrying", "the reason")
    assert "does not offer this transport" in camera.reason


def test_the_stream_goes_on_when_the_server_begins_its_file_again(
    run_source: Run, rtsp_server: RtspServer
) -> None:
    camera = run_source(rtsp_server.url("short.mp4"))
    wait_for(lambda: len(camera.sink) > 25, "three turns of the server's file")
    assert {frame.epoch for frame in camera.sink.frames} == {1}
    assert all(earlier.time < later.time for earlier, later in pairwise(camera.sink.frames))


def test_what_piled_up_is_left_out(run_source: Run, clips: Path) -> None:
    with RtspServer(clips) as server:
        camera = run_source(server.url("h264.mp4"), drop_on_latency=True)
        wait_for(lambda: len(camera.sink) > 10, "pictures")
        server.freeze()
        wait_for(lambda: camera.phase == "stalled", "the pause")
        server.thaw()
        late = wait_for(lambda: camera.source.report().discarded.get("late", 0), "late pictures")
        wait_for(lambda: len(camera.sink) > 30, "more pictures")
        camera.source.stop()
        assert camera.source.join(5)
    frames = camera.sink.frames
    assert late > 0
    assert {frame.epoch for frame in frames} == {1}
    assert camera.source.report().frames_in == len(frames)
    assert frames[-1].sequence >= len(frames)  # those left out were counted


class FailingSink:
    def __init__(self) -> None:
        self.epochs: set[int] = set()

    def put(self, frame: Frame) -> None:
        self.epochs.add(frame.epoch)
        raise ZeroDivisionError("geheim")


def test_an_unexpected_error_is_survived(clips: Path, capfd: pytest.CaptureFixture[str]) -> None:
    sink = FailingSink()
    source = CameraSource(make_camera(str(clips / "h264.mp4")), sink, bound=Size(640, 480))
    source.start()
    wait_for(lambda: len(sink.epochs) > 1, "another try")
    reason = source.report().reason
    source.stop()
    assert source.join(5)
    assert reason in (None, "an unexpected error (ZeroDivisionError)")
    output = "".join(capfd.readouterr())
    assert "ZeroDivisionError" in output
    assert "geheim" not in output


class NullSink:
    def put(self, frame: Frame) -> None:
        pass


def test_twenty_sources_leave_no_thread_and_no_descriptor(rtsp_server: RtspServer) -> None:
    def open_files() -> int:
        return len(os.listdir("/proc/self/fd"))

    threads, descriptors = threading.active_count(), open_files()
    for _ in range(20):
        source = CameraSource(make_camera(rtsp_server.url("h264.mp4")), NullSink(), bound=Size(640, 480))
        source.start()
        wait_for(lambda source=source: source.report().frames_in, "a picture")
        source.stop()
        assert source.join(5)
    wait_for(lambda: threading.active_count() <= threads, "the threads to end")
    wait_for(lambda: open_files() <= descriptors, "the descriptors to be closed")
