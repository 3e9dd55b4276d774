"""Cameras over REST: what is answered, what then runs, what stands in the file."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest

from camwire.link.answers import ProbeResult
from camwire.server.server import Server
from tests.server.api.serving import TEXT, with_api
from tests.server.running import until

CAMERAS = "/api/v1/cameras"


def test_cameras_are_listed_without_their_secrets(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        answer = await client.get(CAMERAS)
        assert "sesame" not in answer.text
        gate, yard = answer.json()
        assert (gate["id"], gate["name"]) == ("gate", "Main gate")
        assert gate["settings"]["url"] == "rtsp://***@192.0.2.7/s"
        assert (gate["statistics"]["state"], yard["statistics"]["state"]) == ("waiting", "disabled")
        assert (await client.get(f"{CAMERAS}/gate")).json() == gate
        assert (await client.get(f"{CAMERAS}/a%2Fb%20%C3%BC")).json() == yard

    with_api(tmp_path, play)


def test_a_camera_is_added_changed_switched_and_removed(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        revision = server.desired.revision
        added = await client.post(CAMERAS, json={"id": "new", "url": "rtsp://u:$pw${X@192.0.2.8/s"})
        assert added.status_code == HTTPStatus.CREATED
        assert added.json()["settings"]["url"] == "rtsp://***@192.0.2.8/s"
        assert [camera.id for camera in server.desired.document().cameras] == ["gate", "a/b ü", "new"]
        assert server.desired.document().cameras[2].url == "rtsp://u:%24pw%24%7BX@192.0.2.8/s"
        assert server.desired.revision > revision

        changed = await client.patch(f"{CAMERAS}/new", json={"name": "New", "latency_ms": 7})
        assert (changed.json()["name"], changed.json()["settings"]["latency_ms"]) == ("New", 7)
        assert (await client.post(f"{CAMERAS}/new/disable")).json()["settings"]["enabled"] is False
        assert (await client.post(f"{CAMERAS}/a%2Fb%20%C3%BC/enable")).json()["settings"]["enabled"] is True
        assert (await client.delete(f"{CAMERAS}/gate")).status_code == HTTPStatus.NO_CONTENT
        assert [camera["id"] for camera in (await client.get(CAMERAS)).json()] == ["a/b ü", "new"]

    path = with_api(tmp_path, play)
    assert path.read_text() == (
        "# cameras of the house\ncameras:\n  - id: a/b ü\n    url: yard.mp4\n    enabled: true\n"
        '  - id: new\n    url: "rtsp://u:$$pw$${X@192.0.2.8/s"\n    name: New\n    latency_ms: 7\n'
        "    enabled: false\n"
    )


def test_a_url_as_it_is_shown_stays_as_it_is(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        await client.patch(f"{CAMERAS}/gate", json={"url": "rtsp://***@192.0.2.7/s", "name": "Gate"})
        assert server.desired.document().cameras[0].url == "rtsp://user:sesame@192.0.2.7/s"

    assert with_api(tmp_path, play).read_text() == TEXT.replace("Main gate", "Gate")


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://***@192.0.2.8/s",  # as it was shown, with another address
        "rtsp://user:***@192.0.2.7/s",
        "rtsp://***:sesame@192.0.2.7/s",
        "http://192.0.2.7/s?token=***",
    ],
)
def test_what_was_hidden_is_not_taken_for_a_password(tmp_path: Path, url: str) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        for answer in (
            await client.patch(f"{CAMERAS}/gate", json={"url": url}),
            await client.post(CAMERAS, json={"id": "new", "url": url}),
            await client.post("/api/v1/try-camera", json={"url": url}),
        ):
            assert answer.status_code == 422
            assert "write them out" in answer.json()["problems"][0]
        stars = {"id": "stars", "url": "rtsp://u:a***b@192.0.2.8/***"}
        assert (await client.post(CAMERAS, json=stars)).status_code == 201

    with_api(tmp_path, play)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "problems"),
    [
        ("POST", "", b'{"id": "gate", "url": "/x"}', 422, ["taken by the camera on line"]),
        ("POST", "", b'{"id": "n", "url": "ftp://u:hush@h/", "latency": 3}', 422, ["ftp|begins", "latency"]),
        ("POST", "", b'{"id": "n"}', 422, ["url is missing"]),
        ("POST", "", b'{"id": "", "url": "/x"}', 422, ["1 to 255 bytes"]),
        ("POST", "", b"{}", 422, ["is missing", "is missing"]),
        ("POST", "", b'{"a: b": {"c": [1e999]}}', 422, [""]),
        ("POST", "", b"[1]", 422, [""]),
        ("POST", "", b"\xff", 422, [""]),
        ("POST", "", b"[" * 100_000, 422, [""]),
        ("PATCH", "/gate", b'{"latency_ms": -1}', 422, ["allowed: 0 to 10000"]),
        ("PATCH", "/gate", b'{"id": "other"}', 422, []),
        ("PATCH", "/nobody", b"{}", 404, []),
        ("GET", "/nobody", b"", 404, []),
        ("DELETE", "/nobody", b"", 404, []),
        ("POST", "/nobody/enable", b"", 404, []),
        ("PUT", "/gate", b"{}", 405, []),
        ("POST", "", b" " * 300_000 + b"{}", 413, []),
    ],
)
def test_what_is_wrong_is_told_and_changes_nothing(
    tmp_path: Path, method: str, path: str, body: bytes, status: int, problems: list[str]
) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        revision = server.desired.revision
        answer = await client.request(method, CAMERAS + path, content=body)
        assert answer.status_code == status, answer.text
        told: dict[str, Any] = answer.json()
        assert set(told) == {"what", "where", "todo", "problems"}
        assert all(told[part] for part in ("what", "where", "todo"))
        assert len(told["problems"]) == len(problems), told
        for part in problems:
            assert any(any(word in problem for word in part.split("|")) for problem in told["problems"]), told
        assert "hush" not in answer.text
        assert server.desired.revision == revision

    assert with_api(tmp_path, play).read_text() == TEXT


def test_a_file_that_has_come_to_be_wrong_is_not_added_to(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        (tmp_path / "camwire.yaml").write_text("cameras: 3\n")
        answer = await client.delete(f"{CAMERAS}/gate")
        assert answer.status_code == HTTPStatus.CONFLICT
        assert "camwire.yaml:1:10: cameras is 3" in answer.json()["problems"][0]

    assert with_api(tmp_path, play).read_text() == "cameras: 3\n"


def test_a_page_from_elsewhere_changes_nothing(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        for origin in ("http://evil.example", "null", "http://127.0.0.1:81"):
            answer = await client.delete(f"{CAMERAS}/gate", headers={"Origin": origin})
            assert answer.status_code == HTTPStatus.FORBIDDEN
            assert answer.json()["where"] == "header Origin"
        assert (await client.get(CAMERAS, headers={"Origin": "http://evil.example"})).status_code == 200
        answer = await client.delete(f"{CAMERAS}/gate", headers={"Origin": "http://127.0.0.1"})
        assert answer.status_code == HTTPStatus.NO_CONTENT

    assert "gate" not in with_api(tmp_path, play).read_text()


def test_a_camera_is_tried_without_being_added(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        async def tried(url: str, **result: Any) -> dict[str, Any]:
            asking = asyncio.create_task(client.post("/api/v1/try-camera", json={"url": url}))
            await until(lambda: server.desired.document().probes, "the probe is desired")
            [probe] = server.desired.document().probes
            assert probe.camera.enabled
            server.probing.answered(ProbeResult(worker="cpu", probe="another", reason="not this"))
            server.probing.answered(ProbeResult(worker="cpu", probe=probe.id, **result))
            answer: dict[str, Any] = (await asking).json()
            assert server.desired.document().probes == ()
            return answer

        good = await tried("clip.mp4", codec="h264", width=64, height=48, jpeg=b"\xff\xd8")
        assert good == {
            "works": True,
            "reason": None,
            "codec": "h264",
            "width": 64,
            "height": 48,
            "picture": "data:image/jpeg;base64,/9g=",
        }
        bad = await tried("rtsp://u:hush123@192.0.2.1/", reason="hush123 was refused")
        assert (bad["works"], bad["reason"]) == (False, "*** was refused")
        wrong = await client.post("/api/v1/try-camera", json={"url": "rtps://h/"})
        assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "did you mean rtsps?" in wrong.json()["problems"][0]

    with_api(tmp_path, play)


def test_only_so_many_are_tried_at_once_and_none_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        camera = await server.configuration.try_out({"url": "/x"})
        asking = [asyncio.create_task(server.probing.try_camera(camera, 60)) for _ in range(4)]
        await until(lambda: len(server.desired.document().probes) == 4, "all are desired")
        answer = await client.post("/api/v1/try-camera", json={"url": "/x"})
        assert answer.status_code == HTTPStatus.TOO_MANY_REQUESTS
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        assert server.desired.document().probes == ()
        assert await server.probing.try_camera(camera, 0.01) is None

    with_api(tmp_path, play)
