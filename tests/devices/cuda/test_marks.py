"""Which tiles objects and shapes touch: marks against what is drawn, and a plain account of pixels."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camwire.devices.contracts import Overlay
from camwire.devices.cpu.lines import draw_lines, eighths
from camwire.devices.cpu.palette import Style
from camwire.devices.cuda import marks
from camwire.devices.cuda.launches import THINGS_A_BLOCK, Scene, launches
from camwire.devices.cuda.marks import BITS, TILE, most, pack_marks, words_for
from camwire.devices.cuda.scene import LAYERS, PICTURE
from camwire.devices.cuda.sheet import AREA, MASK, PLATE, SHAPE, strokes
from camwire.frames import Size, Tracks
from tests.devices.cuda.drawing import NAMES, Drawn, by_the_cpu, draw, grey, packed
from tests.devices.cuda.test_draw_kernel import ALL, ARROW, COUNTS, LINE, ZONE, crowd, detailed
from tests.devices.cuda.test_draw_tiles import with_traces
from tests.devices.pictures import tracks_of

SIZE = Size(200, 70)
"""Four tiles side by side in five rows; the last ones aren't whole."""
LINE_WIDTH = Style.for_size(SIZE).line
on_any_runner = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Marks(NamedTuple):
    """Of a picture's tiles: bool [rows, columns, things], or where a bit is for several things, of those."""

    layers: dict[str, np.ndarray]
    strokes: np.ndarray
    surfaces: np.ndarray


def marked(
    runner, sizes: list[Size], tracks: Tracks, toggles: set[str] = ALL, shapes: np.ndarray | None = None
) -> list[Marks]:
    """What the kernels mark. ``shapes`` of SHAPE: on the last picture."""
    content = packed(runner, sizes, tracks, Overlay(frozenset(toggles), NAMES))
    pictures = content.pictures
    if shapes is not None:
        content = content._replace(shapes=content.shapes._replace(records=shapes))
        pictures["upper_shapes"][-1] = len(shapes) // 2
        pictures["shapes_end"][-1] = len(shapes)
    scene, table = content.scene(runner, tracks)
    started = launches(pictures, tracks.traces.shape[1], scene)
    assert [one.name for one in started][-1:] == ["draw"]
    for name, grid, arguments in started[:-1]:
        runner.run("draw", name, grid, *arguments)
    starts = (pictures["marks"] - pictures["marks"][0]).astype(int)
    return [
        _of_picture(table.fetch()[start:], picture) for start, picture in zip(starts, pictures, strict=True)
    ]


