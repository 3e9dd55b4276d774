"""Files, images and HTTP as cameras."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import av
import pytest
from structlog.testing import capture_logs

from camwire.frames import Size
from camwire.sources.packets import PacketRing
from tests.sources.conftest import Running
from tests.sources.http_camera import http_server
from tests.support.clips import counted_pictures, make_clip, make_image
from tests.support.waiting import wait_for

pytestmark = pytest.mark.integration

Run = Callable[..., Running]


@pytest.mark.parametrize("name", ["h264.mp4", "h265.mp4", "b_frames.mp4"])
def test_every_picture_of_a_file_comes_once_and_in_order(run_source: Run, clips: Path, name: str) -> None:
    camera = run_source(str(clips / name), paced=False, looped=False)
    assert camera.source.join(10)
    frames = camera.sink.frames
    assert camera.sink.counters == list(range(50))
    assert [frame.sequence for frame in frames] == list(range(50))
    assert [frame.time for frame in frames] == pytest.approx([n / 25 for n in range(50)], abs=1e-3)
    assert all(frame.arrived <= frame.decoded for frame in frames)
    report = camera.source.report()
    assert (report.frames_in, report.width, report.height) == (50, 320, 240)
    assert report.codec == ("hevc" if name == "h265.mp4" else "h264")
    assert report.reason == "the file has ended"
    assert report.discarded == {}


def test_a_file_is_looped_with_a_new_epoch_each_turn(run_source: Run, clips: Path) -> None:
    camera = run_source(str(clips / "short.mp4"))
    wait_for(lambda: len(camera.sink) > 25, "three turns of ten pictures")
    frames = camera.sink.frames
    assert camera.sink.counters[:25] == [n % 10 for n in range(25)]
    assert [frame.epoch for frame in frames[:25]] == [1 + n // 10 for n in range(25)]
    assert [frame.turn for frame in frames[:25]] == [n // 10 for n in range(25)]
    assert [frame.sequence for frame in frames[:25]] == list(range(25))
    assert camera.phase == "live"


@pytest.mark.parametrize("name", ["h264.mp4", "b_frames.mp4"])
def test_a_paced_file_takes_its_own_time(run_source: Run, clips: Path, name: str) -> None:
    camera = run_source(str(clips / name), looped=False)
    assert camera.source.join(30)
    frames = camera.sink.frames
    assert frames[-1].arrived - frames[0].arrived >= 49 / 25 - 0.01  # never faster
    assert all(earlier.arrived < later.arrived for earlier, later in pairwise(frames))
    assert all(earlier.captured < later.captured for earlier, later in pairwise(frames))


def coded(path: Path, encoder: str) -> Path:
    """Ten pictures."""
    with av.open(str(path), "w") as container:
        video = container.add_stream(encoder, rate=25)
        video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
        for picture in counted_pictures(10, 320, 240):
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode(None))
    return path


def test_a_codec_is_called_what_it_is_not_what_decodes_it(run_source: Run, tmp_path: Path) -> None:
    camera = run_source(str(coded(tmp_path / "clip.mkv", "libsvtav1")), paced=False, looped=False)
    assert camera.source.join(10)
    assert (camera.source.report().codec, len(camera.sink)) == ("av1", 10)


def test_that_no_video_can_be_saved_is_logged_once(run_source: Run, tmp_path: Path) -> None:
    with capture_logs() as logs:
        camera = run_source(str(coded(tmp_path / "clip.mkv", "libvpx")), ring=PacketRing(10.0))
        wait_for(lambda: len(camera.sink) > 25, "three turns")
    assert [line["reason"] for line in logs if line["event"] == "no videos can be saved of a camera"] == [
        "'mp4' format does not support 'vp8' codec"
    ]


def test_size_is_fitted_into_the_bound(run_source: Run, clips: Path) -> None:
    camera = run_source(str(clips / "short.mp4"), bound=Size(160, 160), paced=False, looped=False)
    assert camera.source.join(10)
    assert {(frame.source_size, frame.size) for frame in camera.sink.frames} == {
        (Size(320, 240), Size(160, 120))
    }


@pytest.mark.parametrize("name", ["image.jpg", "image.png"])
def test_a_still_image_is_repeated_in_one_epoch(run_source: Run, clips: Path, name: str) -> None:
    camera = run_source(str(clips / name))
    wait_for(lambda: len(camera.sink) >= 3, "the third picture")
    frames = camera.sink.frames
    assert set(camera.sink.counters) == {7}
    assert {(frame.epoch, frame.turn) for frame in frames} == {(1, 0)}
    assert all(later.time - earlier.time > 0.9 for earlier, later in pairwise(frames))


def test_an_image_over_http_is_a_still_too(run_source: Run, clips: Path) -> None:
    with http_server(clips) as address:
        camera = run_source(f"{address}/image.jpg")
        wait_for(lambda: len(camera.sink) >= 2, "the second picture")
        assert set(camera.sink.counters) == {7}
        assert {frame.epoch for frame in camera.sink.frames} == {1}


def test_a_replaced_image_is_seen(run_source: Run, tmp_path: Path) -> None:
    image = make_image(tmp_path / "100%d.jpg", number=1)
    camera = run_source(str(image))
    wait_for(lambda: 1 in camera.sink.counters, "the first image")
    make_image(tmp_path / "new.jpg", number=2).replace(image)
    wait_for(lambda: 2 in camera.sink.counters, "the second image")


def raw_h264(path: Path, **wishes: int) -> bytes:
    """A clip as bare H.264: no container, no timestamps."""
    return make_clip(path.with_suffix(".h264"), frames=10, gop=10, **wishes).read_bytes()


def test_size_may_change_in_the_middle(run_source: Run, tmp_path: Path) -> None:
    changing = tmp_path / "changing.h264"
    small, large = raw_h264(tmp_path / "small"), raw_h264(tmp_path / "large", width=640, height=480, first=10)
    changing.write_bytes(small + large)
    camera = run_source(str(changing), bound=Size(320, 320), paced=False, looped=False)
    assert camera.source.join(10)
    assert camera.sink.counters == list(range(20))
    sizes = [(frame.source_size, frame.size) for frame in camera.sink.frames]
    assert sizes == [(Size(320, 240), Size(320, 240))] * 10 + [(Size(640, 480), Size(320, 240))] * 10
    assert all(earlier.time < later.time for earlier, later in pairwise(camera.sink.frames))


def test_nothing_is_shown_before_the_first_key_frame(run_source: Run, tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "whole.ts", frames=20, gop=10)
    headless = tmp_path / "headless.ts"
    with av.open(str(whole)) as source, av.open(str(headless), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(video=0)):
            if number >= 3 and packet.size:
                packet.stream = stream
                target.mux(packet)
    camera = run_source(str(headless), paced=False, looped=False)
    assert camera.source.join(10)
    assert camera.sink.counters == list(range(10, 20))
    assert camera.source.report().discarded == {"before_keyframe": 7}


def test_damage_is_counted_and_decoding_goes_on(run_source: Run, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", frames=60, gop=10)
    data = bytearray(clip.read_bytes())
    middle = data.index(b"mdat") + (len(data) - data.index(b"mdat")) // 2
    data[middle : middle + 6000] = b"\xff" * 6000
    clip.write_bytes(data)
    camera = run_source(str(clip), paced=False, looped=False)
    assert camera.source.join(10)
    assert camera.source.report().discarded["corrupt"] > 0
    assert 0 in camera.sink.counters
    assert 59 in camera.sink.counters


def test_http_file_is_looped_like_a_local_one(run_source: Run, clips: Path, tmp_path: Path) -> None:
    make_clip(tmp_path / "clip.mkv", frames=10)
    with http_server(tmp_path) as address:
        camera = run_source(f"{address}/clip.mkv")
        wait_for(lambda: len(camera.sink) > 12, "a second turn")
        assert camera.sink.counters[:12] == [n % 10 for n in range(12)]


def test_http_motion_jpeg_goes_by_its_arrivals(run_source: Run, clips: Path) -> None:
    with http_server(clips) as address:
        camera = run_source(f"{address}/live.mjpg")
        wait_for(lambda: len(camera.sink) >= 10, "ten pictures")
        frames = camera.sink.frames
        assert {frame.epoch for frame in frames} == {1}
        elapsed = frames[-1].arrived - frames[0].arrived
        assert frames[-1].time == pytest.approx(elapsed, rel=0.2)
        camera.source.stop()
        assert camera.source.join(5)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.mp4", "there is no "),
        ("rubbish.mp4", "is not a video or an image"),
        ("sound.mp4", "has no video track"),
        (".", "is a folder"),
    ],
)
def test_what_is_no_video_says_so_and_is_tried_again(
    run_source: Run, clips: Path, name: str, reason: str
) -> None:
    camera = run_source(str(clips / name))
    wait_for(lambda: camera.phase == "retrying", "the reason")
    assert reason in camera.reason
    retry_at = camera.source.report().retry_at
    assert retry_at is not None


def test_a_file_that_appears_is_played(run_source: Run, clips: Path, tmp_path: Path) -> None:
    camera = run_source(str(tmp_path / "later.mp4"))
    wait_for(lambda: camera.phase == "retrying", "the reason")
    (tmp_path / "later.mp4").write_bytes((clips / "short.mp4").read_bytes())
    wait_for(lambda: camera.phase == "live", "the file's pictures")
    assert camera.source.report().reason is None
