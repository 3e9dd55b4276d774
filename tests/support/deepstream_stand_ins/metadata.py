"""Access to the stand-ins' metadata, as the engine wants it, without the C library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import av
import numpy as np

from camwire.deepstream.display import Display
from camwire.deepstream.metadata import BatchMeta
from camwire.deepstream.tensors import DeviceTensor
from tests.support.deepstream_stand_ins.planes import pictures
from tests.support.deepstream_stand_ins.store import Sign, Stroke, batch_of, frames_of


class StandInMetadata:
    """Implements :class:`camwire.deepstream.metadata.Metadata`; pictures are for the CPU."""

    def check(self, device: str, *, draws: bool) -> None:
        """All is well."""

    def read(self, buffer: Any) -> BatchMeta:
        batch = batch_of(buffer)
        frames = batch.frames
        rows = [(index, one) for index, frame in enumerate(frames) for one in frame.objects]
        count = len(rows)
        return BatchMeta(
            pads=np.array([frame.pad for frame in frames], np.int32),
            pts=np.array([frame.pts for frame in frames], np.int64),
            captured=np.array([frame.captured for frame in frames]),
            sizes=np.array([frame.size for frame in frames], np.int32).reshape(-1, 2),
            source_sizes=np.array([frame.source_size for frame in frames], np.int32).reshape(-1, 2),
            inferred=np.array([frame.inferred for frame in frames], np.bool_),
            frame_index=np.array([index for index, _ in rows], np.int32),
            ids=np.array([one.id for _, one in rows], np.uint64),
            classes=np.array([one.class_id for _, one in rows], np.int32),
            scores=np.array([one.score for _, one in rows], np.float32),
            boxes=np.array([one.box for _, one in rows], np.float32).reshape(count, 4),
            analytics=[frame.analytics for frame in frames],
            latencies=dict(batch.latencies),
        )

    def relabel(self, buffer: Any, rows: np.ndarray, ids: np.ndarray, texts: Sequence[str]) -> None:
        frames = frames_of(buffer)
        objects = [one for frame in frames for one in frame.objects]
        kept = {int(row): number for number, row in enumerate(rows)}
        for row, one in enumerate(objects):
            if row in kept:
                one.id, one.text = int(ids[kept[row]]), texts[kept[row]]
        gone = {id(one) for row, one in enumerate(objects) if row not in kept}
        for frame in frames:
            frame.objects = [one for one in frame.objects if id(one) not in gone]

    def display(self, buffer: Any, display: Display) -> None:
        frames = frames_of(buffer)
        for line in display.lines:
            stroke = Stroke(tuple(line["ends"].tolist()), int(line["width"]), tuple(line["colour"].tolist()))
            frames[line["frame"]].strokes.append(stroke)
        for text, words in zip(display.texts, display.words, strict=True):
            sign = Sign(
                tuple(text["place"].tolist()), int(text["size"]), tuple(text["colour"].tolist()), words
            )
            frames[text["frame"]].signs.append(sign)

    tensors_alive = 0

    def tensors(self, buffer: Any) -> Sequence[DeviceTensor]:
        """They want the C library: ``native.NativeStandIns``."""
        return ()

    def picture(self, buffer: Any, index: int) -> av.VideoFrame:
        whole = list(pictures(buffer, frames_of(buffer), "NV12"))
        return av.VideoFrame.from_ndarray(np.ascontiguousarray(whole[index]), format="nv12")
