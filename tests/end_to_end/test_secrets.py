"""Passwords work, whatever they hold, and stand in nothing that the system writes or serves."""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from camwire.server.events.event import StoredEvent
from camwire.server.events.store import Bounds, EventStore
from tests.server.auth.serving import write_certificate
from tests.server.sinks.receivers import Receiver, receiving
from tests.support.product import STOP_TIMEOUT, Product, camwire, write_config
from tests.support.rtp_camera import RtpCamera
from tests.support.rtsp_faults import refusing_port, rubbish_server, silent_server
from tests.support.spilled import Planted, spilled
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e

NAMES = {
    "basic": "Zebra41Crossing",
    "digest": "Yak52Wool",
    "environment": "Xenon63Lamp",
    "wrong": "Walrus74Tooth",
    "refused": "Viper85Skin",
    "silent": "Urchin96Shell",
    "rubbish": "Tapir07Nose",
    "parameter": "Swan18Feather",
    "webhook": "Raven29Quill",
    "signature": "Quail30Egg",
    "broker": "Panda41Bamboo",
    "added": "Otter52Fur",
    "tried": "Newt63Eye",
    "mistaken": "Mole74Hill",
    "account": "Lynx85Ear",
    "guess": "Koala96Tree",
    "no token": "Jackal07Howl",
    "command": "Ibis18Beak",
}
SECRETS = {what: Planted(what, core) for what, core in NAMES.items()}


@dataclass
class Scene:
    """What is written and served while everything happens, by where it was."""

    folder: Path
    trusts: ssl.SSLContext
    places: dict[str, bytes] = field(default_factory=dict)
    token: str = ""
    closed: int = 0
    """A port that refuses connections."""

    def keep(self, where: str, text: str | bytes) -> None:
        content = text.encode() if isinstance(text, str) else text
        self.places[where] = self.places.get(where, b"") + content + b"\n"

    def client(self, product: Product, **headers: str) -> httpx.Client:
        return httpx.Client(base_url=product.url, verify=self.trusts, headers=headers, timeout=30)

    def call(self, client: httpx.Client, method: str, path: str, body: object = None) -> httpx.Response:
        """A request of which all that comes back is kept."""
        answer = client.request(method, path, **({} if body is None else {"json": body}))
        self.keep(f"{method} {path}", str(answer.headers) + answer.text)
        return answer


def test_no_secret_stands_in_anything_written_or_served(tmp_path: Path) -> None:
    scene = Scene(tmp_path, write_certificate(tmp_path))
    with ExitStack() as stack:
        config = _configured(scene, stack)
        _people(scene, config)
        _pending_event(tmp_path / "events.db")
        environment = {
            "SECRET_OF_CAMERA": SECRETS["environment"].secret,
            "SECRET_TO_SIGN": SECRETS["signature"].secret,
            "TMPDIR": str(tmp_path / "tmp"),
            "XDG_RUNTIME_DIR": "",
        }
        (tmp_path / "tmp").mkdir()
        with camwire("run", str(config), "--log-level", "debug", environment=environment) as product:
            with scene.client(product, Authorization=f"Bearer {scene.token}") as client:
                _cameras_work_or_say_why(scene, client)
                _requests(scene, client)
                _answers(scene, client)
            _logins(scene, product)
            _messages(scene, product)
            _processes(scene, product)
            product.worker().kill()  # its successor is told everything once more
            wait_for(lambda: "was killed by SIGKILL" in product.text, "the worker's end to be logged")
            (tmp_path / "camwire.log").write_text(product.text)
            _bundle(scene, config, product, environment)
            product.process.terminate()
            assert product.process.wait(STOP_TIMEOUT) == 0
        scene.keep("standard output and error", product.text)
    _commands(scene, config)
    _files(scene, config)
    assert len(scene.places) > 40
    assert all(scene.places[place].strip() for place in ("standard output and error", "GET /metrics"))
    found = spilled(list(SECRETS.values()), scene.places)
    assert not found, "\n".join(found)
    key = (tmp_path / "key.pem").read_text().splitlines()[1]
    assert [place for place, content in scene.places.items() if key.encode() in content] == []
    assert [place for place, content in scene.places.items() if scene.token.encode() in content] == []


