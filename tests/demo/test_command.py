"""`camwire demo`, the whole product."""

import contextlib
import signal
import socket
import subprocess
import sys

import psutil
import pytest

from camwire.cli.demo import viewer_address
from tests.demo.test_cameras import has_ended
from tests.support.waiting import wait_for

DEMO = (sys.executable, "-m", "camwire", "demo")


@pytest.mark.integration
def test_a_free_port_is_taken_and_told_when_the_usual_one_is_in_use(capsys):
    with socket.socket() as other:
        with contextlib.suppress(OSError):  # somebody else has it, which serves as well
            other.bind(("127.0.0.1", 8080))
            other.listen()
        assert viewer_address(None).port == 0
    assert "8080 is in use" in capsys.readouterr().out


def test_a_port_that_was_asked_for_is_used_as_it_is():
    assert viewer_address(8080).port == 8080


@pytest.mark.e2e
def test_a_source_that_is_not_there_is_one_readable_line(tmp_path):
    done = subprocess.run(
        [*DEMO, "--source", str(tmp_path / "none.mp4")], capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("camwire: --source ")
    assert "no such file" in done.stderr


@pytest.fixture
def demo(cache, monkeypatch, tmp_path):
    """The demo as a process that has told its address; ended, whatever the test does."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache.parent))
    command = [*DEMO, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.e2e
def test_ctrl_c_ends_every_process_and_leaves_no_file(demo, tmp_path):
    address = next(line for line in demo.stdout if "http://127.0.0.1:" in line)
    port = int(address.rsplit(":", 1)[1].strip(" /\n"))
    socket.create_connection(("127.0.0.1", port), timeout=5).close()

    def rtsp_server_and_worker() -> list[psutil.Process]:
        children = psutil.Process(demo.pid).children(recursive=True)
        return children if len(children) == 2 else []

    children = wait_for(rtsp_server_and_worker, "an RTSP server and a worker run")
    demo.send_signal(signal.SIGINT)
    assert demo.wait(20) == 0
    wait_for(lambda: all(has_ended(child) for child in children), "the demo's processes end")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.e2e
def test_a_taken_port_is_left_alone_unless_it_was_asked_for(cache, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache.parent))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = subprocess.run(
            [*DEMO, "--port", str(taken.getsockname()[1])], capture_output=True, text=True, timeout=240
        )
    assert done.returncode == 1
    assert "is in use" in done.stderr
