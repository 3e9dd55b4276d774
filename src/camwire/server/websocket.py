"""uvicorn's WebSocket connection, with everything that waits for a client bounded in size and time.

uvicorn's ``send`` waits for room before it writes. Here it also waits after it, until the kernel has taken
the last byte: that moment is what latency is measured to, and at most one message is in our own memory. A
client for which this takes too long is cut off.
"""

from __future__ import annotations

import asyncio
from asyncio.transports import BaseTransport
from functools import cached_property
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State

from camwire.server import wire

DRAIN_TIMEOUT = 20.0
"""Seconds that a client may take over one message."""
LINGER = 2.0
"""Seconds that a client has to read our close frame before the connection is cut."""


class SharedMessage(bytes):
    """A binary message to many clients: what goes over their wires is made once, and the same for all."""

    @cached_property
    def frame(self) -> bytes:
        return Frame(Opcode.BINARY, self).serialize(mask=False)


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """Pass it to ``uvicorn.Config(ws=...)``."""

    drain_timeout = DRAIN_TIMEOUT

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        # Nothing may stay in the transport's buffer: writable means the kernel has it all. Under TLS, where
        # asyncio takes 0 for always too much, it means that all but the last 64 KiB have gone to the kernel.
        encrypted = self.transport.get_extra_info("sslcontext") is not None
        self.transport.set_write_buffer_limits(high=1 if encrypted else 0)
        self._pong: bytes | None = None

    async def send(self, message: Any) -> None:
        """Write a message and wait until the kernel has it. Raises ClientDisconnected (an OSError)."""
        try:
            async with asyncio.timeout(self.drain_timeout):
                if isinstance(shared := message.get("bytes"), SharedMessage) and not self.conn.extensions:
                    await self._send_shared(shared)
                else:
                    await super().send(message)
                await self.writable.wait()
        except TimeoutError:
            self._give_up(wire.TOO_SLOW, f"nothing was read for {self.drain_timeout:g} s")
            raise ClientDisconnected from None

    async def _send_shared(self, message: SharedMessage) -> None:
        """What uvicorn does with bytes, without two copies of them for each client."""
        await self.writable.wait()
        if self.disconnected or self.close_sent or self.conn.state is not State.OPEN:
            raise ClientDisconnected
        # Of what the kernel doesn't take at once, asyncio would copy a slice of bytes.
        self.transport.write(memoryview(message.frame))

    def shutdown(self) -> None:
        """The server stops: say so (uvicorn would say 1012, service restart)."""
        if self.handshake_complete and not self.close_sent:
            self._give_up(wire.GOING_AWAY, "the server stops")
        else:
            super().shutdown()

    def handle_ping(self) -> None:
        """Answer; while the client reads nothing, only the newest ping, or answers would pile up."""
        answer = b"".join(self.conn.data_to_send())
        if self.writable.is_set():
            self.transport.write(answer)
        else:
            self._pong = answer

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._pong is not None:
            pong, self._pong = self._pong, None
            self.transport.write(pong)

    def send_receive_event_to_app(self) -> None:
        """Hand a whole message on; text that isn't UTF-8 ends the connection without a line in the log."""
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.conn.fail(CloseCode.INVALID_DATA, "text that isn't UTF-8")
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    def handle_parser_exception(self) -> None:
        """The client broke the protocol: say so, and go on reading until it has heard.

        Closing at once, with bytes of the client's unread, would reset the connection and take the close
        frame with it.
        """
        self.stop_keepalive()
        if self.close_sent:
            return
        closing = self.conn.close_sent
        assert closing is not None
        self._disconnect(closing.code, closing.reason)
        self._say_goodbye()

    def _give_up(self, code: int, reason: str) -> None:
        self.stop_keepalive()
        if not self.close_sent and self.conn.state is State.OPEN:
            self.conn.send_close(code, reason)
        self._disconnect(code, reason)
        self._say_goodbye()

    def _disconnect(self, code: int, reason: str) -> None:
        """Tell the application that this connection is over."""
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})

    def _say_goodbye(self) -> None:
        """Send what is queued and the stream's end; cut the connection when the client doesn't follow."""
        if self.disconnected:
            return
        self.close_sent = True
        if not self.transport.is_closing():
            self.transport.write(b"".join(self.conn.data_to_send()))
            if self.transport.can_write_eof():
                self.transport.write_eof()
            if self.read_paused:
                self.read_paused = False
                self.transport.resume_reading()
        if self.close_timer is not None:
            self.close_timer.cancel()
        self.close_timer = self.loop.call_later(LINGER, self.transport.abort)
