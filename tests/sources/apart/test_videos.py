"""Videos of what a camera sent, whose packets are kept in a source process."""

from __future__ import annotations

import io
import os
import signal
import threading
import time
from collections.abc import Iterator
from math import inf
from pathlib import Path

import av
import pytest
from structlog.testing import capture_logs

from camwire.sources.apart import ApartSource, SourceProcesses
from camwire.sources.apart import source as source_module
from camwire.sources.apart.messages import Cut, Order, VideoMade, VideoPart
from camwire.sources.apart.source import VideoQuestions
from camwire.sources.packets import PacketRing, Video
from tests.sources.apart.conftest import Read, left, started
from tests.sources.apart.host import HostLender
from tests.sources.apart.test_reasons import write_film
from tests.support.clips import counter_of, make_clip
from tests.support.waiting import wait_for

pytestmark = pytest.mark.integration

KEPT = 60.0
"""Seconds; longer than any test."""


@pytest.fixture(scope="module")
def one_for_all() -> Iterator[SourceProcesses]:
    processes = SourceProcesses(HostLender())
    yield processes
    processes.close()
    wait_for(lambda: not left(), "nothing is left")


@pytest.fixture
def processes(one_for_all: SourceProcesses) -> Iterator[SourceProcesses]:
    """The same for each test, without what the tests before have read."""
    yield one_for_all
    for process in one_for_all._processes:
        for source in process._known():
            source.stop()
            assert source.join(30)


def counters_of(video: Video) -> list[int]:
    with av.open(io.BytesIO(video.mp4)) as film:
        return [counter_of(picture) for picture in film.decode(video=0)]


def video_here(path: Path, packets: int) -> Video | None:
    """Of the first packets of a file, kept in this process."""
    ring = PacketRing(KEPT)
    with av.open(str(path)) as container:
        ring.begin(container.streams.video[0])
        for number, packet in enumerate(container.demux(video=0)):
            if packet.size and number < packets:
                ring.add(packet, 1000.0 + number)
    return ring.video(0, inf)


def video_of(source: ApartSource) -> Video | None:
    """All that is kept."""
    return source.video(0, time.time() + 1)


@pytest.mark.parametrize("name", ["h264.mp4", "h265.mp4", "b_frames.mp4"])
def test_a_video_is_that_which_this_process_would_make(read: Read, clips: Path, name: str) -> None:
    source, sink = read(clips / name, recall_s=KEPT, looped=False)
    wait_for(lambda: len(sink) > 5, "some packets have come")
    video = video_of(source)
    assert video is not None
    with av.open(io.BytesIO(video.mp4)) as film:
        count = sum(1 for packet in film.demux(video=0) if packet.size)
    ours = video_here(clips / name, count)
    assert ours is not None
    assert video.mp4 == ours.mp4
    assert len(counters_of(video)) == count > 5
    assert video.seconds > 0


def test_a_video_goes_from_a_key_frame_to_its_end(read: Read, tmp_path: Path) -> None:
    source, sink = read(make_clip(tmp_path / "clip.mp4", frames=60, gop=5), recall_s=KEPT)
    wait_for(lambda: len(sink) > 25, "a second has come")
    frames = sink.frames[:26]
    since, until = frames[12].captured, frames[22].captured
    video = source.video(since, until)
    assert video is not None
    counters = counters_of(video)
    assert counters == list(range(counters[0], counters[-1] + 1))
    assert counters[0] % 5 == 0
    assert counters[0] in (5, 10), "the key frame before, as a packet arrives before its picture"
    assert 20 <= counters[-1] <= 24
    assert video.seconds == pytest.approx((len(counters) - 1) / 25, abs=1)


def test_where_nothing_was_kept_there_is_no_video(read: Read, clips: Path) -> None:
    source, sink = read(clips / "h264.mp4", recall_s=KEPT)
    wait_for(lambda: len(sink), "frames come")
    later = time.time() + 100
    assert source.video(later, later + 1) is None
    assert source.video(0, 1) is None
    source.stop()
    assert source.join(30)
    assert video_of(source) is None


