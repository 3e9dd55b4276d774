"""What a camera sent last, cut at key frames and put into a file that anyone can play."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.sources.packets import PacketRing, as_mp4

FPS, GOP = 10, 5


class Fake:
    """A packet, as far as the ring looks at it."""

    def __init__(self, number, is_keyframe, size=10):
        self.pts = self.dts = number
        self.duration = None
        self.is_keyframe, self.size = is_keyframe, size

    def __bytes__(self):
        return bytes(self.size)


class NoTrack:
    """A ring that has begun, without a stream."""

    template = time_base = None


def filled(gops, longest, largest=10**9):
    ring = PacketRing(longest, largest)
    ring._track = NoTrack()
    number = 0
    for length in gops:
        for place in range(length):
            ring.add(Fake(number, place == 0), number)
            number += 1
    return ring, number - 1


@given(st.lists(st.integers(1, 8), min_size=1, max_size=12), st.integers(1, 20))
def test_what_is_kept_is_long_enough_begins_with_a_key_frame_and_is_no_longer_than_needed(gops, longest):
    ring, last = filled(gops, longest)
    _, packets = ring.cut(0, last)
    assert packets[0].is_keyframe
    assert [packet.pts for packet in packets] == list(range(packets[0].pts, last + 1))
    assert packets[0].arrived <= max(0, last - longest)
    later_keys = [packet.arrived for packet in packets[1:] if packet.is_keyframe]
    assert not later_keys or later_keys[0] > last - longest


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_cut_begins_at_the_key_frame_before(since, until):
    ring, last = filled([5] * 8, 100)
    found = ring.cut(since, until)
    if until < since:
        assert found is None or found[1]
        return
    if since > last:
        assert found is None
        return
    numbers = [packet.pts for packet in found[1]]
    assert numbers == list(range(since // 5 * 5, min(until, last) + 1))


@given(st.lists(st.integers(1, 8), min_size=1, max_size=12), st.integers(0, 20), st.integers(10, 300))
def test_the_bytes_that_are_kept_are_known_without_adding_them_up(gops, longest, largest):
    ring, last = filled(gops, longest, largest)
    assert ring._bytes == sum(group.bytes for group in ring._groups) <= largest
    ring.longest = 0
    ring.add(Fake(last + 1, True), last + 1)
    assert (ring._bytes, len(ring._groups)) == (0, 0)


def test_bytes_are_bounded_even_without_a_second_key_frame():
    ring, _ = filled([1000], 1e9, largest=500)
    assert sum(group.bytes for group in ring._groups) <= 500
    assert ring.cut(0, 1e9) is None
    ring.add(Fake(1, False), 2000)
    assert ring.cut(0, 1e9) is None
    ring.add(Fake(2, True), 2001)
    assert [packet.pts for packet in ring.cut(0, 1e9)[1]] == [2]


def test_a_ring_without_length_keeps_nothing():
    ring, _ = filled([5, 5], 0)
    assert ring.cut(0, 100) is None


@pytest.mark.integration
@pytest.mark.parametrize("codec", ["h264", "hevc", "mpeg4", "mjpeg"])
def test_the_file_holds_the_very_packets_and_outlives_the_connection(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "clip.mp4"
    encoders = {"h264": "libx264", "hevc": "libx265"}
    write_film(path, encoders.get(codec, codec), 30)
    ring = PacketRing(100)
    sent = []
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        ring.begin(video)
        for packet in container.demux(video):
            if packet.size:
                sent.append(bytes(packet))
                ring.add(packet, 1000 + float(packet.dts * packet.time_base))
    track, packets = ring.cut(1001.2, 1005)
    content = as_mp4(track, packets)
    assert as_mp4(track, packets) == content, "a ring is cut as often as one likes"
    with av.open(io.BytesIO(content)) as film:
        video = film.streams.video[0]
        came = [packet for packet in film.demux(video) if packet.size]
        assert [bytes(packet) for packet in came] == sent[-len(came) :]
        assert came[0].is_keyframe
        assert came[0].dts == 0
        assert 17 <= len(came) <= 25
    with av.open(io.BytesIO(content)) as film:
        frames = list(film.decode(video=0))
        assert len(frames) == len(came)
        assert frames[-1].time - frames[0].time == pytest.approx((len(came) - 1) / FPS, abs=0.01)


@pytest.mark.integration
@pytest.mark.parametrize("leap", [-86_400, -3, 3, 86_400])
def test_a_camera_whose_clock_is_set_makes_no_longer_and_no_shorter_video(tmp_path: Path, leap: int) -> None:
    path = tmp_path / "clip.mp4"
    write_film(path, "libx264", 30)
    ring = PacketRing(100)
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        ring.begin(video)
        for number, packet in enumerate(packet for packet in container.demux(video) if packet.size):
            arrived = 1000 + float(packet.dts * packet.time_base)
            if number >= 15:
                packet.pts += round(leap / packet.time_base)
                packet.dts += round(leap / packet.time_base)
            ring.add(packet, arrived)
    with av.open(io.BytesIO(as_mp4(*ring.cut(1000, 1005)))) as film:
        times = [frame.time for frame in film.decode(video=0)]
    assert len(times) == 30
    assert [later - earlier for earlier, later in pairwise(times)] == pytest.approx([1 / FPS] * 29, abs=0.01)


def write_film(path: Path, encoder: str, count: int) -> None:
    import numpy as np

    with av.open(str(path), "w") as output:
        stream = output.add_stream(encoder, rate=FPS)
        stream.width, stream.height = 64, 48
        stream.pix_fmt = "yuvj420p" if encoder == "mjpeg" else "yuv420p"
        stream.gop_size = GOP
        if encoder == "libx265":  # whose open groups begin with pictures that need those before
            stream.options = {"x265-params": "open-gop=0:log-level=none"}
        for number in range(count):
            picture = np.full((48, 64, 3), number * 8 % 255, np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        output.mux(stream.encode())
