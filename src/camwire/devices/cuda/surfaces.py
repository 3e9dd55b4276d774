"""Decoded pictures in device memory, described for the kernels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from camwire.devices import DeviceError
from camwire.devices.cuda.colours import coefficients, to_jpeg, to_rgb
from camwire.frames import Size

PLANES: list[tuple[str, type[np.generic]]] = [
    ("luma", np.uint64),
    ("chroma", np.uint64),
    ("luma_pitch", np.int32),
    ("chroma_pitch", np.int32),
    ("width", np.int32),
    ("height", np.int32),
]
"""Where a picture's two planes lie, as the structs of C++ begin that describe one."""
SURFACE = np.dtype(
    [
        *PLANES,
        ("wide", np.int32),
        ("left", np.int32),
        ("top", np.int32),
        ("target_width", np.int32),
        ("target_height", np.int32),
        ("reserved", np.int32),
        ("matrix", np.float32, 12),
    ]
)
"""``Surface`` of kernels/common.cuh. All zeros: no picture."""

Records = NDArray[np.void]

SAMPLE_IS_WIDE = {"nv12": False, "p010le": True, "p016le": True}
"""What NVDEC makes of 4:2:0 video of 8, 10 and 12 bits: whether a sample takes 16 bits."""


class Surface(NamedTuple):
    """Where a picture lies, and how its colours are meant."""

    luma: int
    chroma: int
    luma_pitch: int
    chroma_pitch: int
    size: Size
    wide: bool
    kr_kb: tuple[float, float]
    full: bool


class PictureOnDevice:
    """What frames carry in place of an ``av.VideoFrame``; kinds of it differ in what keeps their memory."""

    __slots__ = ("surface",)

    def __init__(self, surface: Surface) -> None:
        self.surface = surface

    @property
    def width(self) -> int:
        return self.surface.size.width

    @property
    def height(self) -> int:
        return self.surface.size.height


def surface_on_device(picture: Any) -> Surface:
    """The surface of a PictureOnDevice or of an ``av.VideoFrame``. Raises DeviceError."""
    return picture.surface if isinstance(picture, PictureOnDevice) else surface_of(picture)


def surface_of(picture: Any) -> Surface:
    """Describe an ``av.VideoFrame`` that NVDEC made. Raises DeviceError for any other.

    The description holds as long as ``picture`` lives.
    """
    form = picture.sw_format
    name = form.name if form is not None else picture.format.name
    wide = SAMPLE_IS_WIDE.get(name)
    if wide is None or picture.format.name != "cuda":
        raise DeviceError(
            f"a picture of format {name!r} can't be processed on a CUDA device; "
            "it takes 4:2:0 video of 8, 10 or 12 bits that the chip itself decodes"
        )
    luma, chroma = picture.planes
    return Surface(
        luma=luma.buffer_ptr,
        chroma=chroma.buffer_ptr,
        luma_pitch=luma.line_size,
        chroma_pitch=chroma.line_size,
        size=Size(picture.width, picture.height),
        wide=wide,
        kr_kb=coefficients(picture.colorspace),
        full=picture.color_range == ColorRange.JPEG,
    )


class Spot(NamedTuple):
    """A rectangle of the target, in its pixels."""

    left: int
    top: int
    size: Size


def fill(table: Records, surfaces: Sequence[Surface], spots: Iterable[Spot], colours: str) -> None:
    """Write the first rows of ``table`` [n] of SURFACE; the rows behind them become "no picture".

    ``colours``: what the kernel is to make, `RGB`, `BGR` or `JPEG`.
    """
    count = len(surfaces)
    rows = [
        _row(s.luma_pitch, s.chroma_pitch, s.size, s.wide, s.kr_kb, s.full, spot, colours)
        for s, spot in zip(surfaces, spots, strict=True)
    ]
    table[:count] = np.frombuffer(b"".join(rows), SURFACE)
    table["luma"][:count] = [surface.luma for surface in surfaces]
    table["chroma"][:count] = [surface.chroma for surface in surfaces]
    table[count:] = np.zeros((), SURFACE)


@lru_cache(maxsize=4096)
def _row(
    luma_pitch: int,
    chroma_pitch: int,
    size: Size,
    wide: bool,
    kr_kb: tuple[float, float],
    full: bool,
    spot: Spot,
    colours: str,
) -> bytes:
    """What is the same in all frames of a camera: everything but the addresses."""
    matrix = to_jpeg(kr_kb, full) if colours == "JPEG" else to_rgb(kr_kb, full, colours)
    place = spot.left, spot.top, *spot.size
    return np.array(
        (0, 0, luma_pitch, chroma_pitch, *size, wide, *place, 0, matrix.ravel()), SURFACE
    ).tobytes()
