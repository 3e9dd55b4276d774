"""Blocked FFmpeg calls end when they are told to: this holds for the PyAV that is locked."""

import threading

import av
import pytest

from camwire.sources.interrupt import forget, interrupt, patience
from tests.support.rtsp_faults import silent_server
from tests.support.waiting import wait_for

pytestmark = pytest.mark.integration
FAR = 600.0
"""Seconds; longer than a test may take."""


def open_silent(port: int) -> None:
    av.open(f"rtsp://127.0.0.1:{port}/x", options={"rtsp_transport": "tcp"}, timeout=(FAR, FAR))


def test_patience_ends_a_call_long_before_its_timeout() -> None:
    with silent_server() as server:
        with patience(0.2), pytest.raises((av.FFmpegError, OSError)):
            open_silent(server.port)
        with patience(0.2), pytest.raises((av.FFmpegError, OSError)):
            open_silent(server.port)  # and what was over once is not over for ever


def test_a_call_that_begins_after_the_interruption_ends_too() -> None:
    def call() -> None:
        interrupt(threading.get_ident())
        try:
            with pytest.raises((av.FFmpegError, OSError)):
                open_silent(server.port)
        finally:
            forget(threading.get_ident())

    with silent_server() as server:
        thread = threading.Thread(target=call, daemon=True)
        thread.start()
        wait_for(lambda: not thread.is_alive(), "the call to end")
