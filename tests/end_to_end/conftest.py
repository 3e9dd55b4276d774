"""Clips and servers that the end-to-end tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clips import make_clip
from tests.support.once import made_once
from tests.support.rtsp import GstRtspServer, RtspServer

FRAMES = 600


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """h264.mp4 and h265.mp4, 320×180, of ``FRAMES``, and short.mp4; each picture numbered."""

    def make(folder: Path) -> None:
        for codec in ("h264", "h265"):
            make_clip(folder / f"{codec}.mp4", codec=codec, width=320, height=180, frames=FRAMES)
        make_clip(folder / "short.mp4", width=320, height=180, frames=10)

    return made_once(tmp_path_factory, "end_to_end-clips", make)


@pytest.fixture(scope="session")
def rtsp(clips: Path) -> Iterator[RtspServer]:
    with RtspServer(clips) as server:
        yield server


@pytest.fixture
def gst_rtsp(clips: Path) -> Iterator[GstRtspServer]:
    with GstRtspServer(clips) as server:
        yield server
