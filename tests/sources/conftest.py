"""Clips, servers and a sink for the tests of sources."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from camwire.frames import Frame, Size
from camwire.sources import CameraSource
from tests.sources.cameras import camera
from tests.support.clips import counter_of, make_clip, make_image, make_soundtrack
from tests.support.once import made_once
from tests.support.rtsp import RtspServer

BOUND = Size(1280, 720)


class CollectingSink:
    """Keeps every frame's facts and the number painted into it, but only the newest picture."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frames: list[Frame] = []
        self._counters: list[int] = []

    def put(self, frame: Frame) -> None:
        counter = counter_of(frame.picture)
        with self._lock:
            self._frames.append(frame)
            self._counters.append(counter)

    @property
    def frames(self) -> list[Frame]:
        with self._lock:
            return list(self._frames)

    @property
    def counters(self) -> list[int]:
        with self._lock:
            return list(self._counters)

    def __len__(self) -> int:
        return len(self.frames)


class Running:
    """A started source and its sink."""

    def __init__(self, source: CameraSource, sink: CollectingSink) -> None:
        self.source = source
        self.sink = sink

    @property
    def phase(self) -> str:
        return self.source.report().phase

    @property
    def reason(self) -> str:
        return self.source.report().reason or ""


@pytest.fixture
def run_source() -> Iterator[Callable[..., Running]]:
    """Start a source for an address; all are stopped at the test's end."""
    running: list[CameraSource] = []

    def start(url: str, *, bound: Size = BOUND, **wishes: Any) -> Running:
        options = {name: wishes.pop(name) for name in ("paced", "looped", "ring") if name in wishes}
        sink = CollectingSink()
        source = CameraSource(camera(url, **wishes), sink, bound=bound, **options)
        running.append(source)
        source.start()
        return Running(source, sink)

    yield start
    for source in running:
        source.stop()
    assert all(source.join(30) for source in running)


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of clips: h264.mp4 and h265.mp4 (2 s of 25 fps), and odder ones."""
    return made_once(tmp_path_factory, "sources-clips", _make_clips)


def _make_clips(folder: Path) -> None:
    make_clip(folder / "h264.mp4")
    make_clip(folder / "h265.mp4", codec="h265")
    make_clip(folder / "b_frames.mp4", b_frames=2, audio=True)
    make_clip(folder / "short.mp4", frames=10, gop=10)
    make_soundtrack(folder / "sound.mp4")
    make_image(folder / "image.jpg")
    make_image(folder / "image.png")
    (folder / "rubbish.mp4").write_bytes(bytes(range(256)) * 100)


@pytest.fixture(scope="session")
def rtsp_server(clips: Path) -> Iterator[RtspServer]:
    """A server for all tests that don't break it."""
    with RtspServer(clips) as server:
        yield server
