"""Scaling, letterbox and colours of the CPU's preprocessing, against FFmpeg and against the definitions."""

import threading

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace
from hypothesis import given, settings
from hypothesis import strategies as st

from camwire.devices.contracts import InputSpec
from camwire.devices.cpu.preprocess import CpuPreprocessor
from camwire.devices.letterbox import place
from camwire.frames import Size, UInt8Array
from tests.devices.pictures import batch_of, flat

SPEC = InputSpec(Size(96, 64), "RGB", 114, centred=False)
sides = st.integers(1, 5000)
inputs = st.integers(1, 40).map(lambda cells: cells * 32)
specs = st.builds(
    lambda width, height, centred, keep: InputSpec(Size(width, height), "RGB", 114, centred, keep),
    inputs, inputs, st.booleans(), st.booleans(),
)  # fmt: skip

KR_KB = {
    Colorspace.ITU601: (0.299, 0.114),
    Colorspace.ITU709: (0.2126, 0.0722),
    Colorspace.BT2020: (0.2627, 0.0593),
}


def smooth(size: Size, seed: int = 0) -> UInt8Array:
    """A colourful RGB picture without sharp edges, which subsampled chroma can carry."""
    coarse = np.random.default_rng(seed).integers(40, 216, (4, 5, 3), np.uint8)
    return cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)


def coded(rgb: UInt8Array, pixel_format: str) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format=pixel_format)


def colour_of(y: int, u: int, v: int, matrix: Colorspace, full: bool) -> np.ndarray:
    """R, G, B of a YUV colour by the recommendation's own equations, in float64."""
    kr, kb = KR_KB[matrix]
    luma = y / 255 if full else (y - 16) / 219
    blue, red = ((u - 128) / 255, (v - 128) / 255) if full else ((u - 128) / 224, (v - 128) / 224)
    r = luma + 2 * (1 - kr) * red
    b = luma + 2 * (1 - kb) * blue
    return np.clip(np.array([r, (luma - kr * r - kb * b) / (1 - kr - kb), b]), 0, 1) * 255


@given(sides, sides, specs)
def test_the_picture_lies_within_the_input_with_its_aspect(width: int, height: int, spec: InputSpec) -> None:
    placement = place(Size(width, height), spec)
    assert placement.size.width >= 1
    assert placement.size.height >= 1
    assert 0 <= placement.left <= spec.size.width - placement.size.width
    assert 0 <= placement.top <= spec.size.height - placement.size.height
    if not spec.keep_aspect:
        assert placement.size == spec.size
        return
    # One side fills the input, the other is as near to the aspect as whole pixels allow.
    assert placement.size.width == spec.size.width or placement.size.height == spec.size.height
    ratio = min(spec.size.width / width, spec.size.height / height)
    assert abs(placement.size.width - width * ratio) <= 0.5 + 1e-9 or placement.size.width == 1
    assert abs(placement.size.height - height * ratio) <= 0.5 + 1e-9 or placement.size.height == 1
    if spec.centred:
        spare = spec.size.width - placement.size.width, spec.size.height - placement.size.height
        assert (placement.left, placement.top) == (spare[0] // 2, spare[1] // 2)
    else:
        assert (placement.left, placement.top) == (0, 0)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 300), st.integers(2, 300), st.integers(2, 300), st.integers(2, 300), specs)
