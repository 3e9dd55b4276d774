"""What is wrong with a camera is said as if it were read in this process, and no secret with it."""

from __future__ import annotations

from pathlib import Path

import av
import psutil
import pytest
from structlog.testing import capture_logs

from camwire.sources import CameraSource
from camwire.sources.apart import SourceProcesses
from tests.sources.apart.conftest import BOUND, Sink, started
from tests.sources.cameras import camera
from tests.support.clips import counted_pictures
from tests.support.rtsp_faults import ScriptedRtsp, refusing_port
from tests.support.waiting import wait_for

pytestmark = pytest.mark.integration

SECRET = "s3cr3t-passw0rd"


def reason_here(url: str) -> str | None:
    """In this process."""
    source = CameraSource(camera(url), Sink(), bound=BOUND)
    source.start()
    wait_for(lambda: source.report().phase == "retrying", "the reason")
    reason = source.report().reason
    source.stop()
    assert source.join(30)
    return reason


def test_what_is_wrong_is_said_as_in_this_process(
    processes: SourceProcesses, clips: Path, tmp_path: Path
) -> None:
    write_film(tmp_path / "mpeg2.ts", "mpeg2video")
    with refusing_port() as port, ScriptedRtsp(status="404 Not Found") as server:
        urls = [
            str(clips / "missing.mp4"),
            str(clips / "rubbish.mp4"),
            str(clips / "sound.mp4"),
            f"rtsp://127.0.0.1:{port}/stream",
            f"rtsp://127.0.0.1:{server.port}/stream",
        ]
        running = [started(processes, url, id=str(n)) for n, url in enumerate(urls)]
        for url, (source, sink) in zip(urls, running, strict=True):
            wait_for(lambda source=source: source.report().phase == "retrying", "the reason")
            report = source.report()
            assert report.reason == reason_here(url)
            assert report.retry_at is not None
            assert len(sink) == 0
        refused, _ = started(processes, tmp_path / "mpeg2.ts", id="refused")
        wait_for(lambda: refused.report().phase == "retrying", "the reason")
        assert refused.report().reason == "the host can't decode mpeg2video"
        _, sound = started(processes, clips / "short.mp4", id="sound")
        wait_for(lambda: len(sound), "another's frames")
    assert len(processes.pids) == 1, "none of this ends the process"


def write_film(path: Path, encoder: str) -> None:
    with av.open(str(path), "w") as output:
        stream = output.add_stream(encoder, rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 128, "yuv420p"
        for picture in counted_pictures(10, 160, 128):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        output.mux(stream.encode(None))


def test_what_a_source_process_logs_is_in_the_workers_log_and_holds_no_secret(
    processes: SourceProcesses, capfd: pytest.CaptureFixture[str]
) -> None:
    with ScriptedRtsp(status="401 Unauthorized", ask_password=True) as server, capture_logs() as logs:
        url = f"rtsp://somebody:{SECRET}@127.0.0.1:{server.port}/stream"
        source, _ = started(processes, url, id="gate")
        wait_for(lambda: said_in(logs, "camera lost"), "the process's own line")
        wait_for(lambda: source.report().phase == "retrying", "the reason")
        assert server.credentials[0] == f"somebody:{SECRET}", "it was used"
        command = psutil.Process(processes.pids[0]).cmdline()
        processes.close()
    [line] = said_in(logs, "camera lost")
    assert (line["camera"], line["log_level"]) == ("gate", "warning")
    assert line["reason"] == source.report().reason
    assert "answers 401" in line["reason"]
    output = capfd.readouterr()
    for place in (
        str(logs),
        str(source.report()),
        str(command),
        output.out,
        output.err,
        repr(source.started()),
    ):
        assert SECRET not in place


def said_in(logs: list, event: str) -> list:
    return [line for line in logs if line["event"] == event]
