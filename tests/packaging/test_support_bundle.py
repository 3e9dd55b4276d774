"""`camwire support-bundle`: everything that helps, and no secret."""

from __future__ import annotations

import io
import json
import ssl
import stat
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import trustme

from camwire import __version__
from camwire.cli import main
from camwire.config.secrets import SECRETS
from camwire.monitoring import support
from camwire.monitoring.support import MissingPieceError, Piece, as_json, log_end, of_server

CONFIG = """\
server: {port: 0}
cameras:
  - {id: gate, url: "rtsp://viewer:${SWORDFISH}@192.0.2.10/stream1"}  # it was hunter2 once
  - {id: yard, url: "rtsp://viewer:pa%40ss@192.0.2.11/live?token=geheimnis"}
sinks:
  webhooks: [{name: hook, url: "https://u:webhookpass@192.0.2.12/x", secret: "${SIGNED_WITH}"}]
"""


def bundle(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as found:
        return {name: found.read(name).decode() for name in found.namelist()}


def made(folder: Path, *arguments: str) -> dict[str, str]:
    out = folder / "bundle.zip"
    with pytest.raises(SystemExit) as ended:
        main(["support-bundle", "--out", str(out), *arguments])
    assert ended.value.code == 0
    return bundle(out)


def test_what_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWORDFISH", "sw@rd/fish")
    config, log = tmp_path / "c.yaml", tmp_path / "camwire.log"
    config.write_text(CONFIG)
    log.write_text("opening rtsp://viewer:sw%40rd%2Ffish@192.0.2.10/stream1\nleft: sw@rd/fish lockfree\n")
    files = made(tmp_path, "--config", str(config), "--log", str(log))
    assert set(files) == {
        "versions.json",
        "packages.txt",
        "doctor.json",
        "configuration.json",
        "logs/1-camwire.log",
        "missing.txt",
    }
    assert json.loads(files["versions.json"])["camwire"] == __version__
    assert "numpy==" in files["packages.txt"]
    assert json.loads(files["doctor.json"])["can_run"] is True
    urls = [camera["url"] for camera in json.loads(files["configuration.json"])["cameras"]]
    assert urls == ["rtsp://***@192.0.2.10/stream1", "rtsp://***@192.0.2.11/live?token=***"]
    assert files["logs/1-camwire.log"].splitlines() == [
        "opening rtsp://***@192.0.2.10/stream1",
        "left: *** lockfree",
    ]
    assert "SIGNED_WITH is not set here" in files["missing.txt"]
    everything = "".join(files.values()).replace("lockfree", "")
    for secret in ("sw@rd", "sw%40rd", "pa%40ss", "pa@ss", "geheimnis", "webhookpass", "hunter2"):
        assert secret not in everything
    assert stat.S_IMODE((tmp_path / "bundle.zip").stat().st_mode) == 0o600


def test_a_configuration_with_mistakes_is_told_by_its_mistakes(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("cameras:\n  - {id: a, url: 'rtsp://u:hunter2@192.0.2.1/', fps: 'hunter2'}\n")
    files = made(tmp_path, "--config", str(config))
    assert f"{config}:2:" in files["configuration-problems.txt"]
    assert "hunter2" not in "".join(files.values())


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "holiday.zip"
    out.write_text("pictures")
    assert main(["support-bundle", "--out", str(out)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert out.read_text() == "pictures"


def test_what_can_not_be_had_is_said(tmp_path: Path) -> None:
    log = tmp_path / "none.log"
    files = made(tmp_path, "--log", str(log), "--server", "http://u:hunter2@127.0.0.1:9/")
    assert f"log {log} can't be read: No such file" in files["missing.txt"]
    assert "can't be asked" in files["missing.txt"]
    assert "hunter2" not in "".join(files.values())


@pytest.mark.parametrize("url", ["camwire", "http://[::1", "ftp://x/", ""])
def test_an_address_that_is_none_is_said(tmp_path: Path, url: str) -> None:
    files = made(tmp_path, "--server", url)
    assert files["missing.txt"].startswith("server")


def test_a_server_is_asked_with_the_token_and_masked() -> None:
    SECRETS.add("t0p-s3cret")
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if request.url.path == "/readyz":
            return httpx.Response(503, json={"reason": "worker cpu is failing: t0p-s3cret"})
        if request.url.path == "/metrics":
            return httpx.Response(200, text="camwire_frames_total 1\n")
        if request.url.path.endswith("/model"):
            return httpx.Response(403)
        if request.url.path.endswith("/statistics"):
            return httpx.Response(401)
        if request.url.path.endswith("/cameras"):
            return httpx.Response(200, text="<html>")
        return httpx.Response(200, json={"a": ["rtsp://u:p@192.0.2.1/x", 1, None, {"t0p-s3cret": "b"}]})

    with httpx.Client(base_url="http://cams:1/", transport=httpx.MockTransport(answer)) as client:
        found = list(of_server(client))
    assert [request.url.path for request in asked] == list(support.ASKED.values())
    texts = {piece.name: piece.text for piece in found if isinstance(piece, Piece)}
    problems = [str(piece) for piece in found if isinstance(piece, MissingPieceError)]
    assert "failing: ***" in texts["server/readyz.json"]
    assert json.loads(texts["server/system.json"]) == {"a": ["rtsp://***@192.0.2.1/x", 1, None, {"***": "b"}]}
    assert texts["server/metrics.txt"] == "camwire_frames_total 1\n"
    assert problems == [
        "server/cameras.json: the answer is no JSON; is this camwire?",
        "server/model.json: /api/v1/model answers 403 Forbidden",
        "server/statistics.json: /api/v1/statistics answers 401 Unauthorized; "
        "have a viewer's token in CAMWIRE_TOKEN",
    ]


@pytest.mark.integration
def test_a_server_with_a_certificate_for_a_name_is_asked_on_this_machine(tmp_path: Path) -> None:
    """Its certificate is known from the configuration; another one's is not trusted with the token."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None: ...

    authority = trustme.CA()
    for name in ("own", "others"):
        issued = authority.issue_cert("cams.example.org")
        (tmp_path / f"{name}.pem").write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
        (tmp_path / f"{name}.key").write_bytes(issued.private_key_pem.bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "own.pem", tmp_path / "own.key")
    config = tmp_path / "c.yaml"
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name, found in (("own", True), ("others", False)):
            config.write_text(
                f"server: {{host: 0.0.0.0, port: {server.server_port}, hostnames: [cams.example.org], "
                f"tls: {{certificate: {name}.pem, key: {name}.key}}}}\ncameras: []\n"
            )
            files = made(tmp_path, "--config", str(config))
            assert any(file.startswith("server/") for file in files) is found
            assert ("CERTIFICATE_VERIFY_FAILED" in files["missing.txt"]) is not found
            (tmp_path / "bundle.zip").unlink()
        server.shutdown()


def test_of_a_long_log_the_end_is_taken_from_a_lines_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support, "LARGEST_LOG", 20)
    for text, end in (
        (b"0123456789\n0123456789\nlast\n", "0123456789\nlast\n"),
        (b"x" * 15 + b"\nlast\n", "last\n"),
        (b"first\n0123456789012345678\n", "0123456789012345678\n"),
        (b"short \xff\n", "short �\n"),
    ):
        assert log_end("l", io.BytesIO(text)).text == end
        pipe = io.BytesIO(text)
        pipe.seekable = lambda: False  # type: ignore[method-assign]
        assert log_end("l", pipe).text == end


def test_text_that_json_escapes_is_masked_before() -> None:
    SECRETS.add('pä"ss\\w')
    assert "w" not in as_json("x.json", {"a": 'pä"ss\\w'}).text
