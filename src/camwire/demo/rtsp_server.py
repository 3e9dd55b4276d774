"""The demo's RTSP server: a process of its own that plays a folder's files in loops on loopback.

Started with the folder as its only argument, it writes the port it took to standard output and serves until
its standard input ends, which it does when whoever started it closes it or dies in whatever way.
"""

from __future__ import annotations

import asyncio
import logging
import sys

from aio_rtsp_toolkit.server import RtspServer

from camwire.demo.queueing import put_packets_once

HOST = "127.0.0.1"


class LoopbackServer(RtspServer):  # type: ignore[misc]  # the package has no types
    """Takes a free port and tells it; logs warnings only."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder, host=HOST, port=0)
        self.logger = logging.getLogger("camwire.demo.rtsp")  # without a handler: warnings go to stderr

    @property
    def taken_port(self) -> int:
        return int(self._server.sockets[0].getsockname()[1])


async def serve(folder: str) -> None:
    """Serve until standard input ends."""
    server = await LoopbackServer(folder).start()
    print(server.taken_port, flush=True)  # noqa: T201 - the answer that the parent waits for
    await standard_input_ended()


async def standard_input_ended() -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer
    )
    await reader.read()


if __name__ == "__main__":
    put_packets_once()
    asyncio.run(serve(sys.argv[1]))
