"""A process's use of the machine."""

import subprocess
import sys

import psutil
import pytest

from camwire.monitoring.process import ProcessMeter


def test_this_process_has_memory_and_takes_time_when_it_works():
    meter = ProcessMeter()
    while meter.read().cpu_percent == 0:
        sum(range(100_000))
    assert meter.read().rss_bytes > 1_000_000


def idle(bytes_held: int) -> subprocess.Popen[bytes]:
    """A process that holds so much memory and waits for a line."""
    code = f"held = bytearray({bytes_held}); print(flush=True); input()"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


def test_what_helpers_take_is_added_and_those_that_ended_take_nothing():
    with idle(0) as worker, idle(50_000_000) as helper:
        meter = ProcessMeter(worker.pid)
        alone = meter.read().rss_bytes
        assert meter.read([helper.pid]).rss_bytes > alone + 40_000_000
        helper.communicate(b"\n")
        assert meter.read([helper.pid]).rss_bytes < alone + 40_000_000
        worker.communicate(b"\n")


def test_a_process_that_ended_is_an_error():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    meter = ProcessMeter(child.pid)
    assert meter.read().rss_bytes > 0
    child.communicate(b"\n")
    with pytest.raises(psutil.NoSuchProcess):
        meter.read()
