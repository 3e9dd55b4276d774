"""Cameras that refuse, hang, talk rubbish, vanish and come back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from av.codec.hwaccel import HWAccel

from camwire.sources import SourceError
from camwire.sources.address import open_arguments
from camwire.sources.opening import open_source
from tests.sources.cameras import camera as make_camera
from tests.sources.conftest import Running
from tests.support.film import film
from tests.support.rtp_camera import RtpCamera
from tests.support.rtsp import RtspServer
from tests.support.rtsp_faults import (
    AUDIO_ONLY_SDP,
    UNKNOWN_CODEC_SDP,
    FaultServer,
    ScriptedRtsp,
    TcpProxy,
    hanging_up_server,
    refusing_port,
    rubbish_server,
    silent_server,
)
from tests.support.waiting import wait_for

pytestmark = pytest.mark.integration

Run = Callable[..., Running]
BACK = 5.0
"""Seconds after a fault's end."""


def reason_of(camera: Running) -> str:
    wait_for(lambda: camera.phase == "retrying", "the reason")
    return camera.reason


@contextmanager
def live_through_proxy(run_source: Run, server: RtspServer) -> Iterator[tuple[Running, TcpProxy]]:
    with TcpProxy(server.port) as proxy:
        camera = run_source(server.url("h264.mp4").replace(str(server.port), str(proxy.port)))
        wait_for(lambda: camera.phase == "live", "pictures")
        yield camera, proxy


def test_refusing(run_source: Run) -> None:
    with refusing_port() as port:
        camera = run_source(f"rtsp://127.0.0.1:{port}/x")
        assert reason_of(camera).startswith(f"127.0.0.1:{port} refuses the connection")


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_unknown_host(run_source: Run, scheme: str) -> None:
    camera = run_source(f"{scheme}://no-such-camera.invalid/x")
    assert reason_of(camera) == "the host name no-such-camera.invalid is unknown"


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_accepting_and_then_silent(run_source: Run, scheme: str) -> None:
    with silent_server() as server:
        camera = run_source(f"{scheme}://127.0.0.1:{server.port}/x")
        wait_for(lambda: "no answer for" in camera.reason, "word of the silence")
        assert camera.phase == "connecting"
        assert reason_of(camera) == f"no answer from 127.0.0.1:{server.port} within 3.5 s"
        wait_for(lambda: server.connections >= 2, "another try")


@pytest.mark.parametrize(
    ("server", "scheme", "reason"),
    [
        (rubbish_server, "rtsp", "answers, but not with a video stream"),
        (rubbish_server, "http", "gave no answer that makes sense"),
        (hanging_up_server, "rtsp", "answers, but not with a video stream"),
        (hanging_up_server, "http", "closed the connection without an answer"),
    ],
)
def test_rubbish(run_source: Run, server: Callable[[], FaultServer], scheme: str, reason: str) -> None:
    with server() as running:
        assert reason in reason_of(run_source(f"{scheme}://127.0.0.1:{running.port}/x"))


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("401 Unauthorized", "401: user name or password is missing or wrong"),
        ("403 Forbidden", "403: this user may not see this stream"),
        ("404 Not Found", "404: it has no such stream"),
        ("451 Odd", "does not accept the request"),
        ("503 Busy", "reports an error of its own"),
    ],
)
def test_refusing_answers(run_source: Run, status: str, reason: str) -> None:
    with ScriptedRtsp(status=status) as server:
        assert reason in reason_of(run_source(f"rtsp://127.0.0.1:{server.port}/x"))


@pytest.mark.parametrize(
    ("sdp", "reason"),
    [(AUDIO_ONLY_SDP, "has no video track"), (UNKNOWN_CODEC_SDP, "codec of 127.0.0.1")],
)
def test_streams_without_usable_video(run_source: Run, sdp: str, reason: str) -> None:
    with ScriptedRtsp(sdp=sdp) as server:
        assert reason in reason_of(run_source(f"rtsp://127.0.0.1:{server.port}/x"))


@pytest.mark.parametrize("password", ["p@ss/w:rd%#?ü", "100%", "a b+c&d=e", "пароль", "%41%zz"])
def test_awkward_passwords_arrive_and_are_never_shown(
    run_source: Run, capfd: pytest.CaptureFixture[str], password: str
) -> None:
    with ScriptedRtsp(status="404 Not Found", ask_password=True) as server:
        camera = run_source(f"rtsp://admin:{password}@127.0.0.1:{server.port}/x")
        assert "404" in reason_of(camera)
        assert set(server.credentials) == {f"admin:{password}"}
        camera.source.stop()
        assert camera.source.join(5)
    output = "".join(capfd.readouterr())
    assert "camera lost" in output
    assert password not in output + repr(camera.source.report())
    assert "admin" not in output


