"""A camera that brings down the process that reads it is found, and read where it harms nobody."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from camwire.sources.apart import ApartSource
from camwire.sources.apart.blame import Fault, LastWords, fault_in
from camwire.sources.numbering import Numbering
from tests.sources.apart.conftest import BOUND, Made, Sink, started
from tests.sources.apart.host import CrashingBorrower, HostLender
from tests.sources.cameras import camera
from tests.support.clips import make_clip
from tests.support.waiting import wait_for

WORDS = """Fatal Python error: Segmentation fault

Thread 0x00007f2de8c006c0 (most recent call first):
  File "/usr/lib/python3.12/threading.py", line 359 in wait

Current thread 0x00007f2de96006c0 (most recent call first):
  File "/srv/camwire/sources/demuxing.py", line 88 in frames
  File "/srv/camwire/sources/camera.py", line 200 in _run
"""
FATAL = "a camera brought down the process that reads it; from now on it has one of its own"
STARTED, ENDED = "source process started", "a source process ended; another one goes on"

Line = MutableMapping[str, Any]


class Nobody:
    """Reads nothing."""

    def __init__(self) -> None:
        self.begun: list[ApartSource] = []

    def begin(self, source: ApartSource) -> None:
        self.begun.append(source)

    def end(self, source: ApartSource) -> None:
        pass

    def order(self, _order: object) -> bool:
        return False


def source_of(reader: Nobody) -> ApartSource:
    return ApartSource(
        1,
        camera("gate.mp4"),
        Sink(),
        bound=BOUND,
        paced=True,
        looped=True,
        recall_s=0.0,
        numbering=Numbering(),
        reader=reader,
    )


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (WORDS, Fault(0x7F2DE96006C0, "demuxing.py:88")),
        (
            WORDS.replace(" (most recent", " [camera-gate] (most recent"),
            Fault(0x7F2DE96006C0, "demuxing.py:88"),
        ),
        ("Current thread 0x00000010 (most recent call first):\n  <no Python frame>\n", Fault(16, "")),
        ("", None),
        ("Fatal Python error: Aborted\n", None),
    ],
    ids=["a crash", "with names", "in no line of Python", "none", "without a thread"],
)
def test_last_words_say_in_which_thread_it_was_and_where(words: str, fault: Fault | None) -> None:
    assert fault_in(words) == fault


def test_a_process_that_crashes_leaves_its_last_words() -> None:
    words = LastWords.new()
    code = f"""
import ctypes, threading
from camwire.sources.apart.blame import LastWords
LastWords({words.descriptor}).are_mine()
def crash():
    print(threading.get_ident(), flush=True)
    ctypes.string_at(0)
threading.Thread(target=crash).start()
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        pass_fds=[words.descriptor],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    fault = words.fault()
    words.close()
    assert fault is not None
    assert fault.thread == int(done.stdout)


def test_a_source_is_read_by_whom_it_was_moved_to() -> None:
    before, after = Nobody(), Nobody()
    source = source_of(before)
    source.move_to(after)
    assert after.begun == [source]


def test_a_source_that_was_stopped_meanwhile_ends() -> None:
    reader = Nobody()
    source = source_of(Nobody())
    source.stop()
    assert not source.join(0)
    source.move_to(reader)
    assert source.join(0)
    assert reader.begun == []


@pytest.fixture
def fatal(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "fatal.mp4", width=CrashingBorrower.FATAL, height=64)


@pytest.mark.integration
def test_the_others_are_spared_a_camera_that_crashes(make_processes: Made, clips: Path, fatal: Path) -> None:
    processes = make_processes(HostLender(borrower="CrashingBorrower"))
    well = [started(processes, clips / "short.mp4", id=f"well {number}") for number in range(3)]
    wait_for(lambda: all(len(sink) > 3 for _, sink in well), "frames")
    [first] = processes.pids
    with capture_logs() as logs:
        culprit, _ = started(processes, fatal, id="culprit")
        wait_for(lambda: len(told(logs, ENDED)) >= 4, "everybody's process ends, and the culprit's own")
        moment = time.monotonic()
        wait_for(lambda: all(sink.frames[-1].arrived > moment for _, sink in well), "the others go on")
        wait_for(lambda: culprit.report().reason, "people are told")
        assert "it was killed by SIGSEGV" in str(culprit.report().reason)
        culprit.stop()
        assert culprit.join(10)
        processes.tidy()
    [said] = told(logs, FATAL)
    assert (said["camera"], said["reason"]) == ("culprit", "it was killed by SIGSEGV")
    assert said["at"].startswith("__init__.py:")
    [shared] = processes.pids
    assert next(line["pid"] for line in told(logs, ENDED)) == first
    [since] = [number for number, line in enumerate(logs) if line == started_line(logs, shared)]
    assert len(told(logs[since:], ENDED)) >= 2, "it outlived the culprit's own processes"


@pytest.mark.integration
def test_a_camera_that_is_alone_stays_where_it_is(make_processes: Made, fatal: Path) -> None:
    processes = make_processes(HostLender(borrower="CrashingBorrower"))
    with capture_logs() as logs:
        source, _ = started(processes, fatal)
        wait_for(lambda: len(told(logs, STARTED)) >= 3, "it is tried again and again")
        wait_for(lambda: source.report().reason, "people are told")
    assert not told(logs, FATAL)
    assert source.report().reason == "the process that reads it is gone: it was killed by SIGSEGV"


def told(logs: list[Line], event: str) -> list[Line]:
    return [line for line in logs if line["event"] == event]


def started_line(logs: list[Line], pid: int) -> Line:
    return next(line for line in told(logs, STARTED) if line["pid"] == pid)
