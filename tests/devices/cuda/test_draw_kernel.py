"""The draw kernel: pictures against float64, the overlay against the CPU's renderer."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest

from camwire.config.rules import DirectionRule, LineRule, ZoneRule
from camwire.devices.annotations import Annotation, Sign
from camwire.devices.cuda.colours import BT601, BT709, BT2020
from camwire.devices.cuda.scene import GLYPH_COUNT_BEYOND_CLASSES, OBJECT, PICTURE
from camwire.devices.cuda.sheet import SHAPE
from camwire.frames import Frame, Size, Tracks
from tests.devices.cuda.drawing import by_the_cpu, draw, grey
from tests.devices.cuda.reference import random_nv12, rgb, scaled, ycbcr
from tests.devices.pictures import tracks_of

ALL = {"boxes", "labels", "traces"}


def crowd(
    size: Size, count: int, seed: int, frame_index: list[int] | None = None, length: int = 30
) -> Tracks:
    """Objects anywhere, on the picture and off it, from a pixel to more than the whole picture."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(-0.2, 1.2, (count, 2)) * size
    sides = rng.uniform(1, 10, (count, 2)) ** rng.uniform(0.2, 2.5, (count, 1))
    boxes = np.concatenate((centres - sides / 2, centres + sides / 2), axis=1)
    ways = centres[:, None] + np.cumsum(rng.normal(0, 2.5, (count, length, 2)), axis=1)
    for row, missing in enumerate(rng.integers(0, length + 1, count)):
        ways[row, :missing] = np.nan
    tracks = tracks_of([tuple(box) for box in boxes.tolist()], classes=rng.integers(0, 4, count).tolist())
    return dataclasses.replace(
        tracks,
        ids=rng.integers(1, 10 ** rng.integers(1, 12, count)),
        scores=rng.uniform(0, 1, count).astype(np.float32),
        traces=ways.astype(np.float32),
        frame_index=np.array(frame_index or [0] * count, np.int32),
    )


def test_records_are_laid_out_as_the_kernels_say() -> None:
    assert SHAPE.itemsize == 72
    assert (PICTURE.itemsize, OBJECT.itemsize, GLYPH_COUNT_BEYOND_CLASSES) == (248, 96, 11)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("kr_kb", [BT601, BT709, BT2020])
