"""Frames out of source processes: the same as in this process, in memory that nobody writes to meanwhile."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import numpy as np
import pytest

from camwire.frames import Frame, Size
from camwire.sources import CameraSource
from camwire.sources.apart import SourceProcesses
from camwire.sources.apart.shelves import PLACES
from camwire.sources.numbering import Numbering
from tests.sources.apart.conftest import BOUND, Made, Read, Sink, pixels_of, started
from tests.sources.apart.host import HostLender, files_of
from tests.sources.cameras import camera
from tests.support.clips import make_clip
from tests.support.waiting import wait_for

pytestmark = pytest.mark.integration


class HereSink:
    """Frames with their pixels, as FFmpeg decodes them in this process."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []

    def put(self, frame: Frame) -> None:
        self.frames.append(frame.with_picture(frame.picture.to_ndarray(format="bgr24")))


def read_here(path: Path, numbering: Numbering) -> list[Frame]:
    sink = HereSink()
    source = CameraSource(
        camera(str(path)), sink, bound=BOUND, paced=False, looped=False, numbering=numbering
    )
    source.start()
    assert source.join(30)
    return sink.frames


def facts(frame: Frame) -> tuple[object, ...]:
    return frame.camera, frame.sequence, frame.epoch, frame.turn, frame.time, frame.source_size, frame.size


def test_frames_are_those_that_this_process_would_make(read: Read, clips: Path) -> None:
    ours = read_here(clips / "b_frames.mp4", Numbering(1000, 7, 3))
    numbering = Numbering(1000, 7, 3)
    source, sink = read(clips / "b_frames.mp4", paced=False, looped=False, numbering=numbering)
    assert source.join(30)
    theirs = sink.frames
    assert len(theirs) == 50, "more than there are places: they were given back"
    assert [facts(frame) for frame in theirs] == [facts(frame) for frame in ours]
    assert all(np.array_equal(a.picture, b.picture) for a, b in zip(theirs, ours, strict=True))
    assert all(frame.arrived <= frame.decoded for frame in theirs)
    assert (numbering.sequence, numbering.epoch, numbering.turn) == (1050, 8, 3)
    report = source.report()
    assert (report.frames_in, report.width, report.height, report.codec) == (50, 320, 240, "h264")
    assert report.reason == "the file has ended"


def test_several_cameras_of_a_process_do_not_mix(processes: SourceProcesses, tmp_path: Path) -> None:
    sizes = [(320, 240), (160, 128), (256, 160)]
    running = [
        started(
            processes,
            make_clip(tmp_path / f"{n}.mp4", width=width, height=height, frames=30, first=100 * n),
            id=f"camera {n}",
            paced=False,
            looped=False,
        )
        for n, (width, height) in enumerate(sizes)
    ]
    for n, (source, sink) in enumerate(running):
        assert source.join(30)
        assert sink.counters == list(range(100 * n, 100 * n + 30))
        assert {(frame.camera, *frame.source_size) for frame in sink.frames} == {(f"camera {n}", *sizes[n])}
    assert len(processes.pids) == 1


def test_held_pictures_stay_and_others_are_told_as_lost(read: Read, clips: Path) -> None:
    _, sink = read(clips / "h264.mp4", Sink(holding=True))
    wait_for(lambda: len(sink) == PLACES, "every place is taken")
    before = [pixels_of(frame).copy() for frame in sink.frames]
    counters = sink.counters
    wait_for(lambda: len(sink.lost) > 5, "frames find no place")
    assert len(sink) == PLACES
    assert sink.counters == counters
    assert all(np.array_equal(pixels_of(frame), was) for frame, was in zip(sink.frames, before, strict=True))
    assert all(frame.picture is None for frame in sink.lost)
    numbers = [frame.sequence for frame in (*sink.frames, *sink.lost)]
    assert sorted(numbers) == list(range(len(numbers))), "each frame came or was told as lost, once"
    sink.release()
    wait_for(lambda: len(sink) > 2 * PLACES, "frames come again")
    assert min(frame.sequence for frame in sink.frames) > max(numbers[:PLACES])


