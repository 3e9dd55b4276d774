"""The preprocess kernel against float64, wherever it runs."""

import numpy as np
import pytest

from camwire.devices.contracts import InputSpec
from camwire.devices.cuda.colours import BT601, BT709, BT2020
from camwire.devices.cuda.preprocess import TARGET, grid_of, pack, target_of
from camwire.devices.cuda.surfaces import SURFACE
from camwire.devices.letterbox import place
from camwire.frames import Size
from tests.devices.cuda.reference import Nv12, put, random_nv12, rgb, scaled
from tests.support.frames import batch, frame

SIZES = [Size(1920, 1080), Size(1, 1), Size(2, 2), Size(3, 5), Size(1, 400), Size(900, 2), Size(641, 359)]


def run(
    runner, pictures: list[Nv12], spec: InputSpec, *,
    rows=None, planar=True, kr_kb=BT601, full=False, gain=(1, 1, 1), bias=(0, 0, 0),
):  # fmt: skip
    """[B, 3, H, W] float32 levels that the kernel makes, the packing's scale and offset."""
    described = [put(runner, picture, kr_kb, full) for picture in pictures]
    count = rows or len(pictures)
    table = np.full(count, 7, np.uint8).repeat(SURFACE.itemsize).view(SURFACE)
    frames = batch(*(frame(str(n), size=picture.size) for n, picture in enumerate(pictures)))
    geometry = pack(table, frames, [surface for surface, _ in described], spec)
    width, height = spec.size
    steps = (
        (3 * width * height, width * height, width, 1) if planar else (3 * width * height, 1, 3 * width, 3)
    )
    poison = np.full((count, 3, height, width) if planar else (count, height, width, 3), np.nan, np.float32)
    out, surfaces = runner.put(poison), runner.put(table)
    target = runner.put(target_of(spec, steps, gain, bias))
    runner.run("preprocess", "preprocess_float", grid_of(spec, count), surfaces, out, target)
    made = out.fetch()
    return (made if planar else np.moveaxis(made, 3, 1)), geometry


def wanted(picture: Nv12, spec: InputSpec, kr_kb=BT601, full=False) -> np.ndarray:
    """[3, H, W] by definition."""
    spot = place(picture.size, spec)
    yuv = np.concatenate(
        (scaled(picture.luma, spot.size)[..., None], scaled(picture.chroma, spot.size)), axis=2
    )
    levels = np.full((spec.size.height, spec.size.width, 3), float(spec.pad_value))
    levels[spot.rows, spot.columns] = np.clip(rgb(yuv, kr_kb, full), 0, 255)
    return np.moveaxis(levels if spec.channels == "RGB" else levels[..., ::-1], 2, 0)


def test_records_are_laid_out_as_the_kernels_say() -> None:
    assert (SURFACE.itemsize, TARGET.itemsize) == (104, 72)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "x".join(map(str, size)))
@pytest.mark.parametrize("wide", [False, True])
def test_any_size_is_scaled_and_letterboxed_to_a_level(runner, size: Size, wide: bool) -> None:
    picture = random_nv12(np.random.default_rng(sum(size)), size, wide)
    for spec in (
        InputSpec(Size(96, 64), "RGB", 114, centred=True),
        InputSpec(Size(64, 96), "BGR", 0, centred=False),
        InputSpec(Size(33, 31), "RGB", 255, centred=True, keep_aspect=False),
    ):
        made, _ = run(runner, [picture], spec)
        assert np.abs(made[0] - wanted(picture, spec)).max() < 0.1


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize(
    "target", [Size(1, 1), Size(64, 32), Size(65, 33), Size(63, 31), Size(150, 70)], ids=str
)
def test_targets_need_not_be_whole_tiles(runner, target: Size, planar: bool) -> None:
    rng = np.random.default_rng(2)
    pictures = [random_nv12(rng, size) for size in (Size(90, 50), Size(33, 70))]
    spec = InputSpec(target, "RGB", 7, centred=True)
    made, _ = run(runner, pictures, spec, planar=planar)
    for own, picture in zip(made, pictures, strict=True):
        assert np.abs(own - wanted(picture, spec)).max() < 0.1


@pytest.mark.parametrize("kr_kb", [BT601, BT709, BT2020])
@pytest.mark.parametrize("full", [False, True])
def test_colours_follow_the_matrix_and_the_range(runner, kr_kb, full: bool) -> None:
    picture = random_nv12(np.random.default_rng(5), Size(64, 48))
    spec = InputSpec(Size(64, 48), "RGB", 0, centred=False)
    made, _ = run(runner, [picture], spec, kr_kb=kr_kb, full=full)
    assert np.abs(made[0] - wanted(picture, spec, kr_kb, full)).max() < 0.1


def test_a_batch_of_different_pictures_goes_in_one_launch_and_absent_ones_are_bars(runner) -> None:
    rng = np.random.default_rng(8)
    pictures = [random_nv12(rng, size, wide) for size, wide in ((Size(40, 90), False), (Size(7, 3), True))]
    spec = InputSpec(Size(64, 32), "RGB", 114, centred=True)
    made, (scale, offset) = run(runner, pictures, spec, rows=4, planar=False)
    for index, picture in enumerate(pictures):
        assert np.abs(made[index] - wanted(picture, spec)).max() < 0.1
        spot = place(picture.size, spec)
        np.testing.assert_allclose(scale[index], spot.scale_from(picture.size), rtol=1e-6)
        assert tuple(offset[index]) == (spot.left, spot.top)
    assert (made[2:] == 114).all()
