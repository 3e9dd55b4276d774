"""What nvdsosd is to draw: strokes and texts, and the display metadata that carry them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.config.rules import DirectionRule, LineRule, Rule, ZoneRule
from camwire.deepstream.display import LINE, LONGEST_TEXT, MOST_LINES, MOST_STROKES, TEXT, Display, display_of
from camwire.deepstream.native_metadata import NativeMetadata
from camwire.devices.contracts import Overlay
from camwire.frames import Batch, Frame, Size, Tracks
from tests.deepstream.native.libraries import Libraries

DRAWN, MUXED = Size(640, 360), Size(1280, 720)
ZONE = ZoneRule(
    type="zone", name="yard", polygon=((0.25, 0.25), (0.75, 0.25), (0.75, 0.75)), colour="#ff0000"
)
LINE_RULE = LineRule(type="line", name="door", start=(0.5, 1.0), end=(0.5, 0.0))
ARROW = DirectionRule(type="direction", name="way", start=(0.1, 0.5), end=(0.9, 0.5))
SIZES = np.array([MUXED, MUXED, MUXED], np.int32)


def batch(*cameras: str) -> Batch:
    frames = (Frame(name, 0, 0, None, MUXED, DRAWN, 0.0, 0.0, 0.0, 0.0) for name in cameras)
    return Batch(0, tuple(frames), 0.0)


def overlay(*rules: Rule, toggles: tuple[str, ...] = ("zones", "lines", "traces")) -> Overlay:
    return Overlay(frozenset(toggles), ("person", "car"), rules)


def tracks(traces: np.ndarray, frames: np.ndarray | None = None) -> Tracks:
    count = len(traces)
    return Tracks(
        boxes=np.zeros((count, 4), np.float32),
        scores=np.ones(count, np.float32),
        classes=np.arange(count, dtype=np.int32),
        ids=np.arange(1, count + 1),
        frame_index=np.zeros(count, np.int32) if frames is None else frames,
        detections=np.arange(count, dtype=np.int32),
        ages=np.zeros(count, np.int32),
        velocities=np.zeros((count, 2), np.float32),
        traces=traces.astype(np.float32),
    )


def test_a_zone_is_its_outline_in_the_muxers_pixels() -> None:
    display = display_of(batch("gate"), Tracks.empty(), {0: 2}, SIZES, overlay(ZONE))
    assert display.lines["frame"].tolist() == [2, 2, 2]
    ends = [(320, 180), (960, 180), (960, 540)]
    assert [tuple(line[:2]) for line in display.lines["ends"].tolist()] == ends
    assert [tuple(line[2:]) for line in display.lines["ends"].tolist()] == [*ends[1:], ends[0]]
    assert display.lines["colour"].tolist() == [[1, 0, 0]] * 3
    assert display.words == ("yard",)
    assert display.texts["place"][0].tolist()[0] == 320
    assert display.texts["place"][0].tolist()[1] < 180


def test_a_line_has_an_arrow_to_the_side_that_is_in() -> None:
    display = display_of(batch("gate"), Tracks.empty(), {0: 0}, SIZES, overlay(LINE_RULE))
    line, shaft, *heads = display.lines["ends"].tolist()
    assert line == [640, 719, 640, 0]
    assert shaft[:2] == [640, 360]
    assert shaft[2] > 640  # up is from bottom to top: in is to the right
    assert shaft[3] == 360
    assert all(head[2:] == shaft[2:] and head[0] < shaft[2] for head in heads)
    assert {head[1] > 360 for head in heads} == {True, False}


def test_counts_stand_beside_the_names() -> None:
    shown = replace(overlay(LINE_RULE), counts={"gate": {"door": {"in": {"person": 2, "car": 1}}}})
    assert display_of(batch("gate"), Tracks.empty(), {0: 0}, SIZES, shown).words == ("door  in 3",)


def test_only_what_is_on_and_for_the_camera_is_drawn() -> None:
    elsewhere = ARROW.model_copy(update={"cameras": ("yard",)})
    rules = (ZONE, LINE_RULE, elsewhere)
    both = batch("gate", "yard")
    only_lines = display_of(both, Tracks.empty(), {0: 0}, SIZES, overlay(*rules, toggles=("lines",)))
    assert only_lines.words == ("door",)
    second = display_of(both, Tracks.empty(), {1: 1}, SIZES, overlay(*rules, toggles=("lines",)))
    assert second.words == ("door", "way")
    assert set(second.lines["frame"].tolist()) == {1}
    assert len(display_of(both, Tracks.empty(), {}, SIZES, overlay(*rules))) == 0


def test_a_trace_begins_where_the_object_was_seen_first() -> None:
    trace = np.array([[[np.nan, np.nan], [10, 20], [30, 40], [50, 60]]])
    display = display_of(batch("gate"), tracks(trace), {0: 0}, SIZES, overlay())
    assert display.lines["ends"].tolist() == [[20, 40, 60, 80], [60, 80, 100, 120]]


@given(
    count=st.integers(0, 300),
    length=st.integers(0, 90),
    seed=st.integers(0, 99),
    spread=st.floats(1, 1e6),
)
def test_traces_stay_in_the_picture_and_within_bounds(
    count: int, length: int, seed: int, spread: float
) -> None:
    random = np.random.default_rng(seed)
    traces = random.normal(0, spread, (count, length, 2))
    traces[random.random((count, length)) < 0.2] = np.nan
    display = display_of(batch("gate"), tracks(traces), {0: 0}, SIZES, overlay())
    assert len(display.lines) <= max(MOST_LINES, count)
    assert len(display.lines) <= MOST_STROKES * count
    ends = display.lines["ends"].reshape(-1, 2)
    assert ((ends >= 0) & (ends < MUXED)).all()


def test_a_long_name_is_cut_between_letters() -> None:
    long = ZONE.model_copy(update={"name": "ü" * 100})
    [words] = display_of(batch("gate"), Tracks.empty(), {0: 0}, SIZES, overlay(long)).words
    assert words == "ü" * (LONGEST_TEXT // 2)


# --- through the C library ---------------------------------------------------------------------


class Buffer:
    """A GstBuffer of tests, with an empty frame for each of ``frames``."""

    def __init__(self, native: Libraries, frames: int) -> None:
        from tests.support.deepstream_stand_ins.native import NativeBatch
        from tests.support.deepstream_stand_ins.store import Batch as Stored
        from tests.support.deepstream_stand_ins.store import Frame as StoredFrame

        made = [StoredFrame(pad, 0, 0.0, MUXED, MUXED) for pad in range(frames)]
        self.batch = NativeBatch(native.harness, Stored(made))

    def __hash__(self) -> int:
        return self.batch.address


@pytest.fixture
def buffer(elements: None, native: Libraries) -> Buffer:
    return Buffer(native, 2)


def lines(frames: list[int]) -> np.ndarray:
    made = np.zeros(len(frames), LINE)
    made["frame"] = frames
    made["ends"] = np.arange(4 * len(frames)).reshape(-1, 4)
    made["width"] = 3
    made["colour"] = (0.25, 0.5, 1)
    return made


@pytest.mark.integration
def test_as_many_metadata_as_it_takes(native: Libraries, buffer: Buffer) -> None:
    words = tuple(f"tür {number} €" for number in range(17))
    texts = np.zeros(17, TEXT)
    texts["frame"], texts["place"], texts["size"], texts["colour"] = 1, (7, 8), 10, (1, 0, 0)
    display = Display(lines([0] * 5 + [1] * 33), texts, words)
    NativeMetadata(native.metadata).display(buffer, display)
    strokes, signs, count = buffer.batch.drawn(0)
    assert (len(strokes), len(signs), count) == (5, 0, 1)
    assert strokes[1].ends == (4, 5, 6, 7)
    assert (strokes[1].width, strokes[1].colour) == (3, (0.25, 0.5, 1.0))
    strokes, signs, count = buffer.batch.drawn(1)
    assert (len(strokes), len(signs)) == (33, 17)
    assert count <= 5  # 3 for the lines; the texts fill the last and want one more
    assert [stroke.ends[0] for stroke in strokes] == list(range(20, 152, 4))
    assert [sign.words for sign in signs] == list(words)
    assert (signs[0].place, signs[0].size, signs[0].colour) == ((7, 8), 10, (1.0, 0.0, 0.0))


@pytest.mark.integration
def test_frames_that_are_not_there_are_left_out(native: Libraries, buffer: Buffer) -> None:
    display = Display(lines([-1, 0, 2, 1000]), np.zeros(0, TEXT), ())
    NativeMetadata(native.metadata).display(buffer, display)
    assert len(buffer.batch.drawn(0)[0]) == 1
    assert buffer.batch.drawn(1) == ([], [], 0)
