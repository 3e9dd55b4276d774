"""DeepStream's own metadata, through the C library that is built from ``deepstream/metadata``.

GStreamer's binding gives a buffer's address; the library, compiled against DeepStream's headers, reads the
batch metadata behind it into the flat structures of ``deepstream/metadata/batch.h``.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from camwire.analytics.nvdsanalytics.results import FrameResult
from camwire.deepstream.display import Display
from camwire.deepstream.gst import DeepstreamError
from camwire.deepstream.metadata import BatchMeta, MetadataError
from camwire.deepstream.native_analytics import results_of
from camwire.deepstream.tensors import LIBRARY, DeviceTensor, TensorError, TensorLibrary, gst_buffer
from camwire.frames import Int32Array, Int64Array

FRAME = np.dtype(
    [
        ("pts", np.int64),
        ("captured_ns", np.uint64),
        ("pad", np.int32),
        ("inferred", np.int32),
        ("width", np.int32),
        ("height", np.int32),
        ("source_width", np.int32),
        ("source_height", np.int32),
    ],
    align=True,
)
"""``CamwireFrame``."""
OBJECT = np.dtype(
    [
        ("id", np.uint64),
        ("frame", np.int32),
        ("class_id", np.int32),
        ("score", np.float32),
        ("left", np.float32),
        ("top", np.float32),
        ("width", np.float32),
        ("height", np.float32),
        ("reserved", np.int32),
    ],
    align=True,
)
"""``CamwireObject``."""
LATENCY = np.dtype([("component", "S64"), ("milliseconds", np.float64)], align=True)
"""``CamwireLatency``."""
MOST_FRAMES = 1024
FEW_OBJECTS = 512
"""Room at first; where there are more, it is asked again with room for all."""
USUAL_ANALYTICS = 1 << 16
"""Bytes of JSON; likewise."""
MOST_LATENCIES = 64
"""Of a batch; those beyond aren't told."""


class NativeMetadata:
    """Implements :class:`camwire.deepstream.metadata.Metadata`. The library is loaded at the first use."""

    def __init__(self, library: Path = LIBRARY) -> None:
        self._path = library
        self._loaded: ctypes.CDLL | None = None
        self._tensor_library: TensorLibrary | None = None
        self._capacity = FEW_OBJECTS
        self._room = USUAL_ANALYTICS

    @property
    def _library(self) -> ctypes.CDLL:
        if self._loaded is None:
            self._loaded = _load(self._path)
        return self._loaded

    def check(self, device: str, *, draws: bool) -> None:
        """Raises DeepstreamError where the library can't be loaded, or pictures be drawn on."""
        if self._loaded is None:
            self._loaded = _load(self._path)
        if draws and not device.startswith("cuda"):
            raise DeepstreamError(
                "`osd: python` draws on pictures in a GPU's memory; set `device: cuda:0`, or `osd: native`"
            )

    def read(self, buffer: Any) -> BatchMeta:
        """Raises MetadataError for a buffer without DeepStream's metadata."""
        meta = self._batch(buffer)
        frames = np.empty(MOST_FRAMES, FRAME)
        count = self._library.camwire_frames(meta, _address(frames), MOST_FRAMES)
        frames = frames[:count]
        objects = np.empty(self._capacity, OBJECT)
        found = self._library.camwire_objects(meta, _address(objects), self._capacity)
        if found > self._capacity:
            self._capacity = 2 * found
            objects = np.empty(self._capacity, OBJECT)
            found = self._library.camwire_objects(meta, _address(objects), self._capacity)
        return _batch_meta(frames, objects[:found], self._analytics(meta), self._latencies(meta))

    def relabel(self, buffer: Any, rows: Int32Array, ids: Int64Array, texts: Sequence[str]) -> None:
        encoded = (ctypes.c_char_p * len(texts))(*(text.encode() for text in texts))
        rows = np.ascontiguousarray(rows, np.int32)
        wanted = np.ascontiguousarray(ids, np.uint64)
        self._library.camwire_relabel(
            self._batch(buffer), _address(rows), _address(wanted), encoded, len(texts)
        )

    def display(self, buffer: Any, display: Display) -> None:
        lines, texts = np.ascontiguousarray(display.lines), np.ascontiguousarray(display.texts)
        words = (ctypes.c_char_p * len(texts))(*(text.encode() for text in display.words))
        self._library.camwire_display(
            self._batch(buffer), _address(lines), len(lines), _address(texts), words, len(texts)
        )

    def tensors(self, buffer: Any) -> Sequence[DeviceTensor]:
        """Raises MetadataError for a tensor that can't be handed on."""
        try:
            if self._tensor_library is None:
                self._tensor_library = TensorLibrary(self._path)
            return self._tensor_library.tensors(self._batch(buffer), gst_buffer(hash(buffer)))
        except TensorError as error:
            raise MetadataError(str(error)) from None

    @property
    def tensors_alive(self) -> int:
        return self._tensor_library.alive if self._tensor_library is not None else 0

    def picture(self, buffer: Any, index: int) -> Any:
        from camwire.deepstream.gpu_pictures import picture_on_gpu

        return picture_on_gpu(self._library, buffer, index)

    def _batch(self, buffer: Any) -> int:
        # PyGObject's hash of a boxed object is its address.
        meta = self._library.camwire_batch_meta(hash(buffer))
        if not meta:
            raise MetadataError("a buffer has no batch metadata of DeepStream")
        return int(meta)

    def _analytics(self, meta: int) -> Sequence[FrameResult | None]:
        while True:
            room = ctypes.create_string_buffer(self._room)
            length = self._library.camwire_analytics(meta, room, self._room)
            if length < self._room:
                return results_of(room.value) if length else ()
            self._room = 2 * length

    def _latencies(self, meta: int) -> dict[str, float]:
        """By element; of one that handles frames one by one, the longest."""
        room = np.zeros(MOST_LATENCIES, LATENCY)
        count = self._library.camwire_latencies(meta, _address(room), MOST_LATENCIES)
        found: dict[str, float] = {}
        for name, milliseconds in room[: min(count, MOST_LATENCIES)].tolist():
            element = name.decode(errors="replace")
            found[element] = max(milliseconds, found.get(element, 0.0))
        return found


