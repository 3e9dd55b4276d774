"""Latency from a frame's arrival to its last byte at a client, measured with a counter in the picture.

A real RTSP server plays a clip whose pictures carry their number; a proxy between it and camwire notes when
the last packet of each picture went by (the RTP marker bit); a WebSocket client reads the number out of each
JPEG and notes when its last byte came. The difference, camwire's part of what someone waits for a picture,
is printed beside what camwire itself says (`socket` in its statistics).

    python benchmarks/latency.py [--seconds 20] [--fps 25] [--json FILE]

FFmpeg's RTSP demultiplexer hands a picture over only when the next one begins, so one frame time (40 ms at 25
a second) is part of every figure.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import struct
import sys
import tempfile
import threading
import time
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.clips import make_clip, read_counter
from tests.support.product import camwire, write_config
from tests.support.rtsp import RtspServer
from websockets.asyncio.client import connect

PLAIN = {"boxes": False, "labels": False, "traces": False}


class PictureClock:
    """A TCP proxy that notes when each picture of an RTSP stream (one interleaved track) has gone by."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.passed: list[float] = []
        """Monotonic seconds at which the n-th picture's last packet went by."""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            client, _ = self._listener.accept()
            server = socket.create_connection(("127.0.0.1", self._target))
            threading.Thread(target=_pump, args=(client, server, None), daemon=True).start()
            self.passed.clear()
            threading.Thread(target=_pump, args=(server, client, self._watch()), daemon=True).start()

    def _watch(self):
        """A generator that is sent the server's bytes and finds the ends of pictures in them."""
        data = b""
        while True:
            data += yield
            while len(data) >= 4:
                if data[0] != 0x24:  # an RTSP answer between the packets
                    end = data.find(b"\r\n\r\n")
                    if end < 0:
                        break
                    length = _content_length(data[:end])
                    if len(data) < end + 4 + length:
                        break
                    data = data[end + 4 + length :]
                    continue
                channel, size = struct.unpack(">xBH", data[:4])
                if len(data) < 4 + size:
                    break
                if channel % 2 == 0 and data[5] & 0x80:  # RTP, marker bit: the picture is complete
                    self.passed.append(time.monotonic())
                data = data[4 + size :]


def _content_length(head: bytes) -> int:
    for line in head.decode(errors="replace").lower().splitlines():
        if line.startswith("content-length"):
            return int(line.split(":")[1])
    return 0


def _pump(source: socket.socket, sink: socket.socket, watch) -> None:
    if watch is not None:
        next(watch)
    try:
        while data := source.recv(65536):
            if watch is not None:
                watch.send(data)
            sink.sendall(data)
    except OSError:
        pass
    finally:
        source.close()
        sink.close()


async def watch(url: str, seconds: float) -> tuple[dict[int, float], dict]:
    """When each numbered picture first came, and the last statistics."""
    arrived: dict[int, float] = {}
    raw: list[tuple[float, bytes]] = []
    stats: dict = {}
    async with connect(url, max_size=None) as client:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            message = await client.recv()
            now = time.monotonic()
            if isinstance(message, bytes):
                raw.append((now, message[1 + message[0] :]))
            elif '"stats"' in message:
                stats = json.loads(message)
    for at, jpeg in raw:
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        arrived.setdefault(read_counter(picture), at)
    return arrived, stats


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--fps", type=int, default=25)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        frames = int((arguments.seconds + 60) * arguments.fps)
        make_clip(Path(folder) / "clip.mp4", width=1280, height=720, frames=frames, fps=arguments.fps)
        with RtspServer(Path(folder)) as server:
            clock = PictureClock(server.port)
            url = server.url("clip.mp4").replace(f":{server.port}", f":{clock.port}")
            config = write_config(
                Path(folder), [{"id": "a", "url": url}], overlay=PLAIN, output={"max_fps": 0}
            )
            with camwire("run", str(config)) as product:
                arrived, stats = asyncio.run(watch(product.socket_url, arguments.seconds))
    passed = list(clock.passed)
    # The first pictures include the model's warm-up.
    waits = [1000 * (at - passed[n]) for n, at in arrived.items() if arguments.fps < n < len(passed)]
    if not waits:
        raise SystemExit("no picture came through; is the machine too busy?")
    p50, p95, p99 = np.percentile(waits, [50, 95, 99])
    own = stats["cameras"]["a"]["latency_ms"]
    print(f"{len(waits)} pictures of 720p at {arguments.fps} a second")
    print(f"last packet → last byte at the client: p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms")
    print(f"camwire's own figure, from the picture's hand-over by FFmpeg: {own.get('socket')}")
    if arguments.json:
        arguments.json.write_text(
            json.dumps({"p50": p50, "p95": p95, "p99": p99, "own": own}, indent=1) + "\n"
        )


if __name__ == "__main__":
    main()
