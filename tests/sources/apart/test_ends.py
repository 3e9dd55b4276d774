"""Source processes and sources that end, whoever ends them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from structlog.testing import capture_logs

from camwire.sources.apart import ApartSource, SourceProcesses
from camwire.sources.apart import process as process_module
from camwire.sources.faults import SourceError
from tests.sources.apart.conftest import BOUND, Made, Read, Sink, left, pixels_of, source_processes, started
from tests.sources.apart.host import HostBorrowedShelf, HostBorrower, HostLender, files_of
from tests.sources.cameras import camera
from tests.sources.test_files import raw_h264
from tests.support.rtsp_faults import silent_server
from tests.support.waiting import wait_for

pytestmark = pytest.mark.integration

AT_ONCE = 5.0
"""Seconds within which a source ends, even on a busy machine."""


@pytest.fixture
def headless(tmp_path: Path) -> Path:
    """Ten pictures, after three packets that nobody can decode: each turn discards those."""
    whole = raw_h264(tmp_path / "whole")
    later_pictures = [at for at in range(len(whole)) if whole.startswith(b"\0\0\1\x41", at)]
    path = tmp_path / "headless.h264"
    path.write_bytes(whole[later_pictures[-3] :] + whole)
    return path


def test_after_a_killed_process_another_goes_on(
    processes: SourceProcesses, read: Read, clips: Path, headless: Path
) -> None:
    sink = Sink(holding=True)
    held_source, _ = read(clips / "short.mp4", sink, id="held")
    counted, frames = read(headless, id="counted")
    wait_for(lambda: len(sink) >= 3, "frames that are held")
    wait_for(lambda: counted.report().discarded.get("before_keyframe", 0) >= 6, "two turns have begun")
    pixels = [pixels_of(frame).copy() for frame in sink.frames]
    before, [first] = counted.report(), processes.pids
    with capture_logs() as logs:
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: counted.report().phase == "retrying", "it is said")
        report = counted.report()
        assert report.reason == "the process that reads it is gone: it was killed by SIGKILL"
        assert report.retry_at is not None
        assert report.codec == "h264"
        moment = time.monotonic()
        counts = wait_for(lambda: later_counts(counted, frames, moment), "frames of the next process")
    [said] = [line for line in logs if line["log_level"] == "error"]
    assert (said["event"], said["pid"]) == ("a source process ended; another one goes on", first)
    assert said["reason"] == "it was killed by SIGKILL"
    assert processes.pids
    assert first not in processes.pids
    assert counts[0] > before.frames_in
    assert counts[1] > before.discarded["before_keyframe"]
    numbers = [(frame.epoch, frame.sequence) for frame in frames.frames]
    assert numbers == sorted(numbers)
    assert len({sequence for _, sequence in numbers}) == len(numbers), "no number comes twice"
    last = max(frame.epoch for frame in frames.frames if frame.arrived < moment)
    assert numbers[-1][0] > last, "it is another connection"
    stayed = zip(sink.frames[: len(pixels)], pixels, strict=True)
    assert all(np.array_equal(pixels_of(frame), was) for frame, was in stayed)
    held_source.stop()


def later_counts(source: ApartSource, sink: Sink, moment: float) -> tuple[int, int] | None:
    """Frames and what was discarded, once frames have come that arrived after ``moment``."""
    report = source.report()
    ready = sink.frames and sink.frames[-1].arrived > moment and report.phase == "live"
    return (report.frames_in, report.discarded["before_keyframe"]) if ready else None


def test_what_was_counted_never_goes_back(processes: SourceProcesses, read: Read, headless: Path) -> None:
    source, sink = read(headless)
    wait_for(lambda: source.report().discarded and source.report().frames_in > 5, "frames are counted")
    seen = [source.report()]
    os.kill(processes.pids[0], signal.SIGKILL)
    moment = time.monotonic()

    def look() -> object:
        seen.append(source.report())
        return later_counts(source, sink, moment)

    wait_for(look, "frames of the next process", every=0.001)
    for counts in (
        [report.frames_in for report in seen],
        [report.discarded["before_keyframe"] for report in seen],
    ):
        assert counts == sorted(counts)


def test_a_process_that_says_nothing_any_more_is_replaced(
    processes: SourceProcesses, read: Read, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module, "PATIENCE", 1.5)
    source, sink = read(clips / "short.mp4")
    wait_for(lambda: len(sink), "frames come")
    [pid] = processes.pids
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: source.report().phase == "retrying", "it is noticed")
    assert "it said nothing for 1.5 s and was killed" in (source.report().reason or "")
    moment = time.monotonic()
    wait_for(lambda: sink.frames[-1].arrived > moment, "frames of the next process")
    assert not psutil.pid_exists(pid)


def test_a_process_that_ends_at_once_is_started_again_later_and_later(
    make_processes: Made, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module, "FIRST_DELAY", 0.01)
    processes = make_processes(HostLender(broken="there is no device 'host'"))
    with capture_logs() as logs:
        source, _ = started(processes, clips / "short.mp4")
        wait_for(lambda: len(ends_in(logs)) >= 3, "it ends again and again")
        report = source.report()
        source.stop()
        assert source.join(AT_ONCE)
    assert [line["after_s"] for line in ends_in(logs)[:3]] == [0.01, 0.02, 0.04]
    assert {line["reason"] for line in ends_in(logs)} == {"there is no device 'host'"}
    assert report.phase == "retrying"
    assert report.reason == "the process that reads it is gone: there is no device 'host'"


def ends_in(logs: list) -> list:
    return [line for line in logs if line["event"].startswith("a source process ended")]


def test_while_a_process_is_awaited_all_can_be_closed(
    make_processes: Made, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module, "FIRST_DELAY", 3600.0)
    monkeypatch.setattr(process_module, "LONGEST_DELAY", 3600.0)
    processes = make_processes(HostLender(broken="there is no device 'host'"))
    source, _ = started(processes, clips / "short.mp4")
    wait_for(lambda: source.report().reason, "it has ended")
    assert processes.pids == ()
    processes.close()
    assert source.join(AT_ONCE)


def test_a_source_that_is_stopped_between_two_processes_is_not_read_by_the_next(
    processes: SourceProcesses, read: Read, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module, "FIRST_DELAY", 0.5)
    stopped, sink = read(clips / "short.mp4", id="stopped")
    _, others = read(clips / "short.mp4", id="other")
    wait_for(lambda: len(sink) and len(others), "frames come")
    [pid] = processes.pids
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: stopped.report().phase == "retrying", "the process is gone")
    stopped.stop()
    assert stopped.join(0), "nothing is read, so it has ended"
    moment, seen = time.monotonic(), len(sink)
    wait_for(lambda: others.frames[-1].arrived > moment, "the other goes on")
    more = len(others) + 12
    wait_for(lambda: len(others) > more, "for more than a turn")
    assert len(sink) == seen


def test_stopping_ends_one_source_and_no_other(processes: SourceProcesses, read: Read, clips: Path) -> None:
    source, sink = read(clips / "short.mp4", id="stopped")
    _, others = read(clips / "short.mp4", id="other")
    wait_for(lambda: len(sink) and len(others), "frames come")
    assert len(files_of(os.getpid())) == 2
    source.stop()
    seen = len(sink)
    assert source.join(AT_ONCE)
    source.stop()  # is no harm
    wait_for(lambda: len(files_of(os.getpid())) == 1, "its shelf goes")
    more = len(others) + 12
    wait_for(lambda: len(others) > more, "the other goes on")
    assert len(sink) <= seen + 1, "but for one that was on its way"
    [process] = processes._processes
    assert process.load == 1
    assert process._ending == set(), "nothing is kept of it"


def test_a_source_that_never_began_has_ended(processes: SourceProcesses, clips: Path) -> None:
    source = processes.source(camera(str(clips / "short.mp4")), Sink(), bound=BOUND)
    source.stop()
    assert source.join(AT_ONCE)
    assert source_processes() == [], "nothing was started for it"


def test_stopping_does_not_wait_for_a_camera_that_does_not_answer(read: Read) -> None:
    with silent_server() as server:
        source, _ = read(f"rtsp://127.0.0.1:{server.port}/stream")
        wait_for(lambda: server.connections, "it asks")
        source.stop()
        assert source.join(AT_ONCE)


def test_stopping_while_the_worker_makes_a_shelf(make_processes: Made, clips: Path) -> None:
    class SlowLender(HostLender):
        asked, go_on = threading.Event(), threading.Event()

        def shelf(self, place_size: int, places: int) -> object:
            self.asked.set()
            assert self.go_on.wait(60)
            return super().shelf(place_size, places)

    lender = SlowLender()
    source, sink = started(make_processes(lender), clips / "short.mp4")
    assert lender.asked.wait(60)
    source.stop()
    lender.go_on.set()
    assert source.join(AT_ONCE)
    assert len(sink) == 0
    wait_for(lambda: not files_of(os.getpid()), "the shelf goes")


def test_closing_ends_everything(make_processes: Made, clips: Path) -> None:
    processes = make_processes(cameras=1)
    running = [started(processes, clips / "short.mp4", id=f"camera {n}") for n in range(2)]
    for _, sink in running:
        wait_for(lambda sink=sink: len(sink), "frames come")
    pids = processes.pids
    assert len(left()) == 2 + 2 + 2, "threads, processes, shelves"
    processes.close()
    assert left() == []
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert all(source.join(0) for source, _ in running)
    assert processes.pids == ()
    late, _ = running[0]
    late.stop()
    processes.close()  # is no harm


WORKER = """
import sys, time
from camwire.sources.apart import SourceProcesses
from tests.sources.apart.conftest import started
from tests.sources.apart.host import HostLender

