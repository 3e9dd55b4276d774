"""What a GPU's decoder can decode, asked of NVIDIA's driver (``cuvidGetDecoderCaps`` of nvcuvid.h)."""

from __future__ import annotations

import ctypes
import re
from functools import cache
from typing import NamedTuple

from camwire.devices import DeviceError
from camwire.devices.cuda.driver import context_of

CODECS = {
    "mpeg1video": 0,
    "mpeg2video": 1,
    "mpeg4": 2,
    "vc1": 3,
    "h264": 4,
    "mjpeg": 5,
    "hevc": 8,
    "vp8": 9,
    "vp9": 10,
    "av1": 11,
}
"""FFmpeg's names and ``cudaVideoCodec``."""
CHROMA = {"400": 0, "420": 1, "422": 2, "444": 3}
"""``cudaVideoChromaFormat``."""
DRAWABLE = ("400", "420")
"""The kernels take NV12 and P016; NVDEC makes these of nothing else."""


class _Caps(ctypes.Structure):
    """``CUVIDDECODECAPS``."""

    _fields_ = (
        ("codec", ctypes.c_int),
        ("chroma", ctypes.c_int),
        ("depth_less_8", ctypes.c_uint),
        ("reserved_1", ctypes.c_uint * 3),
        ("is_supported", ctypes.c_ubyte),
        ("engines", ctypes.c_ubyte),
        ("output_formats", ctypes.c_ushort),
        ("max_width", ctypes.c_uint),
        ("max_height", ctypes.c_uint),
        ("max_macroblocks", ctypes.c_uint),
        ("min_width", ctypes.c_ushort),
        ("min_height", ctypes.c_ushort),
        ("histogram", ctypes.c_ubyte * 4),
        ("reserved_3", ctypes.c_uint * 10),
    )


class Sampling(NamedTuple):
    chroma: str
    bits: int

    def __str__(self) -> str:
        return f"4:{self.chroma[1]}:{self.chroma[2]}, {self.bits} bits"


def sampling_of(pixel_format: str | None) -> Sampling:
    """Of FFmpeg's pixel formats: `yuv420p10le`, `yuvj422p`, `gray`; an unknown one counts as usual video."""
    name = pixel_format or ""
    unsaid = "400" if name.startswith("gray") else "420"
    chroma = next((chroma for chroma in ("420", "422", "444") if chroma in name), unsaid)
    bits = re.search(r"(?:p|gray)0?(9|10|12|14|16)(?:le|be)?$", name)
    return Sampling(chroma, int(bits[1]) if bits else 8)


def refusal(index: int, codec: str, pixel_format: str | None) -> str | None:
    """Why GPU ``index`` can't decode such video; None when it can, or when the driver doesn't say."""
    number, sampling = CODECS.get(codec), sampling_of(pixel_format)
    if number is None:
        known = ", ".join(codec for codec in CODECS if _supported(index, CODECS[codec], 1, 8))
        return f"cuda:{index} can't decode {codec} video; it decodes {known}"
    if sampling.chroma not in DRAWABLE:
        return f"cuda:{index} takes 4:2:0 video; this is {codec}, {sampling}"
    if _supported(index, number, CHROMA[sampling.chroma], sampling.bits):
        return None
    return f"cuda:{index} can't decode {codec} of {sampling}: the chip's decoder doesn't know it"


@cache
def _supported(index: int, codec: int, chroma: int, bits: int) -> bool:
    """True, too, where the driver can't be asked: then FFmpeg's own error has to do."""
    try:
        library = ctypes.CDLL("libnvcuvid.so.1")
    except OSError:
        raise DeviceError(
            "NVIDIA's video decoding library is missing (libnvcuvid.so.1); install the driver with it, in "
            "containers with NVIDIA_DRIVER_CAPABILITIES=all"
        ) from None
    context_of(index).use()  # which the question needs
    caps = _Caps(codec=codec, chroma=chroma, depth_less_8=bits - 8)
    status = library.cuvidGetDecoderCaps(ctypes.byref(caps))
    return status != 0 or bool(caps.is_supported)
