"""An RTSP camera that does wrong whatever a test tells it to, at any moment of its stream."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Literal, Self

from tests.support.film import Film, film
from tests.support.rtp import CLOCK, Packetiser

REALM, NONCE = "camera", "0123456789abcdef"
USER = "viewer"

Mangle = Callable[[Sequence[bytes]], Sequence[bytes]]
"""A picture's RTP packets → those that are sent."""


def as_it_is(packets: Sequence[bytes]) -> Sequence[bytes]:
    return packets


class RtpCamera:
    """Plays a film for ever, to every client. Its attributes count from the next picture or request on."""

    def __init__(self, shown: Film | None = None, *, fps: float = 10.0) -> None:
        self.film = shown or film()
        self.fps = fps
        self.stamp: Callable[[float], float] = lambda seconds: seconds
        """Seconds since the beginning → seconds that the timestamp says."""
        self.mangle: Mangle = as_it_is
        self.nal: Callable[[bytes], bytes] = lambda nal: nal
        """A NAL unit → what is sent of it."""
        self.silent = False
        """Nothing is sent or answered; connections are accepted and stay."""
        self.missing = False
        """It has no such stream."""
        self.password = ""
        self.scheme: Literal["Basic", "Digest"] = "Basic"
        self.sdp_extra = ""
        """Lines that the description has besides."""
        self.joins_at = 0
        """The picture of the film with which each client begins."""
        self.port = 0
        self.connections = 0
        """How many there were."""
        self._listener: socket.socket | None = None
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def url(self, password: str = "") -> str:
        return f"rtsp://{f'{USER}:{password}@' if password else ''}127.0.0.1:{self.port}/live"

    def start(self) -> None:
        """Listen, on the port it had before if it had one."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self._spawn(self._accept, self._listener)

    def kill(self) -> None:
        """End without a goodbye; until `start`, connections are refused."""
        if self._listener is not None:
            _shut(self._listener)
            self._listener.close()
            self._listener = None
        self.hang_up()
        for thread in self._threads:
            thread.join(5)
        self._threads.clear()

    def hang_up(self) -> None:
        """Break all connections; new ones are welcome."""
        for each in list(self._sockets):
            _shut(each)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    # --- on threads of its own ---------------------------------------------------------------------

    def _spawn(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                self.connections += 1
                self._sockets.add(connection)
                self._spawn(self._converse, connection)

    def _converse(self, connection: socket.socket) -> None:
        viewer = _Viewer(connection)
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as lines:
            while request := _request(lines):
                while self.silent:
                    if viewer.gone.wait(0.05):
                        return
                self._answer(viewer, *request)
        viewer.close()
        self._sockets.discard(connection)

    def _answer(self, viewer: _Viewer, method: str, uri: str, headers: dict[str, str]) -> None:
        status, extra, body = "200 OK", "", ""
        if method == "OPTIONS":
            extra = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n"
        elif not self._may(method, uri, headers.get("authorization", "")):
            nonce = f', nonce="{NONCE}"' if self.scheme == "Digest" else ""
            status, extra = "401 Unauthorized", f'WWW-Authenticate: {self.scheme} realm="{REALM}"{nonce}\r\n'
        elif self.missing:
            status = "404 Not Found"
        elif method == "DESCRIBE":
            body = self._description()
            extra = f"Content-Type: application/sdp\r\nContent-Base: {uri}/\r\n"
        elif method == "SETUP":
            extra = f"Session: 1\r\nTransport: {viewer.set_up(headers['transport'])}\r\n"
        elif method == "PLAY":
            extra = "Session: 1\r\nRange: npt=now-\r\n"
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        viewer.say(f"RTSP/1.0 {status}\r\nCSeq: {headers['cseq']}\r\n{extra}{length}\r\n{body}".encode())
        if method == "PLAY" and status == "200 OK":
            self._spawn(self._play, viewer)

    def _may(self, method: str, uri: str, authorization: str) -> bool:
        if not self.password:
            return True
        if self.scheme == "Basic":
            wanted = base64.b64encode(f"{USER}:{self.password}".encode()).decode()
            return authorization == f"Basic {wanted}"
        said = dict(re.findall(r'(\w+)="([^"]*)"', authorization))
        secret = _md5(f"{USER}:{REALM}:{self.password}")
        asked = _md5(f"{method}:{said.get('uri')}")
        return said.get("response") == _md5(f"{secret}:{NONCE}:{asked}")

    def _description(self) -> str:
        name = "H264" if self.film.codec == "h264" else "H265"
        mode = "a=fmtp:96 packetization-mode=1\r\n" if name == "H264" else ""
        return (
            "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\n"
            f"m=video 0 RTP/AVP 96\r\na=rtpmap:96 {name}/{CLOCK}\r\n{mode}{self.sdp_extra}"
            "a=control:track1\r\n"
        )

    def _play(self, viewer: _Viewer) -> None:
        packetiser = Packetiser()
        shown, position, passed, due = self.film, self.joins_at, 0.0, time.monotonic()
        with contextlib.suppress(OSError):
            while not viewer.gone.wait(max(0.0, due - time.monotonic())):
                due += 1 / self.fps
                if self.silent:
                    due = time.monotonic() + 0.05
                    continue
                if shown is not self.film:
                    shown, position = self.film, 0
                displayed = shown.order[position] - position
                stamp = round(self.stamp(passed + displayed / self.fps) * CLOCK)
                unit = [self.nal(nal) for nal in shown.units[position]]
                for packet in self.mangle(packetiser.packets(shown.codec, unit, stamp)):
                    viewer.send(packet)
                position = (position + 1) % len(shown.units)
                passed += 1 / self.fps


class _Viewer:
    """One client: where its packets go."""

    def __init__(self, connection: socket.socket) -> None:
        self.gone = threading.Event()
        self._connection = connection
        self._lock = threading.Lock()
        self._udp: tuple[socket.socket, tuple[str, int]] | None = None

    def close(self) -> None:
        self.gone.set()
        if self._udp is not None:
            self._udp[0].close()

    def set_up(self, transport: str) -> str:
        if "TCP" in transport:
            return "RTP/AVP/TCP;unicast;interleaved=0-1"
        ports = re.search(r"client_port=(\d+)-(\d+)", transport)
        assert ports is not None, transport
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.bind(("127.0.0.1", 0))
        self._udp = sender, ("127.0.0.1", int(ports[1]))
        own = sender.getsockname()[1]
        return f"RTP/AVP;unicast;client_port={ports[1]}-{ports[2]};server_port={own}-{own + 1}"

    def say(self, data: bytes) -> None:
        with self._lock:
            self._connection.sendall(data)

    def send(self, packet: bytes) -> None:
        if self._udp is None:
            self.say(struct.pack(">cBH", b"$", 0, len(packet)) + packet)
        else:
            self._udp[0].sendto(packet, self._udp[1])


def _request(lines: socket.SocketIO) -> tuple[str, str, dict[str, str]] | None:
    """The next request; what RTCP the client sends between them is passed over."""
    while (first := lines.read(1)) == b"$":
        (length,) = struct.unpack(">xH", lines.read(3))
        lines.read(length)
    words = (first + lines.readline()).decode().split()
    if len(words) < 2:
        return None
    headers = {}
    while line := lines.readline().strip():
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    return words[0], words[1], headers


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def _shut(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