def _of_picture(table: np.ndarray, picture: np.ndarray) -> Marks:
    columns, rows = -(-int(picture["width"]) // TILE.width), -(-int(picture["height"]) // TILE.height)
    widths = [BITS * int(picture["object_words"])] * len(LAYERS) + [BITS * int(picture["shape_words"])] * 2
    bits = np.unpackbits(table[: rows * columns * sum(widths) // 8], bitorder="little").astype(bool)
    parts = np.split(bits.reshape(rows, columns, -1), np.cumsum(widths)[:-1], axis=2)
    return Marks(dict(zip(LAYERS, parts, strict=False)), *parts[len(LAYERS) :])


def tiles_with(pixels: np.ndarray) -> np.ndarray:
    """[rows, columns] of tiles: those with a pixel that is set of bool [height, width]."""
    height, width = pixels.shape
    padded = np.pad(pixels, ((0, -height % TILE.height), (0, -width % TILE.width)))
    return padded.reshape(-1, TILE.height, padded.shape[1] // TILE.width, TILE.width).any(axis=(1, 3))


def tiles_near(points: np.ndarray, room: float, size: Size) -> np.ndarray:
    """[rows, columns] of tiles: those with a pixel's centre at most so far from one of ``points`` [n, 2]."""
    x, y = np.arange(-(-size.width // TILE.width)), np.arange(-(-size.height // TILE.height))
    near = [
        (points[:, axis] >= TILE[axis] * places[:, None] - room)
        & (points[:, axis] <= TILE[axis] * (places[:, None] + 1) - 1 + room)
        for axis, places in enumerate((x, y))
    ]
    return (near[0][None] & near[1][:, None]).any(axis=2)


def changed(drawn: Drawn) -> np.ndarray:
    """[height, width] of a picture that was grey."""
    pixels = drawn.planes[0] != 126
    for plane in drawn.planes[1:]:
        pixels |= (plane != 128).repeat(2, axis=0).repeat(2, axis=1)
    return pixels


def along(way: np.ndarray) -> np.ndarray:
    """[n, 2] points at most half a pixel apart on the way through those of ``way`` [k, 2]."""
    pieces = [np.linspace(a, b, int(np.abs(b - a).max() * 2) + 2) for a, b in pairwise(way)]
    return np.concatenate([np.zeros((0, 2)), *pieces])


across, down = st.floats(-90, 290, width=32), st.floats(-60, 130, width=32)


@on_any_runner
@given(st.lists(st.tuples(across, down, across, down), min_size=1, max_size=5))
def test_boxes_and_labels_are_marked_where_they_are_drawn(runner, corners: list) -> None:
    tracks = tracks_of([(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in corners])
    [made] = marked(runner, [SIZE], tracks)
    for row in range(len(tracks)):
        one = tracks_of([tuple(tracks.boxes[row].tolist())])
        boxes, labels = (changed(by_the_cpu(one, SIZE, {layer})[0]) for layer in ("boxes", "labels"))
        np.testing.assert_array_equal(made.layers["labels"][..., row], tiles_with(labels))
        own = made.layers["boxes"][..., row]
        assert not (tiles_with(boxes) & ~own).any(), "a mark is missing"
        # The sides of a box that is smaller than its outlines change places, which reaches a little further.
        near = cv2.dilate(boxes.astype(np.uint8), np.ones((2 * LINE_WIDTH + 1,) * 2, np.uint8))
        assert not (own & ~tiles_with(near > 0)).any(), "it is far from there"
    assert not made.layers["boxes"][..., len(tracks) :].any()


def test_tiles_inside_a_large_box_are_not_marked(runner) -> None:
    [made] = marked(runner, [SIZE], tracks_of([(2.0, 2.0, 198.0, 68.0)]))
    inside = np.zeros((5, 4), bool)
    inside[1:-1, 1:-1] = True
    np.testing.assert_array_equal(made.layers["boxes"][..., 0], ~inside)


@on_any_runner
@given(st.lists(st.tuples(across, down), min_size=1, max_size=6), st.integers(0, 2), st.sampled_from([1, 5]))
def test_traces_are_marked_wherever_they_are_drawn(runner, way: list, missing: int, stretch: int) -> None:
    points = np.array([(np.nan, np.nan)] * missing + way, np.float32) * stretch
    tracks = with_traces(points[None])
    [made] = marked(runner, [SIZE], tracks)
    [drawn] = by_the_cpu(tracks, SIZE, {"traces"})
    own = made.layers["traces"][..., 0]
    assert not (tiles_with(changed(drawn)) & ~own).any(), "a mark is missing"
    near = tiles_near(along(points[missing:]), 2 * LINE_WIDTH + 5, SIZE)
    assert not (own & ~near).any(), "it is far from there"


@on_any_runner
@given(
    st.lists(st.tuples(across, down, across, down), min_size=1, max_size=5),
    st.integers(1, 9),
    st.sampled_from([1, 1, 8, 400]),
)
def test_strokes_are_marked_wherever_they_are_drawn(runner, ends: list, thickness: int, stretch: int) -> None:
    lines = eighths(np.array(ends, np.float64).reshape(-1, 2, 2) * stretch)
    colour = np.zeros(3, np.float32)
    [made] = marked(runner, [SIZE], Tracks.empty(), shapes=strokes(lines, colour, thickness))
    for number, line in enumerate(lines):
        canvas = np.zeros((SIZE.height, SIZE.width, 3), np.uint8)
        draw_lines(canvas, [line], (255, 255, 255), thickness)
        own = made.strokes[..., number]
        assert not (tiles_with(canvas[..., 0] > 0) & ~own).any(), "a mark is missing"
        near = tiles_near(along(line / 8), (thickness + 1) // 2 + 3, SIZE)
        assert not (own & ~near).any(), "it is far from there"
    assert not made.surfaces.any()
    assert not made.strokes[..., len(lines) :].any()


def past_borders() -> np.ndarray:
    """[n, 2, 2] lines beside the borders of tiles, from a few pixels before them to a few behind."""
    beside = np.arange(-9, 9, 0.5)
    level = [((20, TILE.height + by), (90, TILE.height + by + tilt)) for by in beside for tilt in (0, 2)]
    upright = [((TILE.width + by, 5), (TILE.width + by + tilt, 40)) for by in beside for tilt in (0, 3)]
    return np.array(level + upright, np.float64)


def test_no_mark_is_missing_of_traces_beside_borders_of_tiles(runner) -> None:
    tracks = with_traces(past_borders() + 0.5)
    [made] = marked(runner, [SIZE], tracks)
    for number, line in enumerate(past_borders() + 0.5):
        [drawn] = by_the_cpu(with_traces(line[None]), SIZE, {"traces"})
        assert not (tiles_with(changed(drawn)) & ~made.layers["traces"][..., number]).any()


@pytest.mark.parametrize("thickness", [1, 2, 5, 8])
def test_no_mark_is_missing_of_strokes_beside_borders_of_tiles(runner, thickness: int) -> None:
    lines = eighths(past_borders())
    shapes = strokes(lines, np.zeros(3, np.float32), thickness)
    [made] = marked(runner, [SIZE], Tracks.empty(), shapes=shapes)
    for number, line in enumerate(lines):
        canvas = np.zeros((SIZE.height, SIZE.width, 3), np.uint8)
        draw_lines(canvas, [line], (255, 255, 255), thickness)
        assert not (tiles_with(canvas[..., 0] > 0) & ~made.strokes[..., number]).any()


@on_any_runner
@given(st.lists(st.tuples(across, down, across, down), min_size=1, max_size=9))
def test_areas_plates_and_masks_are_marked_all_over(runner, corners: list) -> None:
    records = np.zeros(len(corners), SHAPE)
    records["kind"] = np.resize([AREA, PLATE, MASK], len(corners))
    for record, (a, b, c, d) in zip(records, corners, strict=True):
        record["left"], record["top"], record["right"], record["bottom"] = (
            min(a, c), min(b, d), max(a, c), max(b, d)
        )  # fmt: skip
    [made] = marked(runner, [SIZE], Tracks.empty(), shapes=records)
    x, y = np.arange(SIZE.width), np.arange(SIZE.height)[:, None]
    for number, one in enumerate(records):
        pixels = (
            (x >= np.floor(one["left"]))
            & (x <= np.ceil(one["right"]))
            & (y >= np.floor(one["top"]))
            & (y <= np.ceil(one["bottom"]))
        )
        np.testing.assert_array_equal(made.surfaces[..., number], tiles_with(pixels))
    assert not made.strokes.any()


def test_each_picture_of_a_batch_has_its_own_marks(runner) -> None:
    sizes = [Size(200, 70), Size(64, 16), Size(66, 18), Size(400, 300)]
    tracks = crowd(SIZE, 90, 5, frame_index=[0] * 40 + [1] * 33 + [3] * 17)
    together = marked(runner, sizes, tracks)
    for index, size in enumerate(sizes):
        rows = tracks.rows_of(index)
        alone = tracks_of([tuple(box) for box in tracks.boxes[rows].tolist()])
        [wanted] = marked(runner, [size], alone)
        count = rows.stop - rows.start
        made = together[index].layers["boxes"]
        np.testing.assert_array_equal(made[..., :count], wanted.layers["boxes"][..., :count])
        assert not made[..., count:].any()


@pytest.mark.parametrize("layer", sorted(ALL))
def test_a_layer_that_is_switched_off_has_no_marks(runner, layer: str) -> None:
    [made] = marked(runner, [SIZE], crowd(SIZE, 20, 3), ALL - {layer})
    assert {name for name, own in made.layers.items() if own.any()} == ALL - {layer}


@pytest.mark.parametrize("count", [1024, 1025, 3000, 5000])
def test_a_bit_is_for_several_objects_where_there_are_very_many(runner, count: int) -> None:
    tracks = tracks_of(
        [(float(n % 190), float(n * 7 % 60), n % 190 + 9.0, n * 7 % 60 + 8.0) for n in range(count)]
    )
    [made] = marked(runner, [SIZE], tracks)
    bits = made.layers["boxes"].shape[2]
    shift = words_for(count, 32)[1]
    assert bits <= 1024
    single = np.zeros((5, 4, bits << shift), bool)
    x, y = np.arange(SIZE.width), np.arange(SIZE.height)[:, None]
    line = LINE_WIDTH
    for number, (left, top, right, bottom) in enumerate(tracks.boxes.tolist()):
        pixels = (x >= left - 1 - line) & (x <= right + line) & (y >= top - 1 - line) & (y <= bottom + line)
        single[..., number] = tiles_with(pixels)
    np.testing.assert_array_equal(made.layers["boxes"], single.reshape(5, 4, bits, 1 << shift).any(axis=3))


@pytest.mark.parametrize("seed", [1, 2])
def test_with_a_bit_for_many_things_the_picture_is_the_same(
    runner, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """However many objects and shapes there are, none is lost, and none takes another's place."""
    size = Size(320, 180)
    tracks = detailed(crowd(size, 90, seed), size, seed, "keypoints", "masks", "corners")
    toggles, rules = {*ALL, "zones", "lines", "keypoints", "masks"}, (ZONE, LINE, ARROW)

    def drawn() -> Drawn:
        return draw(runner, [grey(size)], [size], tracks, toggles, full=True, rules=rules, counts=COUNTS)[0]

    def shift() -> int:
        return words_for(90 * 70, marks.MOST_SHAPE_WORDS)[1]

    wanted, before = drawn(), shift()
    monkeypatch.setattr(marks, "MOST_OBJECT_WORDS", 1)
    monkeypatch.setattr(marks, "MOST_SHAPE_WORDS", 1)
    made = drawn()
    assert shift() > before
    for plane, same in zip(made.planes, wanted.planes, strict=True):
        np.testing.assert_array_equal(plane, same)


@given(st.integers(0, 10**7), st.integers(1, 70))
def test_there_are_words_for_any_number_of_things_and_no_more_than_allowed(count: int, limit: int) -> None:
    words, shift = words_for(count, limit)
    assert words <= limit
    assert words * BITS << shift >= count > (words - 1) * BITS << shift
    assert shift == 0 or count > limit * BITS << shift - 1, "no bit is for more than it has to be"


def test_tables_lie_one_behind_the_other() -> None:
    pictures = np.zeros(3, PICTURE)
    pictures["width"], pictures["height"] = (64, 130, 2), (16, 18, 2)
    pictures["first"], pictures["last"] = (0, 1, 1), (1, 1, 34)
    pictures["shapes_end"] = (0, 0, 70)
    words = 3 * 2 + 2 * 3
    assert most(pictures, "first", "last") == 33
    assert pack_marks(pictures) == 4 * words * (1 + 6 + 1)
    assert pictures["marks"].tolist() == [0, 4 * words, 4 * words * 7]
    assert pack_marks(np.zeros(0, PICTURE)) == 0


def test_only_what_is_there_is_prepared() -> None:
    pictures = np.zeros(2, PICTURE)
    pictures["width"], pictures["height"] = (130, 64), (16, 34)
    scene = Scene(*range(8))
    [alone] = launches(pictures, 30, scene)
    assert (alone.name, alone.grid, alone.arguments) == ("draw", (3, 3, 2), tuple(range(8)))
    pictures["last"], pictures["shapes_end"] = (0, THINGS_A_BLOCK + 1), (THINGS_A_BLOCK, 0)
    objects, shapes, last = launches(pictures, 30, scene)
    assert (objects.name, objects.grid) == ("prepare_objects", (2, 2))
    assert (shapes.name, shapes.grid) == ("prepare_shapes", (1, 2))
    assert last == alone
