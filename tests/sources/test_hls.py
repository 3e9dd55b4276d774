"""Live HLS comes in bursts, and is played as it was recorded."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from camwire.frames import Size
from tests.sources.broadcast import broadcast
from tests.sources.conftest import Running
from tests.sources.http_camera import http_server
from tests.support.clips import make_clip
from tests.support.waiting import wait_for

pytestmark = pytest.mark.integration

Run = Callable[..., Running]
SILENCE = 6.0
"""Seconds: more than a camera may be silent that doesn't send in bursts, and what has been read ahead."""


def test_a_live_stream_is_played_evenly_and_whole(run_source: Run, tmp_path: Path) -> None:
    with broadcast(tmp_path) as live, http_server(tmp_path) as address:
        wait_for(lambda: live.published >= 3, "three segments")
        camera = run_source(f"{address}/live.m3u8")
        wait_for(lambda: len(camera.sink) >= 50, "two seconds of pictures")
        first, last = camera.sink.frames[0], camera.sink.frames[49]
        # As they come, 50 pictures would be there at once; a second may be made up for.
        assert last.arrived - first.arrived >= 0.9

        live.on_air.clear()
        time.sleep(SILENCE)
        before = len(camera.sink)
        live.on_air.set()
        wait_for(lambda: len(camera.sink) >= before + 50, "pictures after the silence")
        counters = camera.sink.counters
        assert counters == list(range(counters[0], counters[0] + len(counters)))
        assert {frame.epoch for frame in camera.sink.frames} == {1}
        assert camera.source.report().discarded == {}


def test_of_several_versions_the_largest_is_played(run_source: Run, tmp_path: Path) -> None:
    versions = {"small": (160, 120), "large": (320, 240)}
    lines = ["#EXTM3U"]
    for name, (width, height) in versions.items():
        with av.open(str(make_clip(tmp_path / f"{name}.mp4", width=width, height=height, gop=10))) as clip:
            options = {"hls_time": "0.4", "hls_playlist_type": "vod"}
            with av.open(str(tmp_path / f"{name}.m3u8"), "w", format="hls", options=options) as writer:
                copy = writer.add_stream_from_template(clip.streams.video[0])
                for packet in clip.demux(video=0):
                    packet.stream = copy
                    if packet.dts is not None:
                        writer.mux(packet)
        lines += [f"#EXT-X-STREAM-INF:BANDWIDTH={width * 1000},RESOLUTION={width}x{height}", f"{name}.m3u8"]
    (tmp_path / "all.m3u8").write_text("\n".join(lines) + "\n")
    with http_server(tmp_path) as address:
        camera = run_source(f"{address}/all.m3u8", paced=False, looped=False)
        assert camera.source.join(20)
    assert camera.sink.counters == list(range(50))
    assert {frame.source_size for frame in camera.sink.frames} == {Size(320, 240)}
