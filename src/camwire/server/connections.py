"""uvicorn's HTTP connection, with a bound on how many there are and how long they take."""

from __future__ import annotations

import asyncio
import resource
import time
from asyncio.transports import Transport
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import h11
import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol

from camwire.config.server import ServerConfig
from camwire.server.auth.tries import address_key
from camwire.server.origin import is_loopback

HEADERS_TIMEOUT = 10.0
"""Seconds that a request's headers may take."""
REST_TIMEOUT = 30.0
"""Seconds that the rest of a body may take that came too late for its answer, or that nobody wanted."""
TAKING_TIMEOUT = 60.0
"""Seconds that a client may take nothing of an answer."""
LARGEST_HEADERS = 16 << 10
"""Bytes."""
SPARE_FILES = 4096
"""Open files beside those of established connections: workers, databases, connections that begin."""
LOG_EVERY = 10.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Limits:
    """How many connections there may be, WebSockets included."""

    all: int
    per_address: int

    def refuses(self, address: str, others: Iterable[str]) -> bool:
        """Whether one more from ``address`` is too many beside ``others``, the addresses of those there are.

        A proxy on this machine is many clients, so loopback addresses have no bound of their own.
        """
        known = [address_key(other) for other in others]
        if len(known) >= self.all:
            return True
        return not is_loopback(address) and known.count(address_key(address)) >= self.per_address


def limits_of(server: ServerConfig) -> Limits:
    return Limits(server.max_connections, server.max_connections_per_address)


def allow_files(limits: Limits) -> None:
    """Let the process have as many open files as its connections may need, where the system permits."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.all + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        if allowed < wanted:
            log.warning("the system allows fewer open files than server.max_connections needs", files=allowed)


class BoundedHttp(H11Protocol):
    """Pass a subclass with ``limits`` to ``uvicorn.Config(http=...)``."""

    limits: Limits
    refused: Counter[str]
    """By cause: see ``Refusals.connections``."""
    headers_timeout = HEADERS_TIMEOUT
    rest_timeout = REST_TIMEOUT
    taking_timeout = TAKING_TIMEOUT
    _logged = float("-inf")

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        self._timers: dict[str, asyncio.TimerHandle] = {}
        others = [_address(getattr(connection, "client", None)) for connection in self.connections]
        super().connection_made(transport)
        if self.limits.refuses(_address(self.client), others):
            self._log_refusal(len(others))
            self.refused["too_many" if len(others) >= self.limits.all else "address"] += 1
            self._end_with(b"503 Service Unavailable", b"Retry-After: 5\r\n")
        else:
            self._arm("headers", self.headers_timeout, self._too_slow)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # IDLE: of the next request not all headers have come.
        if self.conn.their_state is h11.IDLE:
            self._arm("headers", self.headers_timeout, self._too_slow)
        else:
            self._disarm("headers")
        # With the first byte behind an answer, uvicorn no longer counts the connection as idle.
        if self.conn.our_state is h11.DONE and self.conn.their_state is h11.SEND_BODY:
            self._arm("rest", self.rest_timeout, self._too_long)
        else:
            self._disarm("rest")

    def connection_lost(self, exc: Exception | None) -> None:
        for name in list(self._timers):
            self._disarm(name)
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand over; the WebSocket library reads the headers again and says nothing where it gives up."""
        super().handle_websocket_upgrade(event)
        if not getattr(self.transport.get_protocol(), "handshake_initiated", False):
            self.refused["large_headers"] += 1
            self._end_with(b"431 Request Header Fields Too Large")

    def pause_writing(self) -> None:
        super().pause_writing()
        self._arm("taking", self.taking_timeout, self._takes_nothing)

    def resume_writing(self) -> None:
        self._disarm("taking")
        super().resume_writing()

    def _arm(self, name: str, seconds: float, action: Callable[[], None]) -> None:
        if name not in self._timers:
            self._timers[name] = self.loop.call_later(seconds, action)

    def _disarm(self, name: str) -> None:
        if (timer := self._timers.pop(name, None)) is not None:
            timer.cancel()

    def _takes_nothing(self) -> None:
        self.refused["takes_nothing"] += 1
        self.transport.abort()

    def _too_slow(self) -> None:
        self.refused["slow_headers"] += 1
        self._end_with(b"408 Request Timeout")

    def _too_long(self) -> None:
        self.refused["slow_body"] += 1
        self.transport.abort()

    def _end_with(self, status: bytes, header: bytes = b"") -> None:
        if not self.transport.is_closing():
            head = b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n%s\r\n" % (status, header)
            self.transport.write(head)
            self.transport.close()

    def _log_refusal(self, connections: int) -> None:
        now = time.monotonic()
        if now - BoundedHttp._logged > LOG_EVERY:
            BoundedHttp._logged = now
            log.warning(
                "connections are refused: there are too many",
                address=_address(self.client),
                connections=connections,
            )


def bounded_http(limits: Limits, refused: Counter[str]) -> type[BoundedHttp]:
    """The connection class with these limits; it counts in ``refused``."""
    return type("LimitedHttp", (BoundedHttp,), {"limits": limits, "refused": refused})


def _address(client: tuple[str, int] | None) -> str:
    return client[0] if client is not None else ""
