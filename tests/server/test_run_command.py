"""`camwire run`, as people start it: what it says when it can't."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration


def run_camwire(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "camwire", "run", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_every_mistake_in_the_configuration_is_listed(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("cameras:\n  - {id: a, url: x.mp4, colour: red}\nserver: {port: 99999}\n")
    ended = run_camwire(str(config))
    assert ended.returncode == 2
    assert f"{config}:2:" in ended.stderr
    assert f"{config}:3:" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config.write_text(f"cameras: []\nserver: {{port: {port}}}\n")
        ended = run_camwire(str(config))
    assert ended.returncode == 1
    assert f"port {port} on 127.0.0.1 is in use" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_unknown_log_level_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    ended = run_camwire(str(tmp_path / "c.yaml"), "--log-level", "loud")
    assert ended.returncode == 2
    assert "'warning'" in ended.stderr