processes = SourceProcesses(HostLender(), cameras=1)
for name in ("a", "b"):
    _, sink = started(processes, sys.argv[1], id=name)
    while not len(sink):
        time.sleep(0.01)
print(*processes.pids, flush=True)
time.sleep(600)
"""


def test_source_processes_end_with_their_worker(clips: Path) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(clips / "short.mp4")], stdout=subprocess.PIPE, text=True
    )
    try:
        assert worker.stdout is not None
        line = next((line for line in worker.stdout if "[" not in line), "")  # all else is its log
        pids = [int(word) for word in line.split()]
        assert len(pids) == 2
        assert all(is_running(pid) for pid in pids)
        worker.kill()
        worker.wait(30)
        wait_for(lambda: not any(is_running(pid) for pid in pids), "they end")
    finally:
        worker.kill()
        worker.wait(30)
        worker.stdout.close()
        for file in files_of(worker.pid):
            file.unlink()


def is_running(pid: int) -> bool:
    """A process that has ended and that nobody has asked about doesn't run."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class UnclosableShelf(HostBorrowedShelf):
    def close(self) -> None:
        raise SourceError("it can't be closed")


class UnclosableBorrower(HostBorrower):
    def shelf(self, handle: bytes, place_size: int) -> UnclosableShelf:
        return UnclosableShelf(os.fsdecode(handle), place_size)


def test_a_process_that_cannot_report_any_more_is_replaced(make_processes: Made, clips: Path) -> None:
    lender = HostLender()
    lender.borrower = (f"{__name__}:UnclosableBorrower",)
    processes = make_processes(lender)
    stopped, sink = started(processes, clips / "short.mp4", id="stopped")
    _, others = started(processes, clips / "short.mp4", id="other")
    wait_for(lambda: len(sink) and len(others), "frames come")
    with capture_logs() as logs:
        stopped.stop()
        assert stopped.join(AT_ONCE)
        moment = time.monotonic()
        wait_for(lambda: others.frames[-1].arrived > moment and ends_in(logs), "the other goes on")
    [line] = [line for line in logs if line["event"] == "a source process can't report"]
    assert (line["error"], line["log_level"]) == ("SourceError", "error")
    assert [line["reason"] for line in ends_in(logs)] == ["it ended with status 1"]
