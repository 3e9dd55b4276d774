"""The overlay on a GPU: one upload and one launch draw a whole batch."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from camwire.devices.annotations import Annotation
from camwire.devices.contracts import Overlay
from camwire.devices.cpu.palette import Style
from camwire.devices.cuda.launches import Scene, launches
from camwire.devices.cuda.letters import Letters, draw_letters
from camwire.devices.cuda.marks import pack_marks
from camwire.devices.cuda.memory import DeviceMemory, Pinned, Workspace, with_room
from camwire.devices.cuda.program import launch
from camwire.devices.cuda.rules import RuleShapes
from camwire.devices.cuda.scene import (
    DARK,
    PICTURE,
    PREPARED,
    Looks,
    pack_objects,
    pack_pictures,
    pack_steps,
)
from camwire.devices.cuda.shapes import pack_shapes
from camwire.devices.cuda.surfaces import Records, Spot, fill, surface_on_device
from camwire.devices.cuda.threads import PerThread, after_decoding, high_priority_stream
from camwire.frames import Batch, Float32Array, Size, Tracks, UInt8Array

ALIGNED = 256
"""Bytes to which planes and tables are aligned."""
REMEMBERED_LETTERS = 16
"""Sets of glyphs kept: one for each text size in use."""


@dataclass(frozen=True, slots=True)
class CudaPicture:
    """A drawn picture in device memory: 8-bit planes of JPEG's Y, Cb, Cr, 4:2:0.

    Ready when ``stream`` has come this far; valid until its thread draws the next batch.
    """

    planes: tuple[int, int, int]
    """Addresses."""
    size: Size
    """Both sides even; rows are as wide as the picture, without padding."""
    stream: Any


class _Parts(NamedTuple):
    """What is uploaded for a batch."""

    pictures: Records
    objects: Records
    points: Float32Array
    shapes: Records
    corners: Float32Array
    pixels: UInt8Array


class CudaRenderer:
    """Implements :class:`camwire.devices.contracts.Renderer`; any number of threads may call it at once."""

    def __init__(self, index: int) -> None:
        rules = RuleShapes()
        self._atlas = _Atlas()
        self._easels = PerThread(index, lambda: _Easel(rules))

    def __call__(
        self, batch: Batch, chosen: Sequence[int], tracks: Tracks, overlay: Overlay
    ) -> list[CudaPicture]:
        """A picture of ``Frame.size`` for each frame at the positions ``chosen``. Raises DeviceError."""
        sizes = [frame.size for frame in batch.frames]
        looks = {size: self._atlas.looks(size, overlay.class_names) for size in set(sizes)}
        return self._easels.get().draw(batch, chosen, tracks, overlay, looks)


class _Easel:
    """One thread's stream and memory."""

    def __init__(self, rules: RuleShapes) -> None:
        self._rules = rules
        self._stream = high_priority_stream()
        self._upload = Workspace()
        self._canvas = DeviceMemory(0)
        self._prepared = DeviceMemory(0)
        self._marks = DeviceMemory(0)
        self._dark = _uploaded(DARK, self._stream)
        self._looks: object = None

    def draw(
        self, batch: Batch, chosen: Sequence[int], tracks: Tracks, overlay: Overlay, looks: dict[Size, Looks]
    ) -> list[CudaPicture]:
        self._stream.synchronize()  # the last batch's pictures may still be in the making if nobody took them
        self._looks = looks  # keeps the letters alive until the next batch
        sizes = [frame.size for frame in batch.frames]
        pictures, parts = self._packed(batch, chosen, tracks, overlay, looks, sizes)
        marked = self._make_marks(parts.pictures)
        starts = self._sent(parts)
        if pictures:
            self._start(parts, starts, marked)
        return pictures

    def _make_marks(self, pictures: Records) -> int:
        """Give the pictures room for their marks; returns how much, in bytes."""
        size = pack_marks(pictures)
        self._marks = with_room(self._marks, size)
        pictures["marks"] += np.uint64(self._marks.address)
        return size

    def _start(self, parts: _Parts, starts: Sequence[int], marked: int) -> None:
        """Start the kernels, on what ``_sent`` sent. ``marked``: bytes of marks."""
        self._prepared = with_room(self._prepared, PREPARED * len(parts.objects))
        records, objects, points, shapes, corners, pixels = map(np.uint64, starts)
        prepared, dark = np.uint64(self._prepared.address), np.uint64(self._dark.address)
        scene = Scene(records, objects, prepared, points, shapes, corners, pixels, dark)
        if marked:
            self._marks.clear(marked, self._stream.ptr)
        after_decoding(self._stream)
        for name, grid, arguments in launches(parts.pictures, parts.points.shape[1], scene):
            launch("draw", name, grid, arguments, self._stream)

    def _packed(
        self,
        batch: Batch,
        chosen: Sequence[int],
        tracks: Tracks,
        overlay: Overlay,
        looks: dict[Size, Looks],
        sizes: Sequence[Size],
    ) -> tuple[list[CudaPicture], _Parts]:
        records = np.zeros(len(chosen), PICTURE)
        pack_pictures(records, sizes, chosen, tracks, overlay, looks)
        surfaces = [surface_on_device(batch.frames[index].picture) for index in chosen]
        spots = [Spot(0, 0, sizes[index]) for index in chosen]
        fill(records["surface"], surfaces, spots, "JPEG")
        pack_steps(records)
        pictures = self._canvases([sizes[index] for index in chosen])
        records["y"], records["u"], records["v"] = (
            np.array([p.planes for p in pictures], np.uint64).reshape(-1, 3).T
        )
        records["y_pitch"], records["c_pitch"] = records["width"], records["width"] // 2
        objects = pack_objects(sizes, tracks, len(overlay.class_names), looks)
        annotations = annotations_of(batch, chosen, overlay)
        shapes = pack_shapes(batch, chosen, tracks, overlay, objects, annotations, self._rules)
        ends = np.array(shapes.ends, np.int32).reshape(-1, 3)
        records["shapes"], records["upper_shapes"], records["shapes_end"] = ends.T
        points = np.ascontiguousarray(tracks.traces)
        return pictures, _Parts(records, objects, points, shapes.records, shapes.corners, shapes.pixels)

    def _canvases(self, sizes: Sequence[Size]) -> list[CudaPicture]:
        offsets, total = [], 0
        for width, height in sizes:
            planes = []
            for size in (width * height, width * height // 4, width * height // 4):
                planes.append(total)
                total += -(-size // ALIGNED) * ALIGNED
            offsets.append(planes)
        if self._canvas.size < total:
            self._canvas = DeviceMemory(total)
        base = self._canvas.address
        return [
            CudaPicture((base + y, base + u, base + v), size, self._stream)
            for (y, u, v), size in zip(offsets, sizes, strict=True)
        ]

    def _sent(self, parts: Sequence[NDArray[Any]]) -> list[int]:
        """Upload arrays in one copy; returns their addresses."""
        starts, total = [], 0
        for part in parts:
            starts.append(total)
            total += -(-part.nbytes // ALIGNED) * ALIGNED
        self._upload.reserve(total)
        for start, array in zip(starts, parts, strict=True):
            self._upload.host.bytes[start : start + array.nbytes] = array.reshape(-1).view(np.uint8)
        self._upload.device.upload(self._upload.host, total, self._stream.ptr)
        return [self._upload.device.address + start for start in starts]


def annotations_of(batch: Batch, chosen: Sequence[int], overlay: Overlay) -> dict[int, Annotation]:
    """What other analytics want drawn on the frames at the positions ``chosen``, in their pictures."""
    if overlay.annotator is None:
        return {}
    frames = {index: batch.frames[index] for index in chosen}
    said = {index: overlay.annotator(frame) for index, frame in frames.items()}
    return {index: one.scaled_to(frames[index].size) for index, one in said.items() if one is not None}


class _Atlas:
    """The glyphs on the device, by class names and text size; shared by all threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[tuple[str, ...], int], tuple[Letters, DeviceMemory, DeviceMemory]] = (
            OrderedDict()
        )
        self._lock = threading.Lock()

    def looks(self, size: Size, class_names: tuple[str, ...]) -> Looks:
        style = Style.for_size(size)
        key = class_names, style.text
        with self._lock:
            if key not in self._kept:
                letters = draw_letters(class_names, style.text)
                stream = high_priority_stream()
                self._kept[key] = (
                    letters,
                    _uploaded(letters.coverage, stream),
                    _uploaded(letters.glyphs, stream),
                )
                while len(self._kept) > REMEMBERED_LETTERS:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            letters, coverage, glyphs = self._kept[key]
        return Looks(style, letters, coverage, glyphs)


def _uploaded(array: Any, stream: Any) -> DeviceMemory:
    """The array on the device, all there when this returns."""
    pinned, memory = Pinned(array.nbytes), DeviceMemory(array.nbytes)
    pinned.bytes[:] = array.reshape(-1).view(np.uint8)
    memory.upload(pinned, array.nbytes, stream.ptr)
    stream.synchronize()
    return memory
