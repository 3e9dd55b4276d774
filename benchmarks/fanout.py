"""Pictures to many clients: camwire's server beside a plain `websockets.broadcast` doing the same.

Each camera's pictures go to every client; one client in ten connects and then reads nothing. Server and
clients are two processes on this machine. Columns: pictures a second of each camera that a reader got,
milliseconds from the picture's publication to its last byte at a client, the server's CPU milliseconds for a
delivered MB, its use of cores and that of all clients together (where theirs is near 1, they are the limit),
and the server's memory before and after.

    python benchmarks/fanout.py [--clients 1 10 100] [--seconds 8] [--no-stalled] [--json FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import selectors
import socket
import struct
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

CAMERAS = [f"camera-{number}" for number in range(4)]
FPS = 20
SIZE = 100_000
WARM_UP = 1.0
"""Seconds that are not counted."""

STAMP = struct.Struct(">d")
HANDSHAKE = (
    "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@dataclass(frozen=True)
class Result:
    server: str
    clients: int
    stalled: int
    fps: float
    p50_ms: float
    p99_ms: float
    cpu_ms_per_mb: float
    cores: float
    clients_cores: float
    rss_before_mb: float
    rss_after_mb: float

    def line(self) -> str:
        return (
            f"{self.server:<10} {self.clients:>7} {self.stalled:>7} {self.fps:>6.1f} {self.p50_ms:>8.1f} "
            f"{self.p99_ms:>8.1f} {self.cpu_ms_per_mb:>9.2f} {self.cores:>6.2f} {self.clients_cores:>6.2f} "
            f"{self.rss_before_mb:>7.0f} → {self.rss_after_mb:.0f}"
        )


HEADING = (
    f"{'server':<10} {'clients':>7} {'stalled':>7} {'fps':>6} {'p50 ms':>8} {'p99 ms':>8} "
    f"{'CPU ms/MB':>9} {'cores':>6} {'theirs':>6} {'RSS MB':>7}"
)


# --- the servers, each in a process of its own ------------------------------------------------


async def pictures(publish) -> None:
    """Call ``publish(camera, jpeg)`` on a steady schedule; what is late is made up for."""
    rest = bytes(SIZE - STAMP.size)
    due = time.monotonic()
    while True:
        for camera in CAMERAS:
            due += 1 / FPS / len(CAMERAS)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            publish(camera, STAMP.pack(time.monotonic()) + rest)


async def serve_camwire() -> None:
    from tests.server.configs import config

    from camwire.config.server import ServerConfig
    from camwire.link.pictures import FrameHeader
    from camwire.server.app import create_app, http_server
    from camwire.server.desired import Desired
    from camwire.server.hub import Hub
    from camwire.server.listener import listen

    hub = Hub(Desired(config(*CAMERAS)), changed=lambda: None, cleared=lambda: None)
    http = http_server(create_app(hub, lambda *_: None, lambda: None))

    def publish(camera: str, jpeg: bytes) -> None:
        header = FrameHeader(
            camera=camera,
            sequence=0,
            epoch=0,
            width=1280,
            height=720,
            captured=0.0,
            arrived=time.monotonic(),
            published=0.0,
        )
        hub.publish(header, jpeg)

    with listen(ServerConfig(port=0)) as listener:
        print(listener.getsockname()[1], flush=True)
        await asyncio.gather(http.serve(sockets=[listener]), pictures(publish))


async def serve_plain() -> None:
    from websockets.asyncio.server import broadcast, serve

    from camwire.server import wire

    async def stay(connection) -> None:
        await connection.wait_closed()

    async with serve(stay, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        [listener] = server.sockets
        print(listener.getsockname()[1], flush=True)
        await pictures(lambda camera, jpeg: broadcast(server.connections, wire.picture(camera, jpeg)))


SERVERS = {"camwire": serve_camwire, "broadcast": serve_plain}


# --- the clients: as little work for each byte as can be ---------------------------------------


class Reader:
    """Reads a WebSocket's frames and keeps of each binary one when it was stamped and when its end came."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.latencies: list[float] = []
        self._head = bytearray()
        self._buffer = bytearray(1 << 18)
        self._left = 0
        self._stamped: float | None = None

    def read(self) -> None:
        received = self.connection.recv_into(self._buffer)
        view = memoryview(self._buffer)[:received]
        while view:
            if self._left:
                taken = min(self._left, len(view))
                self._left -= taken
                view = view[taken:]
                if not self._left and self._stamped is not None:
                    self.latencies.append(time.monotonic() - self._stamped)
                continue
            self._head += view[:1]
            view = view[1:]
            self._begin()

    def _begin(self) -> None:
        """Look at a frame's first bytes; a picture's go as far as its stamp."""
        head = self._head
        if len(head) < 2:
            return
        wide = {126: 2, 127: 8}.get(head[1], 0)
        if len(head) < 2 + wide:
            return
        length = int.from_bytes(head[2 : 2 + wide], "big") if wide else head[1]
        needed = 1 + len(CAMERAS[0]) + STAMP.size if head[0] == 0x82 else 0
        if len(head) < 2 + wide + needed:
            return
        self._stamped = STAMP.unpack(head[-STAMP.size :])[0] if needed else None
        self._left = length - needed
        head.clear()