def test_no_exception_carries_the_url() -> None:
    with refusing_port() as port, pytest.raises(SourceError) as caught:
        open_source(open_arguments(make_camera(f"rtsp://admin:geheim@127.0.0.1:{port}/x")))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "geheim" not in str(caught.value)


def test_a_device_that_is_not_there(clips: Path) -> None:
    nowhere = HWAccel("cuda", device=63)
    with pytest.raises(SourceError, match="the device that is to decode can't be used"):
        open_source(open_arguments(make_camera(str(clips / "h264.mp4"))), hwaccel=nowhere)


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_stop_interrupts_a_blocked_opening(run_source: Run, scheme: str) -> None:
    with silent_server() as server:
        camera = run_source(f"{scheme}://127.0.0.1:{server.port}/x")
        wait_for(lambda: server.connections, "the connection")
        camera.source.stop()
        assert camera.source.join(1.5)  # the timeout alone would take 3.5


def test_stop_interrupts_a_blocked_reading(run_source: Run, rtsp_server: RtspServer) -> None:
    with live_through_proxy(run_source, rtsp_server) as (camera, proxy):
        proxy.hold()
        wait_for(lambda: camera.phase == "stalled", "silence")
        camera.source.stop()
        assert camera.source.join(0.9)


def test_what_a_stop_cuts_short_is_not_said_to_be_corrupt(run_source: Run) -> None:
    """FFmpeg answers an interruption with the picture that it had begun to collect."""
    halves: list[Sequence[bytes]] = []

    def half(packets: Sequence[bytes]) -> Sequence[bytes]:
        """Of the first picture half of the packets; of later ones none."""
        halves.append([] if halves else packets[: len(packets) // 2])
        return halves[-1]

    with RtpCamera(film(noise=True)) as server:
        camera = run_source(server.url())
        wait_for(lambda: len(camera.sink.frames) > 3, "pictures")
        server.mangle = half
        wait_for(lambda: len(halves) > 2, "half a picture")
        assert halves[0]
        camera.source.stop()
        assert camera.source.join(1.5)
        assert not camera.source.report().discarded


def test_silent_in_the_middle(run_source: Run, rtsp_server: RtspServer) -> None:
    with live_through_proxy(run_source, rtsp_server) as (camera, proxy):
        proxy.hold()
        wait_for(lambda: camera.phase == "stalled", "stalled")
        assert "no picture for" in camera.reason
        assert "has gone silent: nothing came for 3 s" in reason_of(camera)
        proxy.release()
        wait_for(lambda: camera.phase == "live", "pictures again", timeout=BACK)
        first = camera.sink.frames[0].epoch
        wait_for(
            lambda: camera.sink.frames[-1].epoch > first, "a picture of the new connection", timeout=BACK
        )
        frames = camera.sink.frames
        assert [frame.sequence for frame in frames] == list(range(len(frames)))


def test_cut_off(run_source: Run, rtsp_server: RtspServer) -> None:
    with live_through_proxy(run_source, rtsp_server) as (camera, proxy):
        proxy.cut()
        assert "ended the stream" in reason_of(camera) or "broke the connection off" in camera.reason
        wait_for(lambda: camera.phase == "live", "pictures again", timeout=BACK)


def test_a_stream_that_ends_is_opened_again(run_source: Run, rtsp_server: RtspServer) -> None:
    camera = run_source(rtsp_server.url("short.mp4", looped=False))
    wait_for(lambda: camera.sink.frames and camera.sink.frames[-1].epoch >= 2, "a second connection")
    assert camera.source.report().frames_in == len(camera.sink)


def test_killed_and_started_again(run_source: Run, clips: Path) -> None:
    with RtspServer(clips) as server:
        camera = run_source(server.url("h264.mp4"))
        wait_for(lambda: camera.phase == "live", "pictures")
        server.kill()
        wait_for(lambda: "refuses" in camera.reason, "the refusal")
        server.start()
        wait_for(lambda: camera.phase == "live", "pictures again", timeout=BACK)


def test_frozen_and_thawed(run_source: Run, clips: Path) -> None:
    with RtspServer(clips) as server:
        camera = run_source(server.url("h264.mp4"))
        wait_for(lambda: camera.phase == "live", "pictures")
        server.freeze()
        wait_for(lambda: camera.phase == "retrying", "silence")
        server.thaw()
        wait_for(lambda: camera.phase == "live", "pictures again", timeout=BACK)
