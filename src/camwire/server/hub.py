"""Who is connected, and what each of them gets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from camwire.server import wire
from camwire.server.desired import Desired, UnknownToggleError
from camwire.server.mailbox import Mailbox, Picture


@dataclass(slots=True)
class Client:
    """One connection. Its writer takes from the mailbox and waits on ``wake`` when that is empty."""

    id: int
    address: str
    mailbox: Mailbox = field(default_factory=Mailbox)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    sent: int = 0
    """Pictures."""

    async def next(self) -> Picture | str:
        """The next message for this client, as soon as there is one."""
        while (message := self.mailbox.take()) is None:
            self.wake.clear()
            await self.wake.wait()
        return message


class Hub:
    """Hands pictures and messages to clients and turns their wishes into desired state.

    For now every client watches every camera. Everything here happens in the event loop's thread and
    returns at once.
    """

    def __init__(self, desired: Desired, changed: Callable[[], None], cleared: Callable[[], None]) -> None:
        """``changed``: the desired state has a new revision. ``cleared``: statistics start anew."""
        self.clients: dict[int, Client] = {}
        self.connected_so_far = 0
        self._desired = desired
        self._changed = changed
        self._cleared = cleared
        self._cameras = _ids(desired)

    def configured(self) -> None:
        """The desired state follows another configuration: cameras or toggles may be others."""
        self._cameras = _ids(self._desired)
        self._desired.watch(self._cameras if self.clients else ())
        self.broadcast("toggles", wire.toggles_message(self._desired.toggles))
        self._changed()

    def join(self, address: str) -> Client:
        """A client has connected: it is told the toggles."""
        self.connected_so_far += 1
        client = Client(self.connected_so_far, address)
        self.clients[client.id] = client
        client.mailbox.put_latest("toggles", wire.toggles_message(self._desired.toggles))
        self._watch()
        return client

    def leave(self, client: Client) -> None:
        self.clients.pop(client.id, None)
        self._watch()

    def publish(self, camera: str, jpeg: bytes | memoryview, arrived: float) -> None:
        """Give a picture to everyone who watches; one of a camera that isn't configured goes nowhere."""
        if not self.clients or camera not in self._cameras:
            return
        picture = Picture(camera, wire.picture(camera, jpeg), arrived)
        for client in self.clients.values():
            client.mailbox.put_picture(picture)
            client.wake.set()

    def broadcast(self, kind: str, text: str) -> None:
        """Give everyone a message of which only the newest matters."""
        for client in self.clients.values():
            client.mailbox.put_latest(kind, text)
            client.wake.set()

    def handle(self, client: Client, message: str | bytes) -> wire.Refused | None:
        """Do what a client asks; a Refused ends its connection."""
        parsed = wire.parse_client_message(message)
        if isinstance(parsed, wire.SetVisToggle):
            parsed = self._set_toggle(parsed)
        elif isinstance(parsed, wire.ClearStats):
            self.clear_statistics()
        if isinstance(parsed, wire.Wrong):
            client.mailbox.put_text(wire.error_message(parsed.problem))
            client.wake.set()
        return parsed if isinstance(parsed, wire.Refused) else None

    def set_toggle(self, name: str, enabled: bool) -> None:
        """Set a toggle and tell everyone. Raises UnknownToggleError."""
        changed = self._desired.set_toggle(name, enabled)
        self.broadcast("toggles", wire.toggles_message(self._desired.toggles))
        if changed:
            self._changed()

    def _set_toggle(self, wish: wire.SetVisToggle) -> wire.SetVisToggle | wire.Wrong:
        try:
            self.set_toggle(wish.toggle, wish.enabled)
        except UnknownToggleError:
            return wire.unknown_toggle(wish.toggle, self._desired.toggles)
        return wish

    def clear_statistics(self) -> None:
        """Have everything counted anew."""
        for client in self.clients.values():
            client.sent = 0
            client.mailbox.dropped.clear()
        self._desired.clear_statistics()
        self._cleared()
        self._changed()

    def _watch(self) -> None:
        if self._desired.watch(self._cameras if self.clients else ()):
            self._changed()


def _ids(desired: Desired) -> frozenset[str]:
    return frozenset(camera.id for camera in desired.config.cameras)
