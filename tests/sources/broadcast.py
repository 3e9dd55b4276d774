"""A live HLS stream for tests, as a camera's server publishes it: segments that come and go in a folder."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av

from tests.support.clips import counted_pictures

RATE, WIDTH, HEIGHT = 25, 320, 240


class Broadcast:
    """Pictures that count up from 0, 25 a second, in segments of a second, of which the last six are kept."""

    def __init__(self, folder: Path) -> None:
        self.playlist = folder / "live.m3u8"
        self.on_air = threading.Event()
        """Nothing is published while this isn't set; the pictures go on afterwards where they were."""
        self.on_air.set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    @property
    def published(self) -> int:
        """Segments that can be fetched."""
        return self.playlist.read_text().count("#EXTINF") if self.playlist.exists() else 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self.on_air.set()
        self._thread.join()

    def _run(self) -> None:
        options = {"hls_time": "1", "hls_list_size": "6", "hls_flags": "delete_segments+temp_file"}
        with av.open(str(self.playlist), "w", format="hls", options=options) as writer:
            video = writer.add_stream(
                "libx264", rate=RATE, options={"preset": "ultrafast", "g": str(RATE), "bf": "0"}
            )
            video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            for number, picture in enumerate(counted_pictures(2**15, WIDTH, HEIGHT)):
                self.on_air.wait()
                if self._stop.is_set():
                    return
                frame = av.VideoFrame.from_ndarray(picture, "rgb24")
                frame.pts, frame.time_base = number, Fraction(1, RATE)
                writer.mux(video.encode(frame))
                time.sleep(1 / RATE)


@contextmanager
def broadcast(folder: Path) -> Iterator[Broadcast]:
    one = Broadcast(folder)
    one.start()
    try:
        yield one
    finally:
        one.stop()
