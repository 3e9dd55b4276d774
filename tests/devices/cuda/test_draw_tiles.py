"""Drawing in tiles doesn't show: at borders, with crowds on a tile, with more than a block takes at once."""

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camwire.devices.cuda.marks import TILE
from camwire.frames import Size, Tracks
from tests.devices.cuda.drawing import by_the_cpu, draw, grey
from tests.devices.cuda.test_draw_kernel import ALL, crowd, detailed
from tests.devices.pictures import tracks_of

SIZE = Size(160, 64)
"""Three tiles side by side, the last of them not whole, in four rows."""


def with_traces(traces: np.ndarray, classes: list[int] | None = None) -> Tracks:
    """Objects of which only the ways are on the picture."""
    count = len(traces)
    tracks = tracks_of([(0.0, 0.0, 1.0, 1.0)] * count, classes=classes or [n % 4 for n in range(count)])
    return dataclasses.replace(tracks, traces=np.asarray(traces, np.float32))


def different(runner, size: Size, tracks: Tracks, toggles: set[str]) -> int:
    """How many pixels' brightness differs from the CPU's."""
    [made] = draw(runner, [grey(size)], [size], tracks, toggles, full=True)
    [wanted] = by_the_cpu(tracks, size, toggles)
    assert wanted.planes[0].std() > 0, "something is drawn"
    return int((np.abs(made.planes[0].astype(int) - wanted.planes[0]) > 1).sum())


def test_traces_along_and_across_the_borders_of_tiles_have_no_gaps(runner) -> None:
    x, y = np.arange(0, SIZE.width, 5.0), np.arange(0, SIZE.height, 2.0)
    zigzag = np.stack((x, TILE.height + 1.5 * (-1.0) ** np.arange(len(x))), axis=1)
    down = np.stack((TILE.width + 0.3 * np.sin(y), y), axis=1)
    across = np.linspace((-20, -9), (SIZE.width + 20, SIZE.height + 9), len(x))
    ways = np.full((3, len(x), 2), np.nan)
    for way, points in zip(ways, (zigzag, down, across), strict=True):
        way[len(x) - len(points) :] = points
    assert different(runner, SIZE, with_traces(ways), {"traces"}) <= 2


@pytest.mark.parametrize("length", [2, 33, 150])
def test_traces_of_any_length_are_the_cpus(runner, length: int) -> None:
    """A block's threads draw 32 segments at once."""
    assert different(runner, SIZE, crowd(SIZE, 20, seed=length, length=length), {"traces"}) <= 5


def test_the_upper_of_many_traces_on_one_tile_is_the_cpus(runner) -> None:
    """Of each part the higher rank, whatever order the block's threads come in."""
    rng = np.random.default_rng(3)
    ways = np.cumsum(rng.normal(0, 3, (300, 12, 2)), axis=1) + rng.uniform((64, 16), (128, 32), (300, 1, 2))
    classes = rng.integers(0, 4, 300).tolist()
    assert different(runner, SIZE, with_traces(ways, classes), {"traces"}) <= 5


def test_the_order_of_objects_of_several_ranks_does_not_matter_to_traces(runner) -> None:
    tracks = crowd(SIZE, 60, seed=5)
    back = dataclasses.replace(tracks, traces=tracks.traces[::-1].copy(), classes=tracks.classes[::-1].copy())
    [one] = draw(runner, [grey(SIZE)], [SIZE], tracks, {"traces"}, full=True)
    [other] = draw(runner, [grey(SIZE)], [SIZE], back, {"traces"}, full=True)
    for plane, same in zip(one.planes, other.planes, strict=True):
        np.testing.assert_array_equal(plane, same)


def test_points_far_outside_are_no_harm(runner) -> None:
    ways = np.array([[(80, 30), (4e4, 2e4), (70, 10)], [(-1e9, 1e9), (20, 30), (1e9, 31)]], np.float32)
    [made] = draw(runner, [grey(SIZE)], [SIZE], with_traces(ways), {"traces"}, full=True)
    assert (made.planes[0] != 126).any()


def test_more_objects_than_a_block_looks_at_in_one_go_in_every_layer(runner) -> None:
    tracks = crowd(SIZE, 1100, 7, length=5)
    [made] = draw(runner, [grey(SIZE)], [SIZE], tracks, ALL, full=True)
    [wanted] = by_the_cpu(tracks, SIZE, ALL)
    assert made.psnr(wanted) > 40
    # The last ones lie uppermost, and are there.
    columns = {field.name: getattr(tracks, field.name) for field in dataclasses.fields(tracks)}
    first = dataclasses.replace(tracks, **{k: v[:1024] for k, v in columns.items() if v is not None})
    [fewer] = draw(runner, [grey(SIZE)], [SIZE], first, ALL, full=True)
    assert fewer.psnr(wanted) < made.psnr(wanted) - 10


def test_thousands_of_strokes_on_a_few_tiles_are_the_cpus(runner) -> None:
    """In runs longer than a block draws at once, in lists longer than it looks at at once."""
    tracks = detailed(crowd(SIZE, 40, seed=3, length=0), SIZE, 8, "keypoints")
    assert different(runner, SIZE, tracks, {"keypoints"}) <= 5


def test_ids_of_any_length_can_be_read(runner) -> None:
    size = Size(640, 360)
    ids = [0, 7, 10, 99, 100, 10**9, 10**10 - 1, 2**53 + 1, 10**18, 2**63 - 1]
    tracks = tracks_of([(5.0, 33.0 * n + 25, 9.0, 33.0 * n + 30) for n in range(len(ids))])
    tracks = dataclasses.replace(tracks, ids=np.array(ids, np.int64))
    [made] = draw(runner, [grey(size)], [size], tracks, {"labels"}, full=True)
    [wanted] = by_the_cpu(tracks, size, {"labels"})
    assert made.psnr(wanted) > 48


sides = st.floats(-40, 200, width=32)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(sides, sides, sides, sides), min_size=1, max_size=6))
def test_boxes_are_the_cpus_on_every_tile(runner, corners: list[tuple[float, ...]]) -> None:
    boxes = [(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in corners]
    [made] = draw(runner, [grey(SIZE)], [SIZE], tracks_of(boxes), {"boxes"}, full=True)
    [wanted] = by_the_cpu(tracks_of(boxes), SIZE, {"boxes"})
    assert made.psnr(wanted) > 90
