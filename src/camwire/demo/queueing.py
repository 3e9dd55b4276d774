"""A fault of aio-rtsp-toolkit 0.1.4, mended: on a busy machine clients got packets twice."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import TimeoutError as StillWaiting
from typing import Any

from aio_rtsp_toolkit.server_streaming import RtspStreamingMixin

LOOK_EVERY = 0.05
"""Seconds between two looks at whether the client is still there."""


def put_packets_once() -> None:
    """From now on, in this process."""
    RtspStreamingMixin._threadsafe_queue_put = _put_once


def _put_once(
    _: RtspStreamingMixin,
    loop: asyncio.AbstractEventLoop,
    queue: asyncio.Queue[Any],
    item: Any,
    stopped: threading.Event,
) -> bool:
    """In place of the toolkit's own, which gives up after 50 ms and puts the item again, though it may have
    been put by then; a decoder that gets a packet again goes back some pictures."""
    putting = asyncio.run_coroutine_threadsafe(queue.put(item), loop)
    while not stopped.is_set():
        try:
            putting.result(LOOK_EVERY)
        except StillWaiting:
            continue
        return True
    putting.cancel()
    return False