def connected(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(HANDSHAKE.format(port=port).encode())
    received = b""
    while not received.endswith(b"\r\n\r\n"):
        received += connection.recv(1)
    return connection


def read_for(readers: list[Reader], seconds: float) -> None:
    with selectors.DefaultSelector() as selector:
        for reader in readers:
            selector.register(reader.connection, selectors.EVENT_READ, reader)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                key.data.read()


def measure(name: str, clients: int, stalled: int, seconds: float) -> Result:
    server = subprocess.Popen([sys.executable, __file__, "--serve", name], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        connections = [connected(port) for _ in range(clients)]
        readers = [Reader(connection) for connection in connections[stalled:]]
        read_for(readers, WARM_UP)
        process = psutil.Process(server.pid)
        before, cpu, began = process.memory_info().rss, sum(process.cpu_times()[:2]), time.monotonic()
        for reader in readers:
            reader.latencies.clear()
        own = time.process_time()
        read_for(readers, seconds)
        wall, cpu = time.monotonic() - began, sum(process.cpu_times()[:2]) - cpu
        own = time.process_time() - own
        after = process.memory_info().rss
        latencies = np.array([seconds for reader in readers for seconds in reader.latencies])
        for connection in connections:
            connection.close()
    finally:
        server.kill()
        server.wait()
    p50, p99 = np.quantile(latencies, (0.5, 0.99)) * 1000
    return Result(
        server=name,
        clients=clients,
        stalled=stalled,
        fps=len(latencies) / wall / len(readers) / len(CAMERAS),
        p50_ms=float(p50),
        p99_ms=float(p99),
        cpu_ms_per_mb=cpu * 1000 / (len(latencies) * SIZE / 1e6),
        cores=cpu / wall,
        clients_cores=own / wall,
        rss_before_mb=before / 1e6,
        rss_after_mb=after / 1e6,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--no-stalled", action="store_true", help="every client reads")
    parser.add_argument("--server", choices=SERVERS, nargs="+", default=list(SERVERS))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there, too")
    parser.add_argument("--serve", choices=SERVERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(SERVERS[options.serve]())
        return
    print(HEADING)
    results = []
    for clients in options.clients:
        for name in options.server:
            stalled = 0 if options.no_stalled else clients // 10
            results.append(measure(name, clients, stalled, options.seconds))
            print(results[-1].line(), flush=True)
    if options.json:
        options.json.write_text(json.dumps([asdict(result) for result in results], indent=1))


if __name__ == "__main__":
    main()
