"""Many rules at once, and requests that take long to read."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest

from camwire.config import editing
from camwire.server.api import rule_proposals, rules
from camwire.server.server import Server
from tests.server.api.serving import DOOR, RULES, desired_names, with_api

REAL_READ = editing._Read


def test_hundreds_of_rules_are_one_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once cost the parser three looks at the whole text."""
    many = [
        {"name": f"rule {n}", "type": "line", "start": [0.1, n / 400], "end": [0.9, n / 400]}
        for n in range(300)
    ]

    async def play(client: httpx.AsyncClient, server: Server) -> None:
        assert (await client.put(RULES, json=many)).status_code == HTTPStatus.OK
        moved = [{**rule, "end": [0.8, 0.5]} for rule in many[50:]]
        assert (await client.put(RULES, json=moved)).status_code == HTTPStatus.OK
        assert desired_names(server) == [rule["name"] for rule in moved]

    read = []
    monkeypatch.setattr(editing, "_Read", lambda text: read.append(text) or REAL_READ(text))
    with_api(tmp_path, play)
    assert len(read) == 2


def test_nobody_waits_while_what_was_sent_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        readers: list[threading.Thread] = []

        def watched(read: Callable[..., Any]) -> Callable[..., Any]:
            def reading(*arguments: Any, **settings: Any) -> Any:
                readers.append(threading.current_thread())
                return read(*arguments, **settings)

            return reading

        document = server.configuration.document
        monkeypatch.setattr(document, "parse", watched(document.parse))
        monkeypatch.setattr(rule_proposals, "parse", watched(rule_proposals.parse))
        for room in (rules, rule_proposals):
            monkeypatch.setattr(room, "checked", watched(room.checked))
        stay = asyncio.ensure_future(asyncio.sleep(0))
        monkeypatch.setattr(server.services.rehearsing, "rehearse", lambda *_: stay)
        monkeypatch.setattr(server.services.probing, "try_camera", lambda *_: stay)
        for method, path, body in [
            ("POST", RULES, DOOR),
            ("PUT", RULES, [DOOR]),
            ("PATCH", f"{RULES}/door", {"colour": "#00FF00"}),
            ("POST", f"{RULES}/dry-run", {"rules": [DOOR], "camera": "gate"}),
            ("POST", f"{RULES}/import", {"nvdsanalytics": "[property]\nenable=1\n", "camera": "gate"}),
            ("POST", "/api/v1/try-camera", {"url": "/x"}),
        ]:
            readers.clear()
            await client.request(method, path, json=body)
            assert readers, path
            assert threading.current_thread() not in readers, (method, path)

    with_api(tmp_path, play)