def test_the_search_finds_what_it_looks_for() -> None:
    planted = SECRETS["basic"]
    for said in (
        planted.secret,
        planted.percent_encoded,
        planted.percent_encoded.lower(),
        json.dumps(planted.secret),
        repr(planted.secret.encode()),
        base64.b64encode(planted.secret.encode()).decode(),
        base64.b64encode(f"viewer:{planted.secret}".encode()).decode(),
        base64.b64encode(f"admin:{planted.secret}".encode()).decode(),
        base64.urlsafe_b64encode(f"x:{planted.secret}".encode()).decode(),
        planted.secret.encode().hex(),
    ):
        assert spilled([planted], {"somewhere": f"... {said} ...".encode()}), said
    assert not spilled([planted], {"somewhere": b"*** MTIzNDU2Nzg5MDEyMzQ1Njc4OTA="})


def _configured(scene: Scene, stack: ExitStack) -> Path:
    def answering(what: str, scheme: str, password: str) -> dict[str, Any]:
        camera = stack.enter_context(RtpCamera())
        camera.password, camera.scheme = password, scheme  # type: ignore[assignment]
        return {"id": what, "url": f"rtsp://viewer:{SECRETS[what].secret}@127.0.0.1:{camera.port}/live"}

    def at(what: str, port: int, user_info: str = "") -> dict[str, Any]:
        return {
            "id": what,
            "url": f"rtsp://{user_info or f'viewer:{SECRETS[what].secret}'}@127.0.0.1:{port}/live",
        }

    closed = scene.closed = stack.enter_context(refusing_port())
    by_environment = stack.enter_context(RtpCamera())
    by_environment.password = SECRETS["environment"].secret
    parameter = SECRETS["parameter"].percent_encoded
    cameras = [
        answering("basic", "Basic", SECRETS["basic"].secret),
        answering("digest", "Digest", SECRETS["digest"].secret),
        at("environment", by_environment.port, "viewer:${SECRET_OF_CAMERA}"),
        answering("wrong", "Digest", "another"),
        at("refused", closed),
        at("silent", stack.enter_context(silent_server()).port),
        at("rubbish", stack.enter_context(rubbish_server()).port),
        {"id": "parameter", "url": f"http://127.0.0.1:{closed}/snap.jpg?channel=1&password={parameter}"},
    ]
    hook = stack.enter_context(receiving(Receiver())).removeprefix("http://")
    webhook, broker = SECRETS["webhook"], SECRETS["broker"]
    return write_config(
        scene.folder,
        cameras,
        server={"port": 0, "tls": {"certificate": "cert.pem", "key": "key.pem"}},
        output={"size": "160x128", "max_fps": 10},
        saving={"folder": "saved", "every_s": 0.5},
        events={"snapshots": True, "clips": {"before": 1, "after": 1}},
        sinks={
            "webhooks": [
                {"name": "taking", "url": f"http://u:{webhook.secret}@{hook}", "secret": "${SECRET_TO_SIGN}"},
                {"name": "refusing", "url": f"http://127.0.0.1:{closed}/?token={webhook.percent_encoded}"},
            ],
            "mqtt": [{"name": "broker", "url": f"mqtt://u:{broker.secret}@127.0.0.1:{closed}"}],
            "files": [{"name": "lines", "file": "lines.jsonl"}],
        },
    )


def _people(scene: Scene, config: Path) -> None:
    """An account and a token, made as people make them."""
    command = [sys.executable, "-m", "camwire"]
    environment = {**os.environ, "SECRET_OF_CAMERA": "x", "SECRET_TO_SIGN": "12345678"}
    add = [*command, "accounts", "add", str(config), "ann", "--role", "admin", "--password-stdin"]
    password = SECRETS["account"].secret
    done = subprocess.run(
        add, input=f"{password}\n", capture_output=True, text=True, env=environment, timeout=240
    )
    assert done.returncode == 0, done.stderr
    scene.keep("camwire accounts", done.stdout + done.stderr)
    add = [*command, "tokens", "add", str(config), "test", "--role", "admin"]
    done = subprocess.run(add, capture_output=True, text=True, env=environment, timeout=240)
    assert done.returncode == 0, done.stderr
    scene.token = done.stdout.strip()


def _pending_event(file: Path) -> None:
    """One that every sink is to take as soon as it runs."""
    store = EventStore(file, Bounds())
    for sink in ("taking", "refusing", "broker", "lines"):
        store.cursor(sink)  # a sink that is known gets what comes after
    store.add([StoredEvent("e1", time.time(), "basic", "zone", "enter", {"class": "person"})])
    store.close()