def _batch_meta(
    frames: np.ndarray,
    objects: np.ndarray,
    analytics: Sequence[FrameResult | None],
    latencies: Mapping[str, float],
) -> BatchMeta:
    left, top = objects["left"], objects["top"]
    return BatchMeta(
        pads=frames["pad"].copy(),
        pts=frames["pts"].copy(),
        captured=frames["captured_ns"] / 1e9,
        sizes=np.stack([frames["width"], frames["height"]], axis=1),
        source_sizes=np.stack([frames["source_width"], frames["source_height"]], axis=1),
        inferred=frames["inferred"] != 0,
        frame_index=objects["frame"].copy(),
        ids=objects["id"].copy(),
        classes=objects["class_id"].copy(),
        scores=objects["score"].copy(),
        boxes=np.stack([left, top, left + objects["width"], top + objects["height"]], axis=1),
        analytics=analytics,
        latencies=latencies,
    )


def _load(path: Path) -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise DeepstreamError(
            f"the DeepStream engine needs {path}: build it with `cmake -S deepstream -B build && "
            f"cmake --build build && cmake --install build` where DeepStream is installed: {error}"
        ) from None
    pointer, integer = ctypes.c_void_p, ctypes.c_int32
    signatures = {
        "camwire_batch_meta": (pointer, [pointer]),
        "camwire_frames": (integer, [pointer, pointer, integer]),
        "camwire_objects": (integer, [pointer, pointer, integer]),
        "camwire_relabel": (None, [pointer, pointer, pointer, pointer, integer]),
        "camwire_analytics": (integer, [pointer, pointer, integer]),
        "camwire_latencies": (integer, [pointer, pointer, integer]),
        "camwire_display": (integer, [pointer, pointer, integer, pointer, pointer, integer]),
        "camwire_dlpack_alive": (integer, []),
        "camwire_surface": (integer, [pointer, integer, pointer]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name, None)
        if function is None:
            raise DeepstreamError(f"{path} has no {name}: it was built from another version of camwire")
        function.restype, function.argtypes = result, arguments
    return library


def _address(array: np.ndarray) -> int:
    return array.ctypes.data
