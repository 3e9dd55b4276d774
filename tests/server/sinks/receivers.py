"""Receivers for the sinks' tests: a real HTTP server that answers as it is told, and a broker."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from camwire.config.events import EventsConfig
from camwire.config.sinks import SinkConfig
from camwire.server.events.event import StoredEvent
from camwire.server.events.keeper import EventKeeper
from camwire.server.events.store import Bounds, EventStore
from camwire.server.sinks.backoff import Backoff
from camwire.server.sinks.contract import Sink
from camwire.server.sinks.courier import Courier
from tests.server.running import until


class Impatient(Backoff):
    """Tries again at once, nearly; remembers how long it should have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.delays: list[float] = []

    def failed(self, asked: float = 0.0) -> float:
        self.delays.append(super().failed(asked))
        return 0.01


class Receiver:
    """What came, and what is answered: the next of ``answers``, or 200."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[int | None] = []
        """None: the connection is cut without an answer."""

    @property
    def numbers(self) -> list[int]:
        return [json.loads(body)["number"] for body in self.bodies]


@contextmanager
def receiving(receiver: Receiver, port: int = 0) -> Iterator[str]:
    """A server that answers for ``receiver``; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:  # the sender was killed in the middle of it
                self.close_connection = True
                return
            answer = receiver.answers.pop(0) if receiver.answers else 200
            if answer == 200:
                receiver.bodies.append(body)
                receiver.headers.append(dict(self.headers))
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer)
            self.send_header("Content-Length", "2")
            if answer == 429:
                self.send_header("Retry-After", "0.01")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def event(number: int, camera: str = "gate", kind: str = "in") -> StoredEvent:
    return StoredEvent(
        f"w-{number}", 1000.0 + number, camera, "door", kind, {"class": "person", "object": number}
    )


def keep(folder: Path, events: Sequence[StoredEvent], **bounds: Any) -> None:
    """Put events into the file, as the server does."""
    store = EventStore(folder / "events.db", Bounds(**bounds))
    store.add(events)
    store.close()


def begin(folder: Path, *names: str) -> None:
    """Have sinks of these names begin before the first event."""
    store = EventStore(folder / "events.db", Bounds())
    for name in names:
        store.cursor(name)
    store.close()


async def ignore(*_: Any) -> None:
    pass


def couriered(
    folder: Path,
    settings: SinkConfig,
    sink: Sink,
    play: Callable[[Courier], Awaitable[None]],
    backoff: Backoff | None = None,
) -> Courier:
    """Let ``play`` watch a courier that runs."""

    async def run() -> Courier:
        keeper = EventKeeper(EventsConfig(), folder, ignore)
        courier = Courier(settings, sink, keeper, StoredEvent.as_json, backoff=backoff or Impatient())
        tasks = [asyncio.create_task(keeper.run()), asyncio.create_task(courier.run())]
        try:
            await play(courier)
        finally:
            tasks[1].cancel()
            await asyncio.gather(tasks[1], return_exceptions=True)
            tasks[0].cancel()
            await asyncio.gather(tasks[0], return_exceptions=True)
        return courier

    return asyncio.run(run())


async def delivered(courier: Courier, number: int) -> None:
    await until(lambda: courier.delivered >= number, f"{number} events to be delivered", 60)


async def all_delivered(courier: Courier) -> None:
    """Whatever waited when it began, at least one event."""

    def done() -> bool:
        return courier.delivered > 0 and courier.state()["waiting"] == 0

    await until(done, "every event to be delivered", 50)