def _cameras_work_or_say_why(scene: Scene, client: httpx.Client) -> None:
    def states() -> dict[str, Any]:
        cameras: dict[str, Any] = client.get("/api/v1/statistics").raise_for_status().json()["cameras"]
        return cameras

    live = ("basic", "digest", "environment")
    wait_for(lambda: all(states()[name]["state"] == "live" for name in live), "cameras with a password", 60)
    failing = ("wrong", "refused", "silent", "rubbish", "parameter")
    wait_for(lambda: all(states()[name]["reason"] for name in failing), "reasons of the others", 60)
    sinks: dict[str, Any] = {}

    def tried() -> bool:
        sinks.update(client.get("/api/v1/statistics").json()["events"]["sinks"])
        problems = [sinks[name]["problem"] for name in ("refusing", "broker")]
        return bool(sinks["taking"]["delivered"]) and all(problems)

    with suppress(AssertionError):
        wait_for(tried, "the sinks to have tried")
    assert tried(), sinks
    scene.keep("sinks", json.dumps(sinks))
    assert client.post("/api/v1/cameras/basic/clip?seconds=1").status_code == 201
    assert client.post("/api/v1/cameras/basic/save").is_success


def _requests(scene: Scene, client: httpx.Client) -> None:
    """Sound ones and ones with mistakes, with secrets in them."""
    added, mistaken = SECRETS["added"].secret, SECRETS["mistaken"].secret
    url = f"rtsp://viewer:{added}@127.0.0.1:{scene.closed}/x"
    wrong = f"rtsp://viewer:{mistaken}@127.0.0.1:{scene.closed}/x"
    cameras = "/api/v1/cameras"
    assert scene.call(client, "POST", cameras, {"id": "new", "url": url}).status_code == 201
    assert scene.call(client, "PATCH", f"{cameras}/new", {"latency_ms": 9}).is_success
    tried = {"url": f"rtsp://viewer:{SECRETS['tried'].secret}@127.0.0.1:{scene.closed}/x"}
    assert not scene.call(client, "POST", "/api/v1/try-camera", tried).json()["works"]
    for body in (
        {"id": "new", "url": wrong},
        {"id": "other", "url": wrong, "transport": mistaken},
        {"id": "other", "url": [wrong]},
        {"id": mistaken * 20, "url": wrong},
        {"id": "other", "url": wrong.removeprefix("rtsp:")},
        {"id": "other", "url": wrong.replace("rtsp", "rtps"), mistaken: True},
        {"id": "other", "url": wrong, "latency_ms": wrong},
    ):
        answer = scene.call(client, "POST", cameras, body)
        assert 400 <= answer.status_code < 500, (body, answer.text)
    assert scene.call(client, "PATCH", "/api/v1/model", {"file": wrong}).status_code == 422
    assert scene.call(client, "PATCH", "/api/v1/toggles", {wrong: True}).status_code == 422
    broken = client.post(cameras, content=f'{{"url": "{wrong}"', headers={"Content-Type": "application/json"})
    assert broken.status_code < 500
    scene.keep("POST something broken", broken.text)


def _answers(scene: Scene, client: httpx.Client) -> None:
    """Everything that can be read without parameters, and one of each that takes some."""
    described = scene.call(client, "GET", "/api/v1/openapi.json")
    paths = described.raise_for_status().json()["paths"]
    plain = [path for path, methods in paths.items() if "get" in methods and "{" not in path]
    assert len(plain) > 8
    for path in plain:
        scene.call(client, "GET", path if path.startswith("/api/v1") else f"/api/v1{path}")
    for path in ("/metrics", "/readyz", "/healthz", "/", "/api/v1/docs", "/nothing", "/api/v1/nothing"):
        scene.call(client, "GET", path)
    for camera in ("basic", "refused", "new"):
        scene.call(client, "GET", f"/api/v1/cameras/{camera}")
        scene.call(client, "GET", f"/api/v1/cameras/{camera}/snapshot.jpg")


def _logins(scene: Scene, product: Product) -> None:
    with scene.client(product) as client:
        right = {"name": "ann", "password": SECRETS["account"].secret}
        guess = {"name": "ann", "password": SECRETS["guess"].secret}
        assert scene.call(client, "POST", "/api/v1/session", guess).status_code == 401
        # The answer's cookie is a secret of its own; it goes to whoever logged in and to nobody else.
        answer = client.post("/api/v1/session", json=right)
        assert answer.status_code == 200
        scene.keep("POST /api/v1/session", answer.text)
        scene.call(client, "GET", "/api/v1/session")
        scene.call(client, "GET", "/api/v1/accounts")
        scene.call(client, "GET", "/api/v1/tokens")
    wrong = SECRETS["no token"].percent_encoded
    basic = base64.b64encode(f"any:{SECRETS['no token'].secret}".encode()).decode()
    for header in (f"Bearer {wrong}", f"Basic {basic}"):
        with scene.client(product, Authorization=header) as client:
            assert scene.call(client, "GET", "/api/v1/cameras").status_code == 401


