"""A running camwire, edited at random, with somebody who watches the cameras that nobody touches."""

from __future__ import annotations

import json
import signal
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
from ruamel.yaml import YAML
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from camwire.config import Config, ConfigError, load
from camwire.server.wire import parse_extended
from tests.live.edits import WITNESSES, Document, Editor, FileEdit, Request
from tests.support.product import Product
from tests.support.waiting import wait_for

GO_ON_EVERY = 20
"""Edits between two looks whether the witnesses' pictures go on."""


class Watcher:
    """Gets the witnesses' pictures, with their numbers, over one connection."""

    def __init__(self) -> None:
        self.sequences: defaultdict[str, list[int]] = defaultdict(list)

    def read(self, socket: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            for message in socket:
                if isinstance(message, bytes) and message[0] == 0:
                    header, _ = parse_extended(message)
                    self.sequences[header.camera].append(header.sequence)

    def go_on(self) -> None:
        before = {camera: len(self.sequences[camera]) for camera in WITNESSES}
        wait_for(
            lambda: all(len(self.sequences[camera]) > before[camera] for camera in WITNESSES),
            "new pictures of the cameras that nobody touches",
            30,
        )


@contextmanager
def watching(url: str) -> Iterator[Watcher]:
    """Somebody who has had pictures of both witnesses already."""
    watcher = Watcher()
    wish = {"type": "subscribe", "cameras": WITNESSES, "size": "thumbnail", "header": "extended"}
    with connect(url, max_size=None) as socket:
        thread = threading.Thread(target=watcher.read, args=(socket,), daemon=True)
        socket.send(json.dumps(wish))
        thread.start()
        try:
            watcher.go_on()
            yield watcher
        finally:
            socket.close()
            thread.join(10)


class Session:
    """Holds the product to what it is told: a sound edit is used whole, an unsound one not at all."""

    def __init__(self, product: Product, path: Path, editor: Editor) -> None:
        self.product, self.path, self._editor = product, path, editor
        self.running = load(path)
        self.document: Document = self._read()
        self.problems: list[str] = []
        self.made = {"sound": 0, "unsound": 0}
        self._http = httpx.Client(base_url=product.url, timeout=30)

    def edit(self, count: int) -> None:
        with watching(self.product.socket_url) as watcher, self._http:
            worker = self._worker()
            for number in range(1, count + 1):
                edit = self._editor.next(self.document)
                if isinstance(edit, FileEdit):
                    self._write(edit, number)
                else:
                    self._ask(edit)
                if number % GO_ON_EVERY == 0:
                    watcher.go_on()
            watcher.go_on()
            assert self._worker() == worker, "the worker was replaced"
        for camera in WITNESSES:
            numbers = watcher.sequences[camera]
            assert all(earlier < later for earlier, later in pairwise(numbers)), camera
        assert self.product.process.poll() is None
        assert "Traceback" not in self.product.text

    def _worker(self) -> dict[str, Any]:
        [worker] = self._get("/api/v1/system")["workers"]
        return {key: worker[key] for key in ("phase", "pid", "restarts")}

    def _write(self, edit: FileEdit, number: int) -> None:
        """In place, as some editors do it, or in one step; then SIGHUP, or a program asks to reload."""
        before = self.path.read_bytes() if self.path.exists() else None
        if edit.content is None:
            self.path.unlink(missing_ok=True)
        elif number % 2:
            self.path.write_bytes(edit.content)
        else:
            new = self.path.with_suffix(".new")
            new.write_bytes(edit.content)
            new.replace(self.path)
        if number % 4:
            self.product.process.send_signal(signal.SIGHUP)
        else:
            self._http.post("/api/v1/configuration/reload").raise_for_status()
        self._expect_what_the_file_says(before)

    def _ask(self, request: Request) -> None:
        broken = bool(self.problems)
        before = self.path.read_bytes() if self.path.exists() else None
        answer = self._http.request(request.method, httpx.URL(path=request.path), json=request.body)
        assert answer.status_code < 500, answer.text
        unwritten = request.path.endswith(("toggles", "reload"))
        if request.sound and (not broken or unwritten):
            assert answer.is_success, (request, answer.text)
        else:
            assert answer.is_client_error, (request, answer.text)
            told = answer.json()
            assert told, "the answer says nothing"
            assert (self.path.read_bytes() if self.path.exists() else None) == before
        self._expect_what_the_file_says(before)

    def _expect_what_the_file_says(self, written: bytes | None) -> None:
        """``written``: what the file held before; where it holds that still, nothing has to be read again."""
        now = self.path.read_bytes() if self.path.exists() else None
        if now != written:
            try:
                self.running, self.problems = load(self.path), []
                self.document = self._read()
            except ConfigError as error:
                self.problems = [str(problem) for problem in error.problems]
        self.made["unsound" if self.problems else "sound"] += 1
        assert all(problem.startswith(f"{self.path}") for problem in self.problems)
        wait_for(lambda: self._told() == self.problems, f"problems to be told: {self.problems}")
        wanted = _as_told(self.running)
        wait_for(lambda: self._cameras() == wanted, "the cameras to be as the last sound file says")

    def _told(self) -> list[str]:
        state = self._get("/api/v1/configuration")
        assert state["in_use"] == (not state["problems"])
        problems: list[str] = state["problems"]
        return problems

    def _cameras(self) -> list[Any]:
        return [camera["settings"] for camera in self._get("/api/v1/cameras")]

    def _get(self, path: str) -> Any:
        return self._http.get(path).raise_for_status().json()

    def _read(self) -> Document:
        document: Document = YAML(typ="safe").load(self.path)
        return document


def _as_told(config: Config) -> list[Any]:
    return [camera.model_dump(mode="json") for camera in config.cameras]