@pytest.mark.parametrize("full", [False, True])
def test_pictures_are_scaled_and_turned_into_jpegs_colours(runner, wide: bool, kr_kb, full: bool) -> None:
    rng = np.random.default_rng(2)
    sources = [
        random_nv12(rng, size, wide) for size in (Size(192, 108), Size(3, 5), Size(130, 66), Size(1, 1))
    ]
    sizes = [Size(128, 72), Size(2, 4), Size(130, 66), Size(2, 2)]
    for source, size, made in zip(
        sources, sizes, draw(runner, sources, sizes, Tracks.empty(), ALL, kr_kb=kr_kb, full=full), strict=True
    ):
        half = Size(size.width // 2, size.height // 2)
        chroma = scaled(source.chroma, half)
        full_chroma = chroma.repeat(2, axis=0).repeat(2, axis=1)
        luma = np.concatenate((scaled(source.luma, size)[..., None], full_chroma), axis=2)
        wanted = ycbcr(rgb(luma, kr_kb, full))
        assert np.abs(made.planes[0] - np.clip(wanted[..., 0], 0, 255)).max() < 0.6
        blocks = wanted.reshape(half.height, 2, half.width, 2, 3).mean(axis=(1, 3))
        for plane, which in ((1, 1), (2, 2)):
            assert np.abs(made.planes[plane] - np.clip(blocks[..., which], 0, 255)).max() < 0.6


@pytest.mark.parametrize("size", [Size(1280, 720), Size(640, 360), Size(400, 1000)])
@pytest.mark.parametrize(
    ("toggles", "decibels"), [({"boxes"}, 100), ({"labels"}, 50), ({"traces"}, 80), (ALL, 50)]
)
def test_the_overlay_is_the_cpus(runner, size: Size, toggles: set[str], decibels: float) -> None:
    tracks = crowd(size, 25, seed=4)
    [made] = draw(runner, [grey(size)], [size], tracks, toggles, full=True)
    [wanted] = by_the_cpu(tracks, size, toggles)
    assert made.psnr(wanted) > decibels


def test_what_is_switched_off_or_not_there_leaves_the_picture_alone(runner) -> None:
    size = Size(130, 66)
    for tracks, toggles in (
        (crowd(size, 9, 1), set()),
        (Tracks.empty(30), ALL),
        (crowd(size, 9, 1, length=0), {"traces"}),
    ):
        [made] = draw(runner, [grey(size, 90)], [size], tracks, toggles, full=True)
        assert (made.planes[0] == 90).all()
        assert (made.planes[1] == 128).all()


def test_each_picture_of_a_batch_shows_its_own_objects(runner) -> None:
    sizes = [Size(640, 360), Size(320, 180), Size(200, 300)]
    tracks = crowd(sizes[1], 30, 6, frame_index=[0] * 11 + [2] * 19)
    together = draw(runner, [grey(size) for size in sizes], sizes, tracks, ALL, full=True)
    for index, size in enumerate(sizes):
        own = tracks.rows_of(index)
        columns = {field.name: getattr(tracks, field.name) for field in dataclasses.fields(tracks)}
        alone = dataclasses.replace(tracks, **{k: v[own] for k, v in columns.items() if v is not None})
        alone = dataclasses.replace(alone, frame_index=np.zeros(len(alone), np.int32))
        [wanted] = draw(runner, [grey(size)], [size], alone, ALL, full=True)
        for made_plane, wanted_plane in zip(together[index].planes, wanted.planes, strict=True):
            np.testing.assert_array_equal(made_plane, wanted_plane)


def test_more_objects_than_a_block_looks_at_in_one_go(runner) -> None:
    size = Size(128, 64)
    tracks = crowd(size, 1500, 7)
    [made] = draw(runner, [grey(size)], [size], tracks, {"boxes"}, full=True)
    [wanted] = by_the_cpu(tracks, size, {"boxes"})
    assert made.psnr(wanted) > 100


ZONE = ZoneRule(
    type="zone", name="yard", polygon=((0.1, 0.2), (0.6, 0.15), (0.5, 0.8), (0.3, 0.5), (0.05, 0.9))
)
LINE = LineRule(type="line", name="door", start=(0.7, 0.1), end=(0.8, 0.9), colour="#00ff88")
ARROW = DirectionRule(type="direction", name="way", start=(0.9, 0.8), end=(0.55, 0.6), colour="#ff0044")
AWAY = LineRule(type="line", name="away", start=(0.0, 20.0), end=(9000.0, 4000.0), units="pixels")
COUNTS = {"camera-0": {"yard": {"inside": {"person": 3, "car": 1}}, "door": {"in": {"car": 12}}}}


@pytest.mark.parametrize("size", [Size(1280, 720), Size(640, 360), Size(400, 1000)])
@pytest.mark.parametrize("rules", [(ZONE,), (LINE,), (ARROW,), (AWAY,), (ZONE, LINE, ARROW)])
def test_rules_are_drawn_as_the_cpu_draws_them(runner, size: Size, rules: tuple) -> None:
    toggles = {"zones", "lines"}
    [made] = draw(
        runner, [grey(size)], [size], Tracks.empty(), toggles, full=True, rules=rules, counts=COUNTS
    )
    [wanted] = by_the_cpu(Tracks.empty(), size, toggles, rules=rules, counts=COUNTS)
    assert made.psnr(wanted) > 45
    [plain] = draw(runner, [grey(size)], [size], Tracks.empty(), set(), full=True, rules=rules)
    assert plain.psnr(wanted) < made.psnr(wanted) - 3, "something is drawn"


def test_each_camera_shows_its_own_rules(runner) -> None:
    size = Size(320, 180)
    second = ZONE.model_copy(update={"cameras": ("camera-1",)})
    first, other = draw(
        runner, [grey(size)] * 2, [size] * 2, Tracks.empty(), {"zones"}, full=True, rules=(second,)
    )
    assert (first.planes[0] == 126).all()
    assert not (other.planes[0] == 126).all()


def test_rules_on_each_picture_of_a_batch_are_drawn_as_on_one_alone(runner) -> None:
    sizes, rules = [Size(320, 180), Size(200, 300), Size(66, 34)], (ZONE, LINE, ARROW)
    together = draw(
        runner, [grey(size) for size in sizes], sizes, Tracks.empty(), {"zones", "lines"}, rules=rules
    )
    for made, size in zip(together, sizes, strict=True):
        [wanted] = draw(runner, [grey(size)], [size], Tracks.empty(), {"zones", "lines"}, rules=rules)
        for plane, same in zip(made.planes, wanted.planes, strict=True):
            np.testing.assert_array_equal(plane, same)


def detailed(tracks: Tracks, size: Size, seed: int, *wanted: str) -> Tracks:
    """With random oriented boxes, skeletons or masks, on the picture and off it; a few are unknown."""
    rng, count = np.random.default_rng(seed), len(tracks)
    centres = rng.uniform(-0.1, 1.1, (count, 1, 2)) * size
    turns = rng.uniform(0, np.pi, count)
    axes = np.stack((np.cos(turns), np.sin(turns), -np.sin(turns), np.cos(turns)), axis=1)
    sides = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * rng.uniform(10, 90, (count, 1, 2))
    corners = centres + sides @ axes.reshape(count, 2, 2)
    places = centres + rng.uniform(-120, 120, (count, 17, 2))
    keypoints = np.concatenate((places, rng.uniform(0.2, 1, (count, 17, 1))), axis=2)
    inside = np.hypot(*(np.mgrid[:64, :64] - 31.5)) < rng.uniform(10, 35, (count, 1, 1))
    corners[2], keypoints[1, 4] = np.nan, np.nan
    details = {
        "corners": corners.astype(np.float32),
        "keypoints": keypoints.astype(np.float32),
        "masks": (inside * rng.integers(150, 256, (count, 64, 64))).astype(np.uint8),
    }
    if "masks" in wanted:
        boxes = np.concatenate((centres[:, 0] - 80.3, centres[:, 0] + 71.8), axis=1).astype(np.float32)
        tracks = dataclasses.replace(tracks, boxes=boxes)
    return dataclasses.replace(tracks, **{name: details[name] for name in wanted})


@pytest.mark.parametrize("size", [Size(1280, 720), Size(400, 700)])
@pytest.mark.parametrize(("what", "decibels"), [("corners", 50), ("keypoints", 50), ("masks", 50)])
def test_details_are_drawn_as_the_cpu_draws_them(runner, size: Size, what: str, decibels: float) -> None:
    tracks = dataclasses.replace(crowd(size, 6, seed=3), traces=np.zeros((6, 0, 2), np.float32))
    toggles = {"corners": {"boxes"}}.get(what, {what})
    tracks = detailed(tracks, size, 8, what)
    [made] = draw(runner, [grey(size)], [size], tracks, toggles, full=True)
    [wanted] = by_the_cpu(tracks, size, toggles)
    assert made.psnr(wanted) > decibels
    [plain] = draw(runner, [grey(size)], [size], tracks, set(), full=True)
    assert plain.psnr(wanted) < made.psnr(wanted) - 1


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("size", [Size(640, 360), Size(1280, 720)])
@pytest.mark.parametrize("turned", [False, True])
def test_a_crowd_with_everything_is_the_cpus(runner, size: Size, seed: int, turned: bool) -> None:
    """Eighty objects whose traces, limbs, masks and labels lie upon each other."""
    details = ("keypoints", "masks", "corners") if turned else ("keypoints", "masks")
    tracks = detailed(crowd(size, 80, seed, length=60), size, seed, *details)
    toggles, rules = {*ALL, "zones", "lines", "keypoints", "masks"}, (ZONE, LINE, ARROW, AWAY)
    [made] = draw(runner, [grey(size)], [size], tracks, toggles, full=True, rules=rules, counts=COUNTS)
    [wanted] = by_the_cpu(tracks, size, toggles, rules=rules, counts=COUNTS)
    assert made.psnr(wanted) > 45


@pytest.mark.parametrize("thickness", [1, 2, 3, 6])
def test_lines_are_opencvs_to_the_pixel(runner, thickness: int) -> None:
    size, rng = Size(320, 180), np.random.default_rng(thickness)
    ends = rng.uniform(-0.7, 1.7, (40, 2, 2)) * size
    signs = tuple(
        Sign("lines", (250, 20, 40), ((*map(int, a), *map(int, b)),), "", (0, 0)) for a, b in ends.tolist()
    )
    annotation = Annotation(size, signs, thickness, 12)
    [made] = draw(
        runner, [grey(size)], [size], Tracks.empty(), {"lines"}, full=True, annotator=lambda _: annotation
    )
    [wanted] = by_the_cpu(Tracks.empty(), size, {"lines"}, annotator=lambda _: annotation)
    different = (np.abs(made.planes[0].astype(int) - wanted.planes[0]) > 1).sum()
    assert different <= 5, "rounding in single precision may move a pixel or two"


@pytest.mark.parametrize("size", [Size(640, 360), Size(320, 180)])
def test_signs_and_remarks_of_other_analytics_are_the_cpus(runner, size: Size) -> None:
    rng = np.random.default_rng(4)
    full = Size(640, 360)

    def sign(toggle: str, number: int) -> Sign:
        corners = (rng.uniform(-0.1, 1.1, (4, 2)) * full).astype(int).tolist()
        strokes = tuple((*a, *b) for a, b in pairwise([*corners, corners[0]]))
        colour = tuple(rng.integers(0, 256, 3).tolist())
        return Sign(toggle, colour, strokes, f"{toggle} {number}={number}", tuple(corners[0]))

    signs = tuple(sign(toggle, number) for toggle in ("zones", "lines", "labels") for number in range(4))
    remarks = {row: f" ROI:{row} moving" for row in range(0, 20, 3)}
    annotation = Annotation(full, signs, 3, 14, remarks, frozenset({1, 3, 4}))
    tracks = detailed(crowd(size, 20, seed=9), size, 3, "corners")
    toggles = {*ALL, "zones", "lines"}

    def annotator(frame: Frame) -> Annotation | None:
        return annotation if frame.camera == "camera-0" else None

    made, other = draw(runner, [grey(size)] * 2, [size] * 2, tracks, toggles, full=True, annotator=annotator)
    [wanted] = by_the_cpu(tracks, size, toggles, annotator=annotator)
    assert made.psnr(wanted) > 45
    assert (other.planes[0] == 126).all()
    [plain] = draw(runner, [grey(size)], [size], tracks, toggles, full=True)
    assert plain.psnr(wanted) < 25
    [fewer] = draw(runner, [grey(size)], [size], tracks, toggles - {"zones"}, full=True, annotator=annotator)
    assert fewer.psnr(wanted) < 35


def test_everything_together_is_the_cpus(runner) -> None:
    size = Size(1280, 720)
    tracks = crowd(size, 25, seed=4)
    toggles = {*ALL, "zones", "lines"}
    rules = (ZONE, LINE, ARROW)
    [made] = draw(runner, [grey(size)], [size], tracks, toggles, full=True, rules=rules, counts=COUNTS)
    [wanted] = by_the_cpu(tracks, size, toggles, rules=rules, counts=COUNTS)
    assert made.psnr(wanted) > 50
