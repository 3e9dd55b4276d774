"""Program: serve a folder's files over RTSP with aio-rtsp-toolkit, and print the port."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from aio_rtsp_toolkit.server import RtspServer

from camwire.demo.queueing import put_packets_once


class _Silent:
    """Takes the toolkit's log messages, which would fill the pipe that the port is read from."""

    def __getattr__(self, _: str) -> Any:
        return lambda *_args, **_keywords: None


async def _serve(folder: str, port: int) -> None:
    server = RtspServer(folder, host="127.0.0.1", port=port)
    server.logger = _Silent()
    await server.start()
    assert server._server is not None
    print(server._server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    put_packets_once()
    asyncio.run(_serve(arguments.folder, arguments.port))
