"""Tensors of a DeepStream pipeline without a copy: what nvdspreprocess made, or what nvinfer put out.

What a worker hands to the function named in `deepstream.tensor_function`: see ``tensor_feed``.

NVIDIA's Python bindings have no accessor for the preprocessed tensor, so a small C++ library of camwire's
own (``deepstream/metadata``) finds tensors in a buffer's metadata. A :class:`DeviceTensor` speaks DLPack:
CuPy and PyTorch take it as it is, with its memory on the GPU (``cupy.from_dlpack(tensor)``).
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable, Sequence
from ctypes import CFUNCTYPE, c_char, c_float, c_int32, c_int64, c_uint32, c_uint64, c_void_p
from dataclasses import dataclass
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

from camwire.devices.dlpack import capsule_of

LIBRARY = Path("/usr/local/lib/libcamwire_metadata.so")
"""Where the library is after `cmake --install`."""

MOST_SIDES = 8
USUALLY = 64
"""Tensors or regions of a batch that there is room for at first."""

_KINDS = {0: "int", 1: "uint", 2: "float"}


class TensorError(Exception):
    """A tensor or the library can't be used. The message is for people."""


class _Tensor(ctypes.Structure):
    """``CamwireTensor`` of deepstream/metadata/tensors.h."""

    _fields_ = (
        ("data", c_void_p),
        ("bytes", c_uint64),
        ("shape", c_int64 * MOST_SIDES),
        ("sides", c_int32),
        ("code", c_int32),
        ("bits", c_int32),
        ("device", c_int32),
        ("device_id", c_int32),
        ("pad", c_int32),
        ("meta_id", c_uint32),
        ("name", c_char * 64),
    )


class _Region(ctypes.Structure):
    """``CamwireRegion``."""

    _fields_ = (
        ("pad", c_int32),
        *((name, c_float) for name in ("left", "top", "width", "height")),
        *((name, c_float) for name in ("scale_x", "scale_y", "offset_x", "offset_y")),
    )


@dataclass(frozen=True, slots=True)
class Region:
    """The part of a picture that a row of a preprocessed tensor was made of, and how it was scaled."""

    pad: int
    """The muxer's pad of the picture's camera."""
    box: tuple[float, float, float, float]
    """x1, y1, x2, y2 in pixels of the muxer's picture."""
    scale: tuple[float, float]
    """For x and y ..."""
    offset: tuple[float, float]
    """... and x and y: picture = (tensor - offset) / scale + the box's upper left corner."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose memory it is: an object with a count of references. The functions are C's, by address."""

    address: int
    retain: int
    release: int


def gst_buffer(address: int) -> Owner:
    """A GstBuffer (of PyGObject's: ``hash(buffer)``). Raises TensorError where GStreamer isn't installed."""
    return Owner(address, *_counting())


@cache
def _counting() -> tuple[int, int]:
    """The addresses of GStreamer's functions that take and give back a reference."""
    try:
        library = ctypes.CDLL("libgstreamer-1.0.so.0")
    except OSError as error:
        raise TensorError(f"GStreamer's library can't be loaded: {error}") from None
    retain = ctypes.cast(library.gst_mini_object_ref, c_void_p).value
    release = ctypes.cast(library.gst_mini_object_unref, c_void_p).value
    assert retain is not None
    assert release is not None
    return retain, release


class _Reference:
    """One reference to an owner, given back when this is collected."""

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        function = CFUNCTYPE(None, c_void_p)
        function(owner.retain)(owner.address)
        weakref.finalize(self, function(owner.release), owner.address)


class DeviceTensor:
    """A tensor in memory that belongs to a GstBuffer, on the GPU as a rule.

    It keeps the buffer alive, and so does every array made of it with ``from_dlpack``: nothing is freed
    before the last of them is gone. A pipeline's buffers are few, so don't keep them for long. The elements
    that made the tensor have waited for the GPU before they passed the buffer on: its values are there,
    whatever stream reads them.
    """

    __slots__ = ("_axes", "_export", "_raw", "_reference", "dtype", "name", "regions", "shape")

    def __init__(
        self,
        raw: _Tensor,
        reference: _Reference,
        export: Any,
        axes: Sequence[int],
        regions: tuple[Region, ...] = (),
    ) -> None:
        self._raw, self._reference, self._export, self._axes = raw, reference, export, tuple(axes)
        self.regions = regions
        """Of a preprocessed tensor, what each row of its first side is of; none of an output."""
        self.name: str = raw.name.decode(errors="replace")
        """The layer's name."""
        self.shape: tuple[int, ...] = tuple(raw.shape[axis] for axis in self._axes)
        self.dtype = f"{_KINDS[raw.code]}{raw.bits}"
        """As numpy names it: `float32`."""

    @property
    def pad(self) -> int | None:
        """The muxer's pad whose frame it is of; None for a tensor of a whole batch, which has ``regions``."""
        return None if self._raw.pad < 0 else int(self._raw.pad)

    @property
    def meta_id(self) -> int:
        """Counts the preprocessed tensors of a buffer that has several."""
        return int(self._raw.meta_id)

    def permuted(self, *axes: int) -> DeviceTensor:
        """The same memory with its sides in another order. Raises ValueError for what is no order."""
        if sorted(axes) != list(range(len(self._axes))):
            raise ValueError(f"{axes} is no order of {len(self._axes)} sides")
        order = [self._axes[axis] for axis in axes]
        return DeviceTensor(self._raw, self._reference, self._export, order, self.regions)

    @property
    def nhwc(self) -> DeviceTensor:
        """[N, C, H, W] as [N, H, W, C], or [C, H, W] as [H, W, C]. Raises ValueError for other shapes."""
        if len(self.shape) not in (3, 4):
            raise ValueError(f"{self.name} has {len(self.shape)} sides, not those of pictures")
        return self.permuted(*((0, 2, 3, 1) if len(self.shape) == 4 else (1, 2, 0)))

    def __dlpack_device__(self) -> tuple[int, int]:
        return int(self._raw.device), int(self._raw.device_id)

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """A DLPack capsule (https://data-apis.org/array-api/latest/API_specification); raises BufferError for
        another device or a copy."""
        if copy or (dl_device is not None and tuple(dl_device) != self.__dlpack_device__()):
            raise BufferError(f"the tensor {self.name} is handed on where it is, without a copy")
        owner = self._reference.owner
        axes = (c_int32 * len(self._axes))(*self._axes)
        managed = self._export(ctypes.byref(self._raw), axes, owner.address, owner.retain, owner.release)
        return capsule_of(managed)


