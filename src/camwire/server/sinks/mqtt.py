"""Each event as JSON in an MQTT message of QoS 1: the broker has it when ``deliver`` is done."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from camwire.config.sinks import PLACEHOLDERS
from camwire.installing import own_pip
from camwire.server.sinks.contract import Document, NotNowError

MISSING = f"MQTT needs the package aiomqtt; add it with: {own_pip('pip install aiomqtt')}"
PLAIN_PORT, TLS_PORT = 1883, 8883
UNSAFE = "/+#\0%"
"""What would mean something in a topic, and what stands for it."""

ClientFactory = Callable[..., Any]


class NoPackageError(Exception):
    """A package isn't installed; the message says how to get it."""


def client_factory() -> ClientFactory:
    """aiomqtt's client. Raises NoPackageError."""
    try:
        import aiomqtt
    except ModuleNotFoundError:
        raise NoPackageError(MISSING) from None
    return aiomqtt.Client


def topic_of(template: str, event: Document) -> str:
    """The event's topic; what means something in a topic is percent-encoded in its values."""
    return template.format(**{name: _level(str(event.get(name) or "none")) for name in PLACEHOLDERS})


def _level(value: str) -> str:
    return "".join(quote(sign, safe="") if sign in UNSAFE else sign for sign in value)


class Mqtt:
    """One connection to a broker, opened with the first event and again after each failure."""

    def __init__(
        self,
        url: str,
        topic: str,
        *,
        name: str,
        ca_file: str | None = None,
        timeout: float = 10.0,
    ) -> None:
        """``name`` is the client's id at the broker. Raises NoPackageError."""
        parts = urlsplit(url)
        self._tls = parts.scheme == "mqtts"
        self._options: dict[str, Any] = {
            "hostname": parts.hostname or "",
            "port": parts.port or (TLS_PORT if self._tls else PLAIN_PORT),
            "username": unquote(parts.username) if parts.username else None,
            "password": unquote(parts.password) if parts.password else None,
            "identifier": name,
            "timeout": timeout,
        }
        self._topic = topic
        self._ca_file = ca_file
        self._factory = client_factory()
        self._client: Any = None
        self._watch: asyncio.Task[None] | None = None
        """Ends when the connection does."""

    async def deliver(self, events: Sequence[Document]) -> None:
        import aiomqtt

        delivered = 0
        try:
            client = await self._connected()
            for event in events:
                payload = json.dumps(event, ensure_ascii=False)
                await client.publish(topic_of(self._topic, event), payload, qos=1)
                delivered += 1
        except (aiomqtt.MqttError, OSError, ValueError) as error:
            await self.close()
            raise NotNowError(f"the broker can't be reached: {error}", delivered) from None

    async def _connected(self) -> Any:
        if self._watch is not None and self._watch.done():
            # aiomqtt would write to a socket that is closed, and have asyncio say so.
            await self.close()
        if self._client is None:
            context = None
            if self._tls:
                context = await asyncio.to_thread(ssl.create_default_context, cafile=self._ca_file)
            client = self._factory(**self._options, tls_context=context)
            await client.__aenter__()
            self._client, self._watch = client, asyncio.create_task(_until_lost(client))
        return self._client

    async def close(self) -> None:
        import aiomqtt

        client, watch = self._client, self._watch
        self._client = self._watch = None
        if client is not None and watch is not None:
            with suppress(aiomqtt.MqttError, OSError):
                await client.__aexit__(None, None, None)
            await asyncio.wait((watch,), timeout=1)
            watch.cancel()


async def _until_lost(client: Any) -> None:
    """Wait for the connection's end, and take the reason, which otherwise asyncio says that nobody took."""
    import aiomqtt

    with suppress(aiomqtt.MqttError):
        async for _ in client.messages:
            pass  # there are none: nothing is subscribed to
