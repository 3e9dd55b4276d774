"""DeepStream's own metadata, through the C library that is built from ``deepstream/metadata``.

GStreamer's binding gives a buffer's address; the library, compiled against DeepStream's headers, reads the
batch metadata behind it into the flat structures of ``deepstream/metadata/batch.h``.
"""

from __future__ import annotations

import ctypes
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from camwire.deepstream.gst import DeepstreamError
from camwire.deepstream.metadata import AnalyticsCounts, BatchMeta, MetadataError
from camwire.frames import Int32Array, Int64Array

LIBRARY = Path("/usr/local/lib/libcamwire_metadata.so")
"""Where the library is after `cmake --install`."""

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
MOST_FRAMES = 1024
FEW_OBJECTS = 512
"""Room at first; where there are more, it is asked again with room for all."""
LONGEST_ANALYTICS = 1 << 16
"""Bytes of JSON."""


class NativeMetadata:
    """Implements :class:`camwire.deepstream.metadata.Metadata`. The library is loaded at the first use."""

    def __init__(self, library: Path = LIBRARY) -> None:
        self._path = library
        self._loaded: ctypes.CDLL | None = None
        self._capacity = FEW_OBJECTS

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
        return _batch_meta(frames, objects[:found], self._analytics(meta, count))

    def relabel(self, buffer: Any, rows: Int32Array, ids: Int64Array, texts: Sequence[str]) -> None:
        encoded = (ctypes.c_char_p * len(texts))(*(text.encode() for text in texts))
        rows = np.ascontiguousarray(rows, np.int32)
        wanted = np.ascontiguousarray(ids, np.uint64)
        self._library.camwire_relabel(
            self._batch(buffer), _address(rows), _address(wanted), encoded, len(texts)
        )

    def picture(self, buffer: Any, index: int) -> Any:
        from camwire.deepstream.gpu_pictures import picture_on_gpu

        return picture_on_gpu(self._library, buffer, index)

    def _batch(self, buffer: Any) -> int:
        # PyGObject's hash of a boxed object is its address.
        meta = self._library.camwire_batch_meta(hash(buffer))
        if not meta:
            raise MetadataError("a buffer has no batch metadata of DeepStream")
        return int(meta)

    def _analytics(self, meta: int, frames: int) -> list[AnalyticsCounts | None]:
        room = ctypes.create_string_buffer(LONGEST_ANALYTICS)
        return [
            json.loads(room.value)
            if self._library.camwire_analytics(meta, index, room, LONGEST_ANALYTICS) > 0
            else None
            for index in range(frames)
        ]


def _batch_meta(
    frames: np.ndarray, objects: np.ndarray, analytics: Sequence[AnalyticsCounts | None]
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
        analytics=analytics if any(one is not None for one in analytics) else (),
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
        "camwire_analytics": (integer, [pointer, integer, pointer, integer]),
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
