"""Program: serve a folder's files over RTSP with aio-rtsp-toolkit, and print the port."""

from __future__ import annotations

import argparse
import asyncio
import threading
from concurrent.futures import TimeoutError as StillWaiting
from typing import Any

from aio_rtsp_toolkit.server import RtspServer
from aio_rtsp_toolkit.server_streaming import RtspStreamingMixin

LOOK_EVERY = 0.05
"""Seconds between two looks at whether the client is still there."""


class _Silent:
    """Takes the toolkit's log messages, which would fill the pipe that the port is read from."""

    def __getattr__(self, _: str) -> Any:
        return lambda *_args, **_keywords: None


def _put_once(
    _: RtspStreamingMixin,
    loop: asyncio.AbstractEventLoop,
    queue: asyncio.Queue[Any],
    item: Any,
    stopped: threading.Event,
) -> bool:
    """In place of the toolkit's own, which gives up after 50 ms and puts the item again: on a busy machine it
    has been put by then, and the client gets the packet twice."""
    putting = asyncio.run_coroutine_threadsafe(queue.put(item), loop)
    while not stopped.is_set():
        try:
            putting.result(LOOK_EVERY)
        except StillWaiting:
            continue
        return True
    putting.cancel()
    return False


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
    RtspStreamingMixin._threadsafe_queue_put = _put_once
    asyncio.run(_serve(arguments.folder, arguments.port))
