"""`camwire run`, as people start it: what it says when it can't."""

import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.server.auth.serving import TLS, write_certificate
from tests.support.product import camwire

pytestmark = pytest.mark.integration


def run_camwire(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "camwire", "run", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=240)


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


def test_an_address_that_others_reach_takes_accounts_or_insecure(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("cameras: []\nserver: {host: 0.0.0.0, port: 0}\n")
    ended = run_camwire(str(config))
    assert ended.returncode == 1
    assert ended.stdout == ""
    for way_out in ("camwire accounts add", "server.host", "--insecure"):
        assert way_out in ended.stderr
    with camwire("run", str(config), "--insecure") as product:
        assert httpx.get(f"{product.url}/api/v1/cameras", timeout=60).json() == []
        assert "INSECURE: anyone who reaches camwire on 0.0.0.0" in product.text
        assert product.interrupt() == 0


def test_https_with_a_login_from_the_command_line_to_the_pictures(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(f"cameras: []\nserver:\n  port: 0\n  {TLS}\n")
    trusts = write_certificate(tmp_path)
    add = [sys.executable, "-m", "camwire", "accounts", "add", str(config), "ann", "--role", "admin"]
    subprocess.run(
        [*add, "--password-stdin"], input="swordfish and chips\n", text=True, check=True, timeout=240
    )
    with camwire("run", str(config)) as product:
        with httpx.Client(base_url=product.url, verify=trusts, timeout=60) as client:
            assert client.get("/api/v1/cameras").status_code == 401
            login = {"name": "ann", "password": "swordfish and chips"}
            assert client.post("/api/v1/session", json=login).status_code == 200
            assert client.get("/api/v1/cameras").json() == []
        assert product.interrupt() == 0
        assert "swordfish" not in product.text
    with camwire("run", str(config)) as product:
        with httpx.Client(base_url=product.url, verify=trusts, cookies=client.cookies, timeout=60) as again:
            assert again.get("/api/v1/cameras").status_code == 200, "a login outlives a restart"
        assert product.interrupt() == 0