class TensorLibrary:
    """``libcamwire_metadata.so``. Any thread may call it; the buffer has to be alive during a call."""

    def __init__(self, path: Path = LIBRARY) -> None:
        """Raises TensorError where the library can't be loaded."""
        try:
            self._library = ctypes.CDLL(str(path))
        except OSError as error:
            raise TensorError(
                f"{path} can't be loaded: {error}. Build it: cmake -S deepstream -B build && "
                "cmake --build build && cmake --install build"
            ) from None
        self._library.camwire_dlpack.restype = c_void_p
        self._library.camwire_dlpack.argtypes = [c_void_p, c_void_p, c_void_p, c_void_p, c_void_p]
        for question in (self._library.camwire_preprocessed, self._library.camwire_inferred):
            question.argtypes = [c_void_p, c_void_p, c_int32]
        self._library.camwire_regions.argtypes = [c_void_p, c_int32, c_void_p, c_int32]
        self._references: weakref.WeakSet[_Reference] = weakref.WeakSet()

    @property
    def alive(self) -> int:
        """How many tensors, and arrays made of them, there still are: 0 when no buffer is kept by them."""
        return len(self._references) + int(self._library.camwire_dlpack_alive())

    def tensors(self, batch_meta: int, owner: Owner) -> list[DeviceTensor]:
        """The preprocessed tensors in a batch's metadata (an address), or nvinfer's outputs where there are
        none. Raises TensorError for a tensor that can't be."""
        return self.preprocessed(batch_meta, owner) or self.inferred(batch_meta, owner)

    def preprocessed(self, batch_meta: int, owner: Owner) -> list[DeviceTensor]:
        """What nvdspreprocess made: [N, C, H, W] as a rule, of a whole batch; ``regions`` says what each row
        is of."""
        found, reference = self._asked(self._library.camwire_preprocessed, batch_meta, owner)
        return [
            self._tensor(raw, reference, self._regions(batch_meta, number))
            for number, raw in enumerate(found)
        ]

    def inferred(self, batch_meta: int, owner: Owner) -> list[DeviceTensor]:
        """What nvinfer (with output-tensor-meta=1) put out: a tensor a layer and frame, without the batch's
        side. On the host where it is only there."""
        found, reference = self._asked(self._library.camwire_inferred, batch_meta, owner)
        return [self._tensor(raw, reference) for raw in found]

    def _asked(self, question: Any, batch_meta: int, owner: Owner) -> tuple[list[_Tensor], Any]:
        """What there is, and the reference that keeps it; no reference where there is nothing."""
        found = _all_of(_Tensor, lambda room, size: question(batch_meta, room, size))
        if not found:
            return [], None
        reference = _Reference(owner)
        self._references.add(reference)
        return found, reference

    def _tensor(self, raw: _Tensor, reference: Any, regions: tuple[Region, ...] = ()) -> DeviceTensor:
        checked = _checked(raw)
        return DeviceTensor(checked, reference, self._library.camwire_dlpack, range(raw.sides), regions)

    def _regions(self, batch_meta: int, number: int) -> tuple[Region, ...]:
        question = self._library.camwire_regions
        found = _all_of(_Region, lambda room, size: question(batch_meta, number, room, size))
        return tuple(
            Region(
                pad=one.pad,
                box=(one.left, one.top, one.left + one.width, one.top + one.height),
                scale=(one.scale_x, one.scale_y),
                offset=(one.offset_x, one.offset_y),
            )
            for one in found
        )


def _all_of(kind: Any, question: Callable[[Any, int], int]) -> list[Any]:
    """Ask again with room for all where there are more than expected."""
    size = USUALLY
    while True:
        room = (kind * size)()
        count = question(room, size)
        if count <= size:
            return list(room[:count])
        size = count


def _checked(raw: _Tensor) -> _Tensor:
    name = raw.name.decode(errors="replace")
    if not 0 < raw.sides <= MOST_SIDES:
        raise TensorError(f"the tensor {name} has {raw.sides} sides; 1 to {MOST_SIDES} can be handed on")
    shape = tuple(raw.shape[: raw.sides])
    if not raw.data or raw.bits == 0 or min(shape) < 1:
        raise TensorError(
            f"the tensor {name} with the shape {shape} has no memory or a type that isn't known"
        )
    if prod(shape) * raw.bits // 8 > raw.bytes:
        raise TensorError(f"the tensor {name} with the shape {shape} doesn't fit into its {raw.bytes} bytes")
    return raw
