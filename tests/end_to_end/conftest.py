"""Clips and servers that the end-to-end tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clips import make_clip
from tests.support.rtsp import GstRtspServer, RtspServer


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """h264.mp4 and h265.mp4, 320×180, a minute long, and short.mp4; each picture numbered."""
    folder = tmp_path_factory.mktemp("clips")
    make_clip(folder / "h264.mp4", codec="h264", width=320, height=180, frames=1500)
    make_clip(folder / "short.mp4", width=320, height=180, frames=10)
    make_clip(folder / "h265.mp4", codec="h265", width=320, height=180, frames=1500)
    return folder


@pytest.fixture(scope="session")
def rtsp(clips: Path) -> Iterator[RtspServer]:
    with RtspServer(clips) as server:
        yield server


@pytest.fixture
def gst_rtsp(clips: Path) -> Iterator[GstRtspServer]:
    with GstRtspServer(clips) as server:
        yield server
