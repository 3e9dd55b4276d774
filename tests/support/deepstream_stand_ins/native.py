"""The stand-ins' metadata in DeepStream's own structures, read and written through camwire's C library.

The tests' harness (``tests/deepstream/native/harness.cpp``) builds the structures when the engine asks for
them, against the same minimal header as the library; what the library changes is taken back to the store.
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Sequence
from ctypes import CDLL, c_char_p, c_double, c_float, c_int, c_uint, c_uint64, c_void_p
from typing import Any

import numpy as np

from camwire.analytics.nvdsanalytics.results import FrameResult
from camwire.deepstream.display import Display
from camwire.deepstream.native_metadata import NativeMetadata
from camwire.deepstream.tensors import DeviceTensor
from tests.deepstream.native.libraries import Libraries
from tests.support.deepstream_stand_ins.metadata import StandInMetadata
from tests.support.deepstream_stand_ins.store import Batch, Frame, Sign, Stroke, batch_of

FLOAT32, FLOAT16 = 0, 7
"""nvdspreprocess's numbers of types."""
HOST = (1, 0)
MOST = 4096


class NativeBatch:
    """One batch's structures; they live as long as this does."""

    def __init__(self, harness: CDLL, batch: Batch) -> None:
        self._harness = harness
        harness.harness_text.restype = c_char_p
        for name in ("batch", "meta", "add_analytics", "add_status"):
            getattr(harness, f"harness_{name}").restype = c_void_p
        self.batch = c_void_p(harness.harness_batch(len(batch.frames)))
        weakref.finalize(self, harness.harness_free, self.batch)
        self.address: int = harness.harness_meta(self.batch)
        for position, frame in enumerate(batch.frames):
            self._add_frame(position, frame)
        for element, milliseconds in batch.latencies:
            harness.harness_add_latency(
                self.batch, element.encode(), c_double(1e12), c_double(1e12 + milliseconds)
            )
        self._tensor = batch.tensor  # its memory
        if batch.tensor is not None:
            self._add_tensor(batch, batch.tensor)

    def _add_frame(self, position: int, frame: Frame) -> None:
        harness = self._harness
        harness.harness_set_frame(
            self.batch,
            position,
            c_uint64(frame.pts),
            c_uint64(round(frame.captured * 1e9)),
            int(frame.inferred),
            (c_uint * 4)(*frame.size, *frame.source_size),
        )
        harness.harness_set_pad(self.batch, position, frame.pad)
        for one in frame.objects:
            x1, y1, x2, y2 = one.box
            numbers = (c_float * 5)(one.score, x1, y1, x2 - x1, y2 - y1)
            harness.harness_add_object(
                self.batch, position, c_uint64(one.id), one.class_id, numbers, one.text.encode()
            )
        if frame.analytics is not None:
            self._add_analytics(position, frame.analytics)
        if frame.outputs is not None and len(frame.outputs):
            data = frame.outputs
            sides = (c_uint * data.ndim)(*data.shape)
            at = c_void_p(data.ctypes.data)
            harness.harness_add_inferred(
                self.batch, position, 0, at, None, 0, sides, data.ndim, 1, b"output0"
            )

    def _add_analytics(self, position: int, result: FrameResult) -> None:
        members: dict[str, dict[Any, int]] = {
            "ocStatus": dict(result.overcrowded),
            "objInROIcnt": result.roi_counts,
            "objLCCurrCnt": result.line_counts,
            "objLCCumCnt": result.line_totals,
            "objCnt": dict(result.object_counts),
        }
        found = c_void_p(self._harness.harness_add_analytics(self.batch, position))
        for member, counts in members.items():
            for label, number in counts.items():
                self._harness.harness_count(
                    found, member.encode(), str(label).encode(), c_uint64(int(number))
                )
        for one in result.objects:
            if one.is_reported:
                status = c_void_p(self._harness.harness_add_status(self.batch, position, one.index))
                said = {
                    "roiStatus": one.rois,
                    "ocStatus": one.crowds,
                    "lcStatus": one.lines,
                    "dirStatus": [one.direction],
                    "objStatus": [one.status],
                }
                for member, texts in said.items():
                    for text in texts:
                        self._harness.harness_say(status, member.encode(), text.encode())

    def _add_tensor(self, batch: Batch, data: np.ndarray) -> None:
        kind = {np.float32: FLOAT32, np.float16: FLOAT16}[data.dtype.type]
        self._harness.harness_add_preprocessed(
            self.batch,
            c_void_p(data.ctypes.data),
            c_uint64(data.nbytes),
            kind,
            (c_int * data.ndim)(*data.shape),
            data.ndim,
            c_uint64(1),
            0,
            batch.tensor_name.encode(),
        )
        numbers = [number for part in batch.parts for number in part.numbers]
        self._harness.harness_set_regions(
            self.batch,
            len(batch.parts),
            (c_uint * len(batch.parts))(*(part.position for part in batch.parts)),
            (c_float * len(numbers))(*numbers),
        )

    def texts(self, position: int) -> list[str]:
        """Of a frame's objects."""
        found: list[str] = []
        while (text := self._harness.harness_text(self.batch, position, len(found))) is not None:
            found.append(text.decode())
        return found

    def drawn(self, position: int) -> tuple[list[Stroke], list[Sign], int]:
        """What nvdsosd would draw on a frame, and how many display metadata that takes."""
        lines, texts, words = (c_double * (9 * MOST))(), (c_double * (6 * MOST))(), (c_char_p * MOST)()
        line_count, text_count = c_int(), c_int()
        count = self._harness.harness_display(
            self.batch, position, lines, ctypes.byref(line_count), texts, words, ctypes.byref(text_count)
        )
        rows = np.array(lines[: 9 * line_count.value]).reshape(-1, 9).tolist()
        strokes = [Stroke((*map(int, row[:4]),), int(row[4]), (*row[5:8],)) for row in rows]  # type: ignore[arg-type]
        rows = np.array(texts[: 6 * text_count.value]).reshape(-1, 6).tolist()
        signs = [
            Sign((int(row[0]), int(row[1])), int(row[2]), (*row[3:],), (word or b"").decode())  # type: ignore[arg-type]
            for row, word in zip(rows, words, strict=False)
        ]
        return strokes, signs, count


