"""Colours and sizes of the pictures that are drawn on."""

import av
import numpy as np
import pytest

from camwire.devices.cpu.convert import to_bgr
from camwire.frames import Size
from tests.devices.pictures import flat

SIZE = Size(64, 48)
HALF = Size(32, 24)
BT709, BT601 = 1, 5
FULL_RANGE = 2


@pytest.mark.parametrize("size", [SIZE, HALF])
@pytest.mark.parametrize(
    ("y", "u", "v", "matrix", "bgr"),
    [
        (16, 128, 128, None, (0, 0, 0)),
        (235, 128, 128, None, (255, 255, 255)),
        (63, 102, 240, BT709, (0, 0, 255)),
        (81, 90, 240, BT601, (0, 0, 255)),
        (81, 90, 240, None, (0, 0, 255)),
    ],
)
def test_limited_range_colours_come_out_as_declared(y, u, v, matrix, bgr, size):
    picture = flat(SIZE, y=y, u=u, v=v)
    if matrix is not None:
        picture.colorspace = matrix
    np.testing.assert_allclose(to_bgr(picture, size)[10, 10], bgr, atol=2)


@pytest.mark.parametrize("size", [SIZE, HALF])
@pytest.mark.parametrize("level", [0, 100, 255])
def test_full_range_is_not_expanded(level, size):
    by_format = flat(SIZE, y=level, pixel_format="yuvj420p")
    by_tag = flat(SIZE, y=level)
    by_tag.color_range = FULL_RANGE
    for picture in (by_format, by_tag):
        np.testing.assert_allclose(to_bgr(picture, size)[10, 10], level, atol=1)


@pytest.mark.parametrize("pixel_format", ["nv12", "gray", "yuv420p10le", "yuyv422", "rgb24", "yuv444p"])
@pytest.mark.parametrize("size", [SIZE, HALF, Size(30, 22)])
def test_any_pixel_format_becomes_bgr_of_the_size(pixel_format, size):
    shown = to_bgr(av.VideoFrame(64, 48, pixel_format), size)
    assert (shown.shape, shown.dtype) == ((size.height, size.width, 3), np.uint8)


def test_what_is_left_is_left_and_what_is_up_is_up_after_scaling():
    quarters = np.zeros((96, 130, 3), np.uint8)
    quarters[:48, :65], quarters[48:, 65:] = (200, 50, 50), (50, 50, 200)
    picture = av.VideoFrame.from_ndarray(quarters, format="bgr24").reformat(format="yuv420p")
    shown = to_bgr(picture, Size(64, 48)).astype(int)
    assert shown[10, 10, 0] > 150 > shown[10, 10, 2]
    assert shown[40, 54, 2] > 150 > shown[40, 54, 0]
    assert shown[40, 10].max() < 60


def test_drawing_on_the_result_leaves_the_source_alone():
    picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 77, np.uint8), format="bgr24")
    to_bgr(picture, SIZE)[:] = 0
    assert (picture.to_ndarray() == 77).all()
