"""Each event as JSON in an HTTP POST of its own, signed."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from http import HTTPStatus

import httpx

from camwire import __version__
from camwire.server.sinks.contract import Document, NeverError, NotNowError

SIGNATURE = "Camwire-Signature"
EVENT_ID = "Camwire-Event"
REFUSING = frozenset({400, 409, 410, 411, 413, 414, 415, 422})
"""What a receiver answers that will never take this very event. Any other answer but success (no such path,
no right, too many, a fault of the server) may change when somebody mends it: the event is sent again."""
LARGEST_ANSWER = 64 << 10
"""Bytes that are read of an answer."""


def signature(secret: str, moment: int, body: bytes) -> str:
    """`t=MOMENT,v1=HEX`: HMAC-SHA256 over the moment (seconds since 1970), a dot and the body."""
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


class Webhook:
    """One connection, kept open between events, opened again after a failure. Redirects aren't followed."""

    def __init__(
        self,
        url: str,
        secret: str | None = None,
        timeout: float = 10.0,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._url = url
        self._secret = secret
        self._timeout = timeout
        self._clock = clock
        self._client: httpx.AsyncClient | None = None

    async def deliver(self, events: Sequence[Document]) -> None:
        for number, event in enumerate(events):
            try:
                status, after = await self._post(event)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise NotNowError(f"the receiver can't be reached: {_words(error)}", number) from None
            if status in REFUSING:
                raise NeverError(f"the receiver answers {_named(status)}", number)
            if not 200 <= status < 300:
                raise NotNowError(f"the receiver answers {_named(status)}", number, after)

    async def close(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    async def _post(self, event: Document) -> tuple[int, float]:
        """The answer's status, and the seconds after which it wants to be asked again."""
        if self._client is None:
            # All certificates of authorities are read for it: tens of milliseconds.
            self._client = await asyncio.to_thread(httpx.AsyncClient, timeout=self._timeout)
        body = json.dumps(event, ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"camwire/{__version__}",
            EVENT_ID: str(event["id"]),
        }
        if self._secret is not None:
            headers[SIGNATURE] = signature(self._secret, int(self._clock()), body)
        async with self._client.stream("POST", self._url, content=body, headers=headers) as answer:
            read = 0
            async for part in answer.aiter_raw():  # to its end, or the connection can't be used again
                read += len(part)
                if read > LARGEST_ANSWER:
                    break
            after = 0.0
            with suppress(ValueError):
                after = float(answer.headers.get("Retry-After", 0))
            return answer.status_code, after if after > 0 else 0.0


def _words(error: Exception) -> str:
    return str(error) or f"{type(error).__name__}"


def _named(status: int) -> str:
    with suppress(ValueError):
        return f"{status} {HTTPStatus(status).phrase}"
    return str(status)
