"""Who is connected, and what each of them gets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from camwire.link.pictures import FrameHeader, Rendition, decode_objects
from camwire.server import wire
from camwire.server.desired import Desired, UnknownToggleError, Views
from camwire.server.mailbox import Mailbox, Picture
from camwire.server.websocket import SharedMessage
from camwire.server.wish import Framing, Wish, wish_of

Objection = Callable[[wire.ClientMessage], wire.Wrong | None]
"""Why a client may not have what it asks for."""

log = structlog.get_logger()


class ClosedError(Exception):
    """Nothing more comes for this client."""


@dataclass(slots=True)
class Client:
    """One connection. Its writer takes from the mailbox and waits on ``wake`` when that is empty."""

    id: int
    address: str
    wish: Wish = field(default_factory=Wish)
    mailbox: Mailbox = field(default_factory=Mailbox)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    since: float = field(default_factory=time.time)
    """When it connected, UTC."""
    sent: int = 0
    """Pictures."""
    closed: bool = False

    async def next(self) -> Picture | str:
        """The next message for this client, as soon as there is one. Raises ClosedError."""
        while (message := self.mailbox.take()) is None:
            if self.closed:
                raise ClosedError
            self.wake.clear()
            await self.wake.wait()
        return message

    async def next_picture(self) -> Picture:
        """The next picture, past all text. Raises ClosedError."""
        while isinstance(message := await self.next(), str):
            pass
        return message


class Hub:
    """Hands pictures and messages to clients and turns their wishes into desired state.

    Everything here happens in the event loop's thread and returns at once.
    """

    def __init__(
        self,
        desired: Desired,
        changed: Callable[[], None],
        cleared: Callable[[], None],
        rules_cleared: Callable[[Collection[str]], None] = lambda _: None,
    ) -> None:
        """``changed``: the desired state has a new revision. ``cleared``: statistics start anew;
        ``rules_cleared``: the counts of these rules do."""
        self.clients: dict[int, Client] = {}
        self.connected_so_far = 0
        self._desired = desired
        self._changed = changed
        self._cleared = cleared
        self._rules_cleared = rules_cleared
        self._cameras = _ids(desired)

    def configured(self) -> None:
        """The desired state follows another configuration: cameras or toggles may be others."""
        self._cameras = _ids(self._desired)
        self._desired.watch(wanted_views(self.clients.values(), self._cameras))
        self.broadcast("toggles", wire.toggles_message(self._desired.toggles))
        self._changed()

    def join(self, address: str, wish: Wish | None = None) -> Client:
        """A client has connected: it is told the toggles."""
        self.connected_so_far += 1
        client = Client(self.connected_so_far, address, wish or Wish())
        self.clients[client.id] = client
        client.mailbox.put_latest("toggles", wire.toggles_message(self._desired.toggles))
        self._watch()
        return client

    def leave(self, client: Client) -> None:
        self.clients.pop(client.id, None)
        self._watch()

    def close_streams(self) -> None:
        """The server stops: let everyone who waits in `Client.next` go, when all has been taken."""
        for client in self.clients.values():
            client.closed = True
            client.wake.set()

    def publish(self, header: FrameHeader, payload: bytes | memoryview) -> None:
        """Give what was made of a frame to all who want it; of a camera that isn't configured to nobody."""
        if header.camera not in self._cameras:
            return
        messages: dict[Framing, Picture] = {}
        for client in self.clients.values():
            wish = client.wish
            if not wish.wants(header.camera, header.rendition, header.arrived):
                continue
            if (picture := messages.get(wish.framing)) is None:
                try:
                    picture = framed(header, payload, wish.framing)
                except (ValueError, LookupError) as error:
                    log.warning("a worker sent what makes no sense; it is left out", problem=str(error))
                    return
                messages[wish.framing] = picture
            client.mailbox.put_picture(picture)
            client.wake.set()

    def wants_events(self, camera: str) -> bool:
        """Whether anyone wants the events of a camera."""
        return any(client.wish.wants_events(camera) for client in self.clients.values())

    def tell_event(self, camera: str, event: Mapping[str, Any]) -> None:
        """Give an event, as programs get it, to all who want those of its camera."""
        text: str | None = None
        for client in self.clients.values():
            if client.wish.wants_events(camera):
                text = text or wire.event_message(event)
                client.mailbox.put_text(text)
                client.wake.set()

    def broadcast(self, kind: str, text: str) -> None:
        """Give everyone a message of which only the newest matters."""
        for client in self.clients.values():
            client.mailbox.put_latest(kind, text)
            client.wake.set()

    def handle(
        self, client: Client, message: str | bytes, objection: Objection = lambda _: None
    ) -> wire.Refused | None:
        """Do what a client asks, unless there is an objection; a Refused ends its connection."""
        parsed = wire.parse_client_message(message)
        if isinstance(parsed, wire.ClientMessage):
            parsed = objection(parsed) or parsed
        if isinstance(parsed, wire.SetVisToggle):
            parsed = self._set_toggle(parsed)
        elif isinstance(parsed, wire.ClearStats):
            parsed = self._clear(parsed)
        elif isinstance(parsed, wire.Subscribe):
            parsed = self._subscribe(client, parsed)
        if isinstance(parsed, wire.Wrong):
            client.mailbox.put_text(wire.error_message(parsed.problem))
            client.wake.set()
        return parsed if isinstance(parsed, wire.Refused) else None

    def _subscribe(self, client: Client, wish: wire.Subscribe) -> wire.Subscribe | wire.Wrong:
        if unknown := [name for name in wish.cameras or () if name not in self._cameras]:
            return wire.unknown_cameras(unknown)
        client.wish = wish_of(wish)
        client.mailbox.drop_pictures()
        client.mailbox.put_text(wire.subscribed_message(wish))
        client.wake.set()
        self._watch()
        return wish

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

    def _clear(self, wish: wire.ClearStats) -> wire.ClearStats | wire.Wrong:
        if wish.rules is None:
            self.clear_statistics()
            return wish
        known = {rule.name for rule in self._desired.config.rules}
        if unknown := [name for name in wish.rules if name not in known]:
            return wire.unknown_rules(unknown)
        self.clear_rules(wish.rules)
        return wish

    def clear_rules(self, names: Collection[str]) -> None:
        """Have these rules count anew, which are known; who is inside stays counted."""
        self._desired.clear_rules(names)
        self._rules_cleared(names)
        self._changed()

    def clear_statistics(self) -> None:
        """Have everything counted anew."""
        for client in self.clients.values():
            client.sent = 0
            client.mailbox.dropped.clear()
        self._desired.clear_statistics()
        self._cleared()
        self._changed()

    def _watch(self) -> None:
        if self._desired.watch(wanted_views(self.clients.values(), self._cameras)):
            self._changed()


def framed(header: FrameHeader, payload: bytes | memoryview, framing: Framing) -> Picture:
    """The message for what was made of a frame. Raises ValueError for objects that are none."""
    message: bytes | str
    if header.rendition == "objects":
        message = wire.objects_message(header, decode_objects(payload))
    elif framing == "extended":
        message = SharedMessage(wire.extended_picture(header, payload))
    elif framing == "plain":
        message = SharedMessage(wire.picture(header.camera, payload))
    else:
        message = bytes(payload)
    return Picture(header.camera, message, header.arrived, header.captured, header.sequence)


def wanted_views(clients: Iterable[Client], cameras: frozenset[str]) -> Views:
    """The union of what clients want; of two rates the higher."""
    views: dict[tuple[str, Rendition], float] = {}
    for wish in (client.wish for client in clients):
        for camera in cameras if wish.cameras is None else wish.cameras & cameras:
            for rendition in wish.renditions:
                known = views.get((camera, rendition), wish.max_fps)
                both = known and wish.max_fps
                views[camera, rendition] = max(known, wish.max_fps) if both else 0.0
    return views


def _ids(desired: Desired) -> frozenset[str]:
    return frozenset(camera.id for camera in desired.config.cameras)