def test_how_much_is_kept_may_change(read: Read, clips: Path) -> None:
    source, sink = read(clips / "short.mp4")
    assert source.longest == 0
    wait_for(lambda: len(sink), "frames come")
    assert video_of(source) is None
    source.longest = KEPT
    assert source.longest == KEPT
    wait_for(lambda: video_of(source), "something is kept")
    source.longest = 0.0
    wait_for(lambda: video_of(source) is None, "nothing is kept any more")


def test_how_much_is_kept_is_known_to_the_next_process(
    processes: SourceProcesses, read: Read, clips: Path
) -> None:
    source, sink = read(clips / "short.mp4")
    wait_for(lambda: len(sink), "frames come")
    source.longest = KEPT
    wait_for(lambda: video_of(source), "something is kept")
    os.kill(processes.pids[0], signal.SIGKILL)
    wait_for(lambda: source.report().phase == "retrying", "the process is gone")
    assert video_of(source) is None, "and so are the packets; nobody waits for an answer"
    wait_for(lambda: video_of(source), "something is kept again")


def test_of_what_fits_into_no_mp4_there_is_no_video_and_the_log_says_so(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "clip.webm"
    write_film(path, "libvpx")
    with pytest.raises(ValueError) as ours:
        video_here(path, 10)
    with capture_logs() as logs:
        source, sink = read(path, recall_s=KEPT)
        wait_for(lambda: len(sink), "frames come")
        assert video_of(source) is None
    [line] = [line for line in logs if line["event"] == "no videos can be saved of a camera"]
    assert line["reason"] == str(ours.value)


def test_videos_of_two_cameras_that_are_asked_for_at_once_do_not_mix(
    processes: SourceProcesses, tmp_path: Path
) -> None:
    sources = []
    for first in (100, 200):
        clip = make_clip(tmp_path / f"{first}.mp4", frames=10, gop=5, first=first)
        source, sink = started(processes, clip, id=str(first), recall_s=KEPT)
        wait_for(lambda sink=sink: len(sink) > 5, "frames come")
        sources.append(source)
    found: dict[int, list[Video | None]] = {0: [], 1: []}

    def ask(number: int) -> None:
        found[number] += [video_of(sources[number]) for _ in range(5)]

    threads = [threading.Thread(target=ask, args=(number,)) for number in (0, 1, 0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [len(videos) for videos in found.values()] == [10, 5]
    for number, videos in found.items():
        for video in videos:
            assert video is not None
            assert {counter // 100 for counter in counters_of(video)} == {number + 1}
    assert all(source._videos._heard is None for source in sources), "nothing is kept for nobody"


class Asked:
    """Questions of run 7, and what the test lets the process answer to each."""

    def __init__(self, *answers: list[VideoPart | VideoMade | None], there: bool = True) -> None:
        self._answers = list(answers)
        self._there = there
        self.questions = VideoQuestions(7, self._hear)

    def _hear(self, order: Order) -> bool:
        assert isinstance(order, Cut)
        for answer in self._answers.pop(0) if self._there else ():
            if answer is None:
                self.questions.give_up()
            else:
                self.questions.hear(answer)
        return self._there


def test_parts_are_put_together_in_their_order() -> None:
    asked = Asked([VideoPart(7, 1, b"ab"), VideoPart(7, 1, b"c"), VideoMade(7, 1, 2.5)])
    assert asked.questions.ask(0, 1) == Video(b"abc", 2.5)


def test_why_a_video_cannot_be_made_is_said() -> None:
    asked = Asked([VideoMade(7, 1, reason="no such tag")], [VideoMade(7, 2)])
    with pytest.raises(ValueError, match="no such tag"):
        asked.questions.ask(0, 1)
    assert asked.questions.ask(0, 1) is None


def test_a_process_that_is_gone_or_goes_makes_no_video() -> None:
    assert Asked(there=False).questions.ask(0, 1) is None
    assert Asked([VideoPart(7, 1, b"ab"), None]).questions.ask(0, 1) is None


def test_an_answer_that_comes_too_late_is_not_that_of_the_next_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(source_module, "VIDEO_PATIENCE", 0.01)
    late = [VideoPart(7, 1, b"old"), VideoMade(7, 1, 1.0)]
    asked = Asked([], [*late, VideoPart(7, 2, b"new"), VideoMade(7, 2, 2.0)])
    assert asked.questions.ask(0, 1) is None
    for message in late:
        asked.questions.hear(message)
    assert asked.questions.ask(0, 1) == Video(b"new", 2.0)