class NativeStandIns(NativeMetadata):
    """As the engine has it with DeepStream, but for the pictures, which are for the CPU."""

    def __init__(self, libraries: Libraries) -> None:
        super().__init__(libraries.metadata)
        self._harness = libraries.harness

    def check(self, device: str, *, draws: bool) -> None:
        super().check("cuda:0", draws=draws)

    def relabel(self, buffer: Any, rows: np.ndarray, ids: np.ndarray, texts: Sequence[str]) -> None:
        super().relabel(buffer, rows, ids, texts)
        meta, batch = self.read(buffer), batch_of(buffer)
        objects = [one for frame in batch.frames for one in frame.objects]
        kept = [objects[row] for row in sorted(rows.tolist())]
        for one, identity in zip(kept, meta.ids.tolist(), strict=True):
            one.id = identity
        for position, frame in enumerate(batch.frames):
            frame.objects = [one for one in frame.objects if any(one is other for other in kept)]
            for one, text in zip(frame.objects, batch.native.texts(position), strict=True):
                one.text = text

    def display(self, buffer: Any, display: Display) -> None:
        super().display(buffer, display)
        batch = batch_of(buffer)
        for position, frame in enumerate(batch.frames):
            frame.strokes, frame.signs, _ = batch.native.drawn(position)

    def tensors(self, buffer: Any) -> Sequence[DeviceTensor]:
        """DeepStream's are on a GPU; these are in numpy's memory."""
        found = super().tensors(buffer)
        for tensor in found:
            tensor._raw.device, tensor._raw.device_id = HOST
        return found

    def picture(self, buffer: Any, index: int) -> Any:
        return StandInMetadata().picture(buffer, index)

    def _batch(self, buffer: Any) -> int:
        batch = batch_of(buffer)
        if batch.native is None:
            batch.native = NativeBatch(self._harness, batch)
        return int(batch.native.address)
