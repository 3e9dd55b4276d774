"""Servers that do it wrong, for tests: refusing, silent, talking rubbish, asking for passwords."""

from __future__ import annotations

import base64
import contextlib
import random
import socket
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

AUDIO_ONLY_SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=sound\r\nt=0 0\r\nm=audio 0 RTP/AVP 8\r\na=control:track1\r\n"
)
UNKNOWN_CODEC_SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=odd\r\nt=0 0\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 NOSUCHCODEC/90000\r\na=control:track1\r\n"
)


STUTTER_SHARE = 0.3


@contextlib.contextmanager
def refusing_port() -> Iterator[int]:
    """A port that refuses connections: bound, so that nobody else takes it, but not listening."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


class FaultServer:
    """Listens on a free port and hands each connection to ``answer`` on a thread of its own."""

    def __init__(self, answer: Callable[[socket.socket], None]) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()

    def __enter__(self) -> Self:
        self._spawn(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        for each in (self._listener, *self._connections):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        for each in (self._listener, *self._connections):
            each.close()

    @property
    def connections(self) -> int:
        """How many clients came so far."""
        return len(self._connections)

    def _spawn(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener was shut down
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                self._spawn(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            self._answer(connection)


def silent_server() -> FaultServer:
    """Accepts and never says a word."""

    def swallow(connection: socket.socket) -> None:
        while connection.recv(4096):
            pass

    return FaultServer(swallow)


def rubbish_server() -> FaultServer:
    """Answers everything with bytes that mean nothing."""

    def babble(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(bytes(range(256)) * 64)
        connection.shutdown(socket.SHUT_RDWR)

    return FaultServer(babble)


def hanging_up_server() -> FaultServer:
    """Ends each connection at once."""
    return FaultServer(lambda connection: connection.shutdown(socket.SHUT_RDWR))


class ScriptedRtsp(FaultServer):
    """Speaks just enough RTSP to answer DESCRIBE with a status or an SDP; notes Basic credentials."""

    def __init__(self, *, status: str = "200 OK", sdp: str = "", ask_password: bool = False) -> None:
        super().__init__(self._converse)
        self._status = status
        self._sdp = sdp
        self._ask_password = ask_password
        self.credentials: list[str] = []
        """``user:password`` of each request that came with one."""

    def _converse(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as lines:
            while request := _request(lines):
                method, headers = request
                connection.sendall(self._reply(method, headers).encode())

    def _reply(self, method: str, headers: dict[str, str]) -> str:
        sequence = f"CSeq: {headers.get('cseq', '0')}\r\n"
        credentials = headers.get("authorization", "")
        if credentials.startswith("Basic "):
            self.credentials.append(base64.b64decode(credentials[6:]).decode())
        if method != "DESCRIBE":
            extra = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\nSession: 1\r\n"
            if method == "SETUP":
                extra += "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
            return f"RTSP/1.0 200 OK\r\n{sequence}{extra}\r\n"
        if self._ask_password and not credentials:
            return f'RTSP/1.0 401 Unauthorized\r\n{sequence}WWW-Authenticate: Basic realm="test"\r\n\r\n'
        length = f"Content-Type: application/sdp\r\nContent-Length: {len(self._sdp)}\r\n"
        return f"RTSP/1.0 {self._status}\r\n{sequence}{length}\r\n{self._sdp}"


def _request(lines: socket.SocketIO) -> tuple[str, dict[str, str]] | None:
    first = lines.readline()
    headers = {}
    while line := lines.readline().strip():
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    return (first.split()[0].decode(), headers) if first.strip() else None


class TcpProxy(FaultServer):
    """Passes connections through to a port; can hold them up in several ways."""

    def __init__(self, target: int) -> None:
        super().__init__(self._forward)
        self._target = target
        self._open = threading.Event()
        self._open.set()
        self._stranded: set[socket.socket] = set()
        self._delay = 0.0
        self._random = random.Random(1)

    def hold(self) -> None:
        """Pass nothing on any more, in no connection; new ones are accepted and stay silent."""
        self._open.clear()

    def release(self) -> None:
        """Pass on again; what was held back comes too."""
        self._delay = 0.0
        self._open.set()

    def strand(self) -> None:
        """Pass nothing on in the connections that there are, for ever and without a word (as a router does
        that has forgotten them); new ones work."""
        self._stranded = set(self._connections)

    def stutter(self, seconds: float) -> None:
        """From now until `release`, keep three pieces in ten for so long, with all that follows them."""
        self._delay = seconds

    def cut(self) -> None:
        """Break all connections."""
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
        self._stranded = set()
        super().__exit__(kind, error, trace)

    def _forward(self, client: socket.socket) -> None:
        try:
            upstream = socket.create_connection(("127.0.0.1", self._target))
        except ConnectionRefusedError:
            client.shutdown(socket.SHUT_RDWR)
            return
        self._connections.append(upstream)
        self._spawn(self._pump, upstream, client)
        self._pump(client, upstream)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self._delay and self._random.random() < STUTTER_SHARE:
                    self._stopping.wait(self._delay)
                self._open.wait()
                if sink not in self._stranded and source not in self._stranded:
                    sink.sendall(data)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
