"""A worker whose server ends while it starts."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from camwire.link.endpoint import private_endpoints
from tests.support.waiting import wait_for

pytestmark = pytest.mark.integration


def worker(folder: Path, parent: str) -> list[str]:
    options = ["--name", "cpu", "--device", "cpu", "--link", str(folder), "--parent", parent]
    return [sys.executable, "-m", "camwire", "worker", *options]


def ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_it_ends_though_its_server_was_gone_before_it_could_look() -> None:
    """A shell starts it and ends at once, as a server that is killed in that moment does."""
    with private_endpoints() as endpoints:
        shell = subprocess.run(
            ["sh", "-c", f"{subprocess.list2cmdline(worker(endpoints.directory, '$$'))} & echo $!"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=True,
        )
        wait_for(lambda: ended(int(shell.stdout)), "the worker to end", timeout=60)


def test_it_says_whom_it_was_for() -> None:
    with private_endpoints() as endpoints:
        command = worker(endpoints.directory, str(os.getppid()))
        ended = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert ended.returncode == 1
    assert f"process {os.getppid()}" in ended.stderr