def test_a_source_that_is_not_paced_waits_for_a_place(read: Read, clips: Path) -> None:
    source, sink = read(clips / "h264.mp4", Sink(holding=True), paced=False, looped=False)
    wait_for(lambda: len(sink) == PLACES, "every place is taken")
    first, kept = sink.counters, sink.frames[3]
    was = pixels_of(kept).copy()
    assert not source.join(0.3), "it waits"
    sink.release(holding=True)
    wait_for(lambda: len(sink) == PLACES - 1, "all places but one are used again")
    assert np.array_equal(pixels_of(kept), was)
    first += sink.counters
    sink.release()
    assert source.join(30)
    assert first + sink.counters == list(range(50))
    assert sink.lost == []
    assert np.array_equal(pixels_of(kept), was)


def test_pictures_that_grow_get_another_shelf_and_the_old_one_goes_with_its_last_picture(
    read: Read, tmp_path: Path
) -> None:
    small = make_clip(tmp_path / "small.h264", frames=10, gop=10)
    large = make_clip(tmp_path / "large.h264", frames=10, gop=10, width=640, height=480, first=10)
    changing = tmp_path / "changing.h264"
    changing.write_bytes(small.read_bytes() + large.read_bytes())
    sink = Sink(holding=True)
    source, _ = read(changing, sink, paced=False, looped=False)
    wait_for(lambda: len(sink) == PLACES, "the first frames")
    assert len(files_of(os.getpid())) == 1
    kept = sink.frames[0]
    sink.release()
    assert source.join(30)
    assert read_sizes(sink) == [Size(320, 240)] * (10 - PLACES) + [Size(640, 480)] * 10
    assert sink.counters == list(range(PLACES, 20))
    assert len(files_of(os.getpid())) == 1, "the old shelf, for the picture that is held"
    assert pixels_of(kept).shape == (240, 320, 3)
    del kept
    gc.collect()
    assert files_of(os.getpid()) == []


def read_sizes(sink: Sink) -> list[Size]:
    return [frame.source_size for frame in sink.frames]


def test_more_cameras_than_a_process_takes_start_another_and_idle_ones_end(
    make_processes: Made, clips: Path
) -> None:
    processes = make_processes(cameras=2)
    running = [started(processes, clips / "short.mp4", id=f"camera {n}") for n in range(3)]
    for _, sink in running:
        wait_for(lambda sink=sink: len(sink), "frames come")
    assert len(set(processes.pids)) == 2
    processes.tidy()
    assert len(processes.pids) == 2
    third, _ = running.pop()
    third.stop()
    assert third.join(30)
    [alone] = {processes.pids[1]}
    processes.tidy()
    assert len(processes.pids) == 1
    assert alone not in processes.pids
    for _, sink in running:
        seen = len(sink)
        wait_for(lambda sink=sink, seen=seen: len(sink) > seen, "the others go on")
    source, sink = running[0]
    source.stop()
    assert source.join(30)
    _, again = started(processes, clips / "short.mp4", id="camera 4")
    wait_for(lambda: len(again), "frames come")
    assert len(processes.pids) == 1, "there was room"


def test_a_full_device_is_the_cameras_reason_until_there_is_memory(make_processes: Made, clips: Path) -> None:
    lender = HostLender(full="the host has no memory left for another camera")
    source, sink = started(make_processes(lender), clips / "short.mp4")
    wait_for(lambda: source.report().phase == "retrying", "it is given up for now")
    assert source.report().reason == "the host has no memory left for another camera"
    assert (len(sink), files_of(os.getpid())) == (0, [])
    lender.full = None
    wait_for(lambda: len(sink), "frames come")
    wait_for(lambda: source.report().phase == "live", "it is well")
