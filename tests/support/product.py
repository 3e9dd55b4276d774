"""The whole product as its users run it: `camwire run CONFIG.yaml` in processes of its own."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from websockets.asyncio.client import ClientConnection, connect

from tests.support.waiting import wait_for

START_TIMEOUT = 60.0
STOP_TIMEOUT = 30.0
"""Seconds within which everything must have ended after Ctrl-C; one is enough where there is time."""


@dataclass
class Product:
    """A running camwire: its process, what it has printed, its viewer's address."""

    process: subprocess.Popen[str]
    output: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.output)

    @property
    def url(self) -> str:
        """The viewer's address, as soon as it has been printed."""

        def found() -> re.Match[str] | None:
            assert self.process.poll() is None, f"camwire ended early:\n{self.text}"
            return re.search(r"https?://[\w.:\[\]]+/", self.text)

        return wait_for(found, "camwire to print its address", START_TIMEOUT).group().rstrip("/")

    @property
    def socket_url(self) -> str:
        return self.url.replace("http", "ws", 1) + "/ws"

    def family(self) -> list[psutil.Process]:
        """The server and everything that it has started."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def worker(self) -> psutil.Process:
        """The worker's process, as soon as there is one."""

        def found() -> list[psutil.Process]:
            return [one for one in self.family()[1:] if "worker" in _words(one)]

        return wait_for(found, "a worker", START_TIMEOUT)[0]

    def interrupt(self) -> int:
        """Ctrl-C: returns the exit status; fails if anything outlives it."""
        family = self.family()
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(STOP_TIMEOUT)
        wait_for(lambda: not any(one.is_running() for one in family), "every process to end", STOP_TIMEOUT)
        return status


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@contextmanager
def camwire(
    *arguments: str, environment: dict[str, str] | None = None, module: str = "camwire"
) -> Iterator[Product]:
    """Run `camwire ARGUMENTS`, or another module like it; whatever still runs at the end is killed."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **(environment or {})},
        start_new_session=True,
    )
    product = Product(process)
    reader = threading.Thread(target=_read, args=(process, product.output), daemon=True)
    reader.start()
    family: list[psutil.Process] = []
    try:
        yield product
        if process.poll() is None:
            family = product.family()
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for one in family:
            if one.is_running():
                one.kill()
        reader.join(5)
        assert process.stdout is not None
        process.stdout.close()


def _read(process: subprocess.Popen[str], lines: list[str]) -> None:
    assert process.stdout is not None
    lines.extend(iter(process.stdout.readline, ""))


def write_config(folder: Path, cameras: list[dict[str, Any]], **sections: Any) -> Path:
    """A configuration on a free port; JSON is YAML."""
    path = folder / "camwire.yaml"
    document = {"cameras": cameras, "server": {"port": 0}, **sections}
    path.write_text(json.dumps(document, indent=1))
    return path


@dataclass
class Seen:
    """What a client has received so far."""

    pictures: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    stats: list[dict[str, Any]] = field(default_factory=list)
    toggles: list[dict[str, bool]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def take(self, message: str | bytes) -> None:
        """Sort one message in; fails on anything that the protocol doesn't know."""
        if isinstance(message, bytes):
            length = message[0]
            self.pictures[message[1 : 1 + length].decode()].append(message[1 + length :])
            return
        document = json.loads(message)
        match document["type"]:
            case "stats":
                self.stats.append(document)
            case "toggles":
                self.toggles.append(document["toggles"])
            case "error":
                self.errors.append(document["message"])
            case other:
                raise AssertionError(f"unknown message type {other!r}")

    def camera(self, name: str) -> dict[str, Any]:
        """The newest statistics of a camera; empty before the first."""
        return self.stats[-1]["cameras"].get(name, {}) if self.stats else {}


async def until(
    socket: ClientConnection, seen: Seen, condition: Callable[[], Any], what: str, timeout: float = 60
) -> Any:
    """Receive until ``condition`` is truthy; fail with ``what`` after ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        try:
            seen.take(await asyncio.wait_for(socket.recv(), max(0.01, deadline - time.monotonic())))
        except TimeoutError:
            raise AssertionError(
                f"not within {timeout:g} s: {what}; last statistics: {seen.stats[-1:]}"
            ) from None
    return value


def as_client(product: Product, play: Callable[[ClientConnection, Seen], Awaitable[None]]) -> Seen:
    """Connect a WebSocket client and let ``play`` use it; returns all that it saw."""
    seen = Seen()

    async def session() -> None:
        async with connect(product.socket_url, max_size=None) as socket:
            await play(socket, seen)

    asyncio.run(session())
    return seen
