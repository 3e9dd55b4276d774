"""What mends aio-rtsp-toolkit's queue."""

import asyncio
import threading

from aio_rtsp_toolkit.server_streaming import RtspStreamingMixin

from camwire.demo.queueing import LOOK_EVERY, _put_once


def test_a_packet_is_put_once_however_long_the_loop_is_busy() -> None:
    assert packets_after_a_busy_time(_put_once) == 1


def packets_after_a_busy_time(put) -> int:
    """In the queue, of one packet, where nothing else happened while two looks were due."""

    async def run() -> int:
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        loop, stopped, busy = asyncio.get_running_loop(), threading.Event(), threading.Event()
        putter = threading.Thread(
            target=lambda: put(RtspStreamingMixin(), loop, queue, b"packet", stopped), daemon=True
        )
        loop.call_soon(busy.wait, 2.5 * LOOK_EVERY)
        putter.start()
        await asyncio.to_thread(putter.join)
        return queue.qsize()

    return asyncio.run(run())
