"""A source as its users see it, whatever becomes of the processes that read it."""

from __future__ import annotations

import threading
from dataclasses import replace

from camwire.frames import Frame, Size
from camwire.sources.apart.messages import NO_PLACE, Arrived, Order, Recall, Start
from camwire.sources.apart.source import NOT_YET, ApartSource
from camwire.sources.numbering import Numbering
from tests.sources.cameras import camera

SIZE = Size(320, 240)
LIVE = replace(NOT_YET, phase="live", codec="h264", width=320, height=240)


class NotedReader:
    """A process that does what the test says."""

    def __init__(self) -> None:
        self.orders: list[Order] = []

    def begin(self, source: ApartSource) -> None:
        self.orders.append(source.started())

    def end(self, source: ApartSource) -> None:
        source.hear_ended()

    def order(self, order: Order) -> bool:
        self.orders.append(order)
        return True


class NotedSink:
    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.lost: list[Frame] = []

    def put(self, frame: Frame) -> None:
        self.frames.append(frame)

    def lose(self, frame: Frame) -> None:
        self.lost.append(frame)


def source_of(numbering: Numbering | None = None) -> tuple[ApartSource, NotedSink, NotedReader]:
    sink, reader = NotedSink(), NotedReader()
    source = ApartSource(
        3,
        camera("clip.mp4"),
        sink,
        bound=SIZE,
        paced=True,
        looped=True,
        recall_s=0.0,
        numbering=numbering or Numbering(),
        reader=reader,
    )
    return source, sink, reader


def arrived(sequence: int, place: int = 0) -> Arrived:
    return Arrived(3, 0, place, (), Frame("test", sequence, 5, None, SIZE, SIZE, 0.1, 10.0, 1e9, 10.5, 2))


def test_a_frame_has_what_the_message_says() -> None:
    source, sink, _ = source_of()
    source.hear_arrived(arrived(7), "picture")
    source.hear_arrived(arrived(8, NO_PLACE), None)
    assert sink.frames == [Frame("test", 7, 5, "picture", SIZE, SIZE, 0.1, 10.0, 1e9, 10.5, 2)]
    assert sink.lost == [Frame("test", 8, 5, None, SIZE, SIZE, 0.1, 10.0, 1e9, 10.5, 2)]


def test_it_goes_on_in_the_next_process_where_it_was() -> None:
    source, _, reader = source_of(Numbering(4, 1, 0))
    source.start()
    source.hear_arrived(arrived(7), "picture")
    source.longest = 30.0
    source.longest = 30.0
    source.hear_lost("it was killed", 1e9)
    began, recall = reader.orders
    assert isinstance(began, Start)
    assert (began.sequence, began.epoch, began.turn, began.recall_s) == (4, 1, 0, 0.0)
    assert recall == Recall(3, 30.0), "said once"
    again = source.started()
    assert (again.sequence, again.epoch, again.turn, again.recall_s) == (8, 5, 2, 30.0)


def test_what_comes_after_stop_goes_nowhere_and_counts_for_nobody() -> None:
    """The camera's next source counts with the same numbers from there on."""
    numbering = Numbering(7, 5, 2)
    source, sink, _ = source_of(numbering)
    source.stop()
    source.hear_arrived(arrived(7), "picture")
    source.hear_arrived(arrived(8, NO_PLACE), None)
    assert (sink.frames, sink.lost) == ([], [])
    assert (numbering.sequence, numbering.epoch, numbering.turn) == (7, 5, 2)
    assert source.join(0)
    assert source.video(0, 1) is None


def test_counts_of_all_processes_are_added_up() -> None:
    source, _, _ = source_of()
    for number in (1, 2, 3):
        source.hear_report(replace(LIVE, frames_in=10, discarded={"corrupt": 1}))
        source.hear_report(replace(LIVE, frames_in=20, discarded={"corrupt": 2, "late": number}))
        report = source.report()
        assert (report.phase, report.reason, report.frames_in) == ("live", None, 20 * number)
        source.hear_lost("it was killed", 1e9)
    report = source.report()
    assert report == replace(
        NOT_YET,
        phase="retrying",
        reason="it was killed",
        retry_at=1e9,
        codec="h264",
        frames_in=60,
        discarded={"corrupt": 6, "late": 6},
    )


def test_a_report_never_counts_a_process_twice() -> None:
    """However the listening thread and those who ask take turns."""
    source, _, _ = source_of()
    ended, seen = threading.Event(), []

    def ask() -> None:
        while not ended.is_set():
            seen.append(source.report().frames_in)

    thread = threading.Thread(target=ask)
    thread.start()
    for _ in range(300):
        source.hear_report(replace(LIVE, frames_in=10))
        source.hear_lost("it was killed", 1e9)
    ended.set()
    thread.join()
    assert seen == sorted(seen)
    assert source.report().frames_in == 3000
