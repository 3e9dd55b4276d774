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


def test_a_process_that_ended_is_an_error():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    meter = ProcessMeter(child.pid)
    assert meter.read().rss_bytes > 0
    child.communicate(b"\n")
    with pytest.raises(psutil.NoSuchProcess):
        meter.read()