def test_scale_and_offset_lead_back_to_the_picture(
    width: int, height: int, drawn_width: int, drawn_height: int, spec: InputSpec
) -> None:
    """The picture's corners, in the pixels in which it is drawn, are the corners of its part of the input."""
    drawn = Size(drawn_width, drawn_height)
    fed = CpuPreprocessor()(batch_of(flat(Size(width, height)), size=drawn), spec)
    placement = place(Size(width, height), spec)
    corners = np.array([[placement.left, placement.top], [placement.columns.stop, placement.rows.stop]])
    back = (corners - fed.offset[0].astype(np.float64)) / fed.scale[0].astype(np.float64)
    np.testing.assert_allclose(back, [[0, 0], drawn], rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize("source", [Size(320, 180), Size(1280, 720), Size(50, 90), Size(97, 61)])
@pytest.mark.parametrize("centred", [False, True])
def test_a_thing_is_found_where_it_is(source: Size, centred: bool) -> None:
    """The centre of a bright patch in the input, led back, is its centre in the picture."""
    left, top, right, bottom = (
        int(side * part) for side, part in zip(source * 2, (0.3, 0.2, 0.6, 0.7), strict=True)
    )
    picture = flat(source, y=16, pixel_format="yuv444p")
    luma = np.frombuffer(picture.planes[0], np.uint8).reshape(-1, picture.planes[0].line_size).copy()
    luma[top:bottom, left:right] = 235
    picture.planes[0].update(luma.tobytes())
    fed = CpuPreprocessor()(batch_of(picture), InputSpec(Size(128, 128), "RGB", 0, centred))
    light = fed.pixels[0, ..., 0].astype(np.float64)
    rows, columns = np.indices(light.shape) + 0.5
    centre = np.array([(columns * light).sum(), (rows * light).sum()]) / light.sum()
    found = (centre - fed.offset[0]) / fed.scale[0]
    # Half an input pixel is what resampling an edge may cost.
    assert np.abs((found - [(left + right) / 2, (top + bottom) / 2]) * fed.scale[0]).max() < 0.5


@pytest.mark.parametrize("centred", [False, True])
def test_bars_have_the_models_colour_and_nothing_else(centred: bool) -> None:
    pixels = CpuPreprocessor()(
        batch_of(flat(Size(96, 32), y=235), flat(Size(32, 64), y=235)),
        InputSpec(SPEC.size, "BGR", 114, centred),
    ).pixels
    wide, tall = (slice(16, 48), slice(None)) if centred else (slice(0, 32), slice(None)), (
        (slice(None), slice(32, 64)) if centred else (slice(None), slice(0, 32))
    )  # fmt: skip
    for picture, inside in zip(pixels, (wide, tall), strict=True):
        bars = np.ones(picture.shape[:2], np.bool_)
        bars[inside] = False
        assert (picture[bars] == 114).all()
        assert (picture[inside] >= 254).all()


@pytest.mark.parametrize("channels", ["RGB", "BGR"])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", list(KR_KB))
def test_colours_follow_the_declared_matrix_and_range(matrix: Colorspace, full: bool, channels: str) -> None:
    for y, u, v in (
        (126, 128, 128),
        (81, 90, 240),
        (145, 54, 34),
        (41, 240, 110),
        (16, 128, 128),
        (235, 128, 128),
    ):
        picture = flat(y=y, u=u, v=v)
        picture.colorspace = matrix
        picture.color_range = ColorRange.JPEG if full else ColorRange.MPEG
        fed = CpuPreprocessor()(batch_of(picture), InputSpec(SPEC.size, channels, 0, False))
        wanted = colour_of(y, u, v, matrix, full)
        found = fed.pixels[0, 5, 5].astype(np.float64)
        assert np.abs(found - (wanted if channels == "RGB" else wanted[::-1])).max() <= 1.5


def test_undeclared_colours_are_limited_bt601_and_yuvj_is_full_range() -> None:
    for pixel_format, full in (("yuv420p", False), ("yuvj420p", True)):
        fed = CpuPreprocessor()(batch_of(flat(y=81, u=90, v=240, pixel_format=pixel_format)), SPEC)
        wanted = colour_of(81, 90, 240, Colorspace.ITU601, full)
        assert np.abs(fed.pixels[0, 5, 5] - wanted).max() <= 1.5


@pytest.mark.parametrize(
    ("pixel_format", "mean_error"),
    [
        *(
            (name, 1.2)
            for name in ("yuv420p", "yuvj420p", "nv12", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p")
        ),
        # What FFmpeg converts and scales in one go is less exact.
        *((name, 2.7) for name in ("yuv420p10le", "p010le", "yuyv422", "rgb24", "bgra")),
    ],
)
@pytest.mark.parametrize("size", [Size(320, 180), Size(250, 130), Size(80, 60)])
def test_every_format_looks_like_the_picture_that_was_coded(
    pixel_format: str, mean_error: float, size: Size
) -> None:
    original = smooth(size)
    placement = place(size, SPEC)
    wanted = cv2.resize(original, placement.size, interpolation=cv2.INTER_LINEAR).astype(np.float64)
    fed = CpuPreprocessor()(batch_of(coded(original, pixel_format)), SPEC)
    error = np.abs(fed.pixels[0, placement.rows, placement.columns] - wanted)
    assert error.mean() < mean_error
    assert error.max() < 14


def test_odd_sizes_and_grey_pictures_are_taken_too() -> None:
    for size in (Size(251, 131), Size(3, 3), Size(1, 1)):
        picture = flat(size, y=235)
        assert (CpuPreprocessor()(batch_of(picture), SPEC).pixels[0, 0, 0] >= 254).all()
    grey = av.VideoFrame.from_ndarray(np.full((40, 60), 200, np.uint8), "gray")
    assert np.abs(CpuPreprocessor()(batch_of(grey), SPEC).pixels[0, 5, 5].astype(int) - 200).max() <= 2


def test_a_batch_is_its_frames_side_by_side_and_pictures_stay_as_they_were() -> None:
    pictures = [
        coded(smooth(size, seed), "yuv420p") for seed, size in enumerate([(320, 180), (64, 64), (90, 200)])
    ]
    before = [bytes(picture.planes[0]) for picture in pictures]
    preprocess = CpuPreprocessor()
    together = preprocess(batch_of(*pictures), SPEC)
    for index, picture in enumerate(pictures):
        alone = preprocess(batch_of(picture), SPEC)
        np.testing.assert_array_equal(together.pixels[index], alone.pixels[0])
        np.testing.assert_array_equal(together.scale[index], alone.scale[0])
        np.testing.assert_array_equal(together.offset[index], alone.offset[0])
    assert [bytes(picture.planes[0]) for picture in pictures] == before


def test_threads_may_share_one_preprocessor() -> None:
    preprocess = CpuPreprocessor()
    pictures = [
        coded(smooth(Size(320, 180), seed), fmt) for seed, fmt in enumerate(["yuv420p", "yuv420p10le"] * 2)
    ]
    alone = [preprocess(batch_of(picture), SPEC).pixels for picture in pictures]
    same: list[bool] = []

    def work(index: int) -> None:
        runs = [preprocess(batch_of(pictures[index]), SPEC).pixels for _ in range(50)]
        same.append(all(np.array_equal(run, alone[index]) for run in runs))

    threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert same == [True] * 4