def _messages(scene: Scene, product: Product) -> None:
    """Text messages, and pictures with whatever a JPEG may hold besides, of every camera."""
    headers = {"Authorization": f"Bearer {scene.token}"}
    with connect(product.socket_url, ssl=scene.trusts, additional_headers=headers, max_size=None) as socket:
        wish = {"type": "subscribe", "metadata": True, "events": True, "header": "extended"}
        for message in (wish, {"type": "set_vis_toggle", "toggle": "x", "enabled": True}):
            socket.send(json.dumps(message))
        told = set()
        while not {"stats", "toggles", "error", "subscribed"} <= told:
            message = socket.recv(timeout=30)
            scene.keep("messages", message)
            told |= {json.loads(message)["type"]} if isinstance(message, str) else set()


def _processes(scene: Scene, product: Product) -> None:
    """What everybody can see of them, and what their user can."""
    given = {SECRETS[what].secret for what in ("environment", "signature")}
    for process in product.family():
        folder = Path("/proc") / str(process.pid)
        for name in ("cmdline", "comm", "status", "environ"):
            with suppress(OSError):
                content = (folder / name).read_bytes()
                if name == "environ":
                    # Two are there because whoever started camwire has put them there.
                    lines = content.split(b"\0")
                    content = b"\n".join(one for one in lines if one.partition(b"=")[2].decode() not in given)
                scene.keep(f"/proc/{process.pid}/{name}", content)
    seen = subprocess.run(["ps", "axww"], capture_output=True, check=True).stdout
    scene.keep("ps", seen)


def _bundle(scene: Scene, config: Path, product: Product, environment: dict[str, str]) -> None:
    out = scene.folder / "bundle.zip"
    command = [sys.executable, "-m", "camwire", "support-bundle", "--out", str(out), "--config", str(config)]
    command += ["--server", product.url, "--log", str(scene.folder / "camwire.log")]
    authority = scene.folder / "authority.pem"
    authority.write_bytes("".join(map(ssl.DER_cert_to_PEM_cert, scene.trusts.get_ca_certs(True))).encode())
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, **environment, "CAMWIRE_TOKEN": scene.token, "SSL_CERT_FILE": str(authority)},
    )
    assert done.returncode == 0, done.stderr
    scene.keep("camwire support-bundle", done.stdout + done.stderr)
    with zipfile.ZipFile(out) as bundle:
        names = bundle.namelist()
        for name in names:
            scene.keep(f"bundle: {name}", bundle.read(name))
    assert {
        "server/statistics.json",
        "server/metrics.txt",
        "configuration.json",
        "logs/1-camwire.log",
    } <= set(names)
    assert "basic" in scene.places["bundle: server/statistics.json"].decode()


def _commands(scene: Scene, config: Path) -> None:
    """Commands that meet a secret and fail, with tracebacks."""
    secret = SECRETS["command"]
    url = f"rtsp://viewer:{secret.secret}@127.0.0.1:{scene.closed}/x"
    mistakes = scene.folder / "mistakes.yaml"
    mistakes.write_text(
        json.dumps({"cameras": [{"id": "a", "url": url, "fps": url}], "server": {"port": url}})
    )
    environment = {
        **os.environ,
        "CAMWIRE_TRACEBACK": "1",
        "SECRET_OF_CAMERA": "x",
        "SECRET_TO_SIGN": "12345678",
    }
    for arguments in (
        ["check", str(mistakes)],
        ["run", str(mistakes)],
        ["check", str(config)],
        ["detect", url],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "camwire", *arguments],
            capture_output=True,
            timeout=240,
            env=environment,
        )
        scene.keep(f"camwire {arguments[0]}", done.stdout + done.stderr)
    mistakes.unlink()


def _files(scene: Scene, config: Path) -> None:
    """Everything written beside the configuration, which alone may hold what it was given."""
    for file in _written(scene.folder):
        if file not in (config, scene.folder / "key.pem"):
            scene.keep(f"file {file.relative_to(scene.folder)}", file.read_bytes())
    kinds = {file.suffix for file in _written(scene.folder)}
    assert {".db", ".jpg", ".mp4", ".jsonl"} <= kinds


def _written(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.is_file())
