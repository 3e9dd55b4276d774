"""The tracked objects of the last minutes, so that rules can be tried out on them."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from camwire.analytics.rules import RuleEngine
from camwire.analytics.rules.events import Counts, Event
from camwire.frames import WHOLE_BOX, Batch, Frame, Tracks, starts_of, whole_boxes

LONGEST = 180.0
"""Seconds of each camera that are kept, ..."""
LARGEST = 4_000_000
"""... and bytes at most."""
FRAME_BYTES = 400
"""What an entry takes besides its objects, roughly."""

BUT_ITS_PICTURE = tuple(field.name for field in fields(Frame) if field.name != "picture")
_kept = attrgetter(*BUT_ITS_PICTURE)
ROW = np.dtype([("box", WHOLE_BOX), ("score", "<f4"), ("class", "<i4"), ("id", "<i8")])


class _Entry(NamedTuple):
    arrived: float
    frame: tuple[Any, ...]
    """The values of ``BUT_ITS_PICTURE``."""
    objects: bytes
    """Rows of ``ROW``."""


@dataclass(slots=True)
class _Camera:
    frames: deque[_Entry] = field(default_factory=deque)
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What rules would have counted."""

    since: float
    """UTC of the first frame; 0 where nothing is recorded."""
    until: float
    frames: int
    counts: dict[str, Counts]
    """By rule, what is counted, and class."""
    events: tuple[Event, ...]


class Recollection:
    """Any thread may call anything."""

    def __init__(self, longest: float = LONGEST, largest: int = LARGEST) -> None:
        self._longest, self._largest = longest, largest
        self._lock = threading.Lock()
        self._cameras: defaultdict[str, _Camera] = defaultdict(_Camera)

    def add(self, batch: Batch, tracks: Tracks) -> None:
        """Keep a batch's objects; those of long ago go."""
        rows = np.empty(len(tracks), ROW)
        rows["box"] = whole_boxes(tracks.boxes)
        rows["score"], rows["class"], rows["id"] = tracks.scores, tracks.classes, tracks.ids
        starts = starts_of(tracks.frame_index, len(batch)).tolist()
        with self._lock:
            for frame, begin, end in zip(batch.frames, starts, starts[1:], strict=False):
                entry = _Entry(frame.arrived, _kept(frame), rows[begin:end].tobytes())
                self._add(self._cameras[frame.camera], entry)

    def _add(self, camera: _Camera, entry: _Entry) -> None:
        camera.frames.append(entry)
        camera.bytes += len(entry.objects) + FRAME_BYTES
        oldest = entry.arrived - self._longest
        while camera.bytes > self._largest or camera.frames[0].arrived < oldest:
            camera.bytes -= len(camera.frames.popleft().objects) + FRAME_BYTES

    def forget(self, camera: str) -> None:
        with self._lock:
            self._cameras.pop(camera, None)

    def clear(self) -> None:
        """Nothing is known any more: ids and classes are others from now on."""
        with self._lock:
            self._cameras.clear()

    def rehearse(self, engine: RuleEngine, camera: str, seconds: float) -> Rehearsal:
        """Have a new engine's rules applied to what the camera saw in the last ``seconds``."""
        entries = self._last(camera, seconds)
        frames = [_frame(entry) for entry in entries]
        events: list[Event] = []
        for ticket, (frame, entry) in enumerate(zip(frames, entries, strict=True)):
            events += engine.step(Batch(ticket, (frame,), frame.decoded), _tracks(entry.objects)).events
        return Rehearsal(
            since=frames[0].captured if frames else 0.0,
            until=frames[-1].captured if frames else 0.0,
            frames=len(frames),
            counts=engine.counts_of(camera),
            events=tuple(events),
        )

    def _last(self, camera: str, seconds: float) -> Sequence[_Entry]:
        with self._lock:
            known = self._cameras.get(camera)
            entries = list(known.frames) if known else []
        since = entries[-1].arrived - seconds if entries else 0.0
        return [entry for entry in entries if entry.arrived >= since]


def _frame(entry: _Entry) -> Frame:
    return Frame(**dict(zip(BUT_ITS_PICTURE, entry.frame, strict=True)), picture=None)


def _tracks(objects: bytes) -> Tracks:
    """Of a batch with one frame; only what rules look at."""
    rows = np.frombuffer(objects, ROW)
    return Tracks(
        boxes=np.ascontiguousarray(rows["box"]).view("<f4").reshape(-1, 4),
        scores=np.ascontiguousarray(rows["score"]),
        classes=np.ascontiguousarray(rows["class"]),
        ids=np.ascontiguousarray(rows["id"]),
        frame_index=np.zeros(len(rows), np.int32),
        detections=np.full(len(rows), -1, np.int32),
        ages=np.zeros(len(rows), np.int32),
        velocities=np.zeros((len(rows), 2), np.float32),
        traces=np.empty((len(rows), 0, 2), np.float32),
    )
