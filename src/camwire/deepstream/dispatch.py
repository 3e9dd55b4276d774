"""What is made of analysed frames, and for whom: nothing unwanted, and every loss counted by cause."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from camwire.analytics.rules.events import Event
from camwire.deepstream.ledger import Ledger
from camwire.deepstream.scene import FlowScene
from camwire.deepstream.thumbnails import thumbnail
from camwire.frames import Batch, Frame, Tracks
from camwire.link.pictures import Rendition, of_event
from camwire.pipeline.lane import Publisher
from camwire.pipeline.marks import Marks
from camwire.pipeline.recorder import Recorder
from camwire.pipeline.renditions import Made, lower_cap, objects_of
from camwire.rate_cap import RateCap

PICTURES: frozenset[Rendition] = frozenset({"full", "thumbnail", "clean"})
FROM_ENCODER: frozenset[Rendition] = frozenset({"full", "thumbnail"})
"""What the pictures of DeepStream's encoder can become: they are drawn on already."""


@dataclass(slots=True)
class Pending:
    """A frame of which pictures are to come."""

    frame: Frame
    formed: float
    marks: Marks
    renditions: frozenset[Rendition]
    """What somebody wants; where nobody wants anything, the frame's books are closed already."""
    noted: frozenset[Rendition]
    """What is kept because rules report something."""
    taken: bool
    """Whether the link has taken anything of it already."""

    @property
    def needed(self) -> frozenset[Rendition]:
        return self.renditions | self.noted


@dataclass(frozen=True, slots=True)
class Drawable:
    """A batch that camwire is to draw."""

    batch: Batch
    tracks: Tracks
    positions: Sequence[int]
    """Of its frames in DeepStream's batch."""
    pending: dict[int, Pending]
    """By position in ``batch``."""


class Dispatch:
    """Any thread may call anything."""

    def __init__(self, recorder: Recorder, publish: Publisher, clock: Callable[[], float]) -> None:
        self._recorder = recorder
        self._publish = publish
        self._clock = clock
        self._publishing = threading.Lock()
        self._caps: dict[str, defaultdict[Rendition, RateCap]] = {}
        self._jpegs: dict[str, Ledger[Pending]] = {}
        self._drawables: Ledger[Drawable] = Ledger(self._undrawn)

    def add(self, camera: str) -> None:
        self._caps[camera] = defaultdict(RateCap)
        self._jpegs[camera] = Ledger(self._overtaken)

    def remove(self, camera: str) -> None:
        self._overtaken(self._jpegs.pop(camera).clear(), "stopped")
        del self._caps[camera]

    def abandon(self, cause: str) -> None:
        """Nothing of what is under way will come any more."""
        for ledger in list(self._jpegs.values()):
            self._overtaken(ledger.clear(), cause)
        self._undrawn(self._drawables.clear(), cause)

    # --- after the analysis --------------------------------------------------------------------

    def hand_on(
        self,
        drawable: Drawable,
        events: Sequence[Event],
        pts: Sequence[int],
        batch_pts: int,
        marks: Marks,
        scene: FlowScene,
    ) -> None:
        """Decide what is to be made of a batch, and send what is ready: the lists of objects.

        ``events``: what rules report of it; ``pts``: the frames' own timestamps; ``batch_pts``: the batch's.
        ``drawable.pending`` is filled.
        """
        eventful = {event.camera for event in events}
        batch = drawable.batch
        possible = PICTURES if scene.drawn_here else FROM_ENCODER
        for index, frame in enumerate(batch.frames):
            admitted = self._admitted(frame, scene)
            taken = "objects" in admitted and self._send_objects(drawable, index, scene)
            pictures = admitted & possible
            noted = scene.event_pictures & possible if frame.camera in eventful else frozenset()
            if pictures or noted:
                own = replace(marks)
                drawable.pending[index] = Pending(frame, batch.formed, own, pictures, noted, taken)
            if pictures:
                continue
            if taken:
                self._recorder.published(frame)
            elif admitted:
                self._recorder.lost((frame,), "link" if "objects" in admitted else "error")
        others = tuple(
            frame
            for index, frame in enumerate(batch.frames)
            if index not in drawable.pending or not drawable.pending[index].renditions
        )
        self._recorder.timed(replace(batch, frames=others), (), marks)
        if scene.drawn_here:
            if drawable.pending:
                self._drawables.put(batch_pts, drawable)
            return
        for index, one in drawable.pending.items():
            if ledger := self._jpegs.get(one.frame.camera):
                ledger.put(pts[index], one)

    def _admitted(self, frame: Frame, scene: FlowScene) -> frozenset[Rendition]:
        """What is to be made of a frame now; where it is nothing, that is counted by cause."""
        wanted = scene.views.get(frame.camera, {})
        caps = self._caps[frame.camera]
        admitted = frozenset(
            rendition
            for rendition, fps in wanted.items()
            if caps[rendition].admits(frame.arrived, lower_cap(scene.max_fps, fps))
        )
        if not admitted:
            self._recorder.lost((frame,), "fps_cap" if wanted else "unwatched")
        return admitted

    def _send_objects(self, drawable: Drawable, index: int, scene: FlowScene) -> bool:
        names = scene.overlay.class_names
        [made] = objects_of(drawable.batch, [index], drawable.tracks, names, scene.analysed)
        with self._publishing:
            return self._publish(made.frame, made.payload, made.rendition)

    # --- DeepStream's JPEGs ----------------------------------------------------------------------

    def wanted(self, camera: str, pts: int) -> bool:
        """Whether the camera's picture of this timestamp is to be drawn on and encoded."""
        return self._pending(camera, pts) is not None

    def drawn(self, camera: str, pts: int) -> None:
        """DeepStream has drawn on it."""
        if (pending := self._pending(camera, pts)) is not None:
            pending.marks.rendered = self._clock()

    def _pending(self, camera: str, pts: int) -> Pending | None:
        ledger = self._jpegs.get(camera)
        return ledger.find(pts) if ledger is not None else None

    def encoded(self, camera: str, pts: int, jpeg: bytes, scene: FlowScene) -> None:
        """The JPEG has come."""
        ledger = self._jpegs.get(camera)
        pending = ledger.take(pts) if ledger is not None else None
        if pending is None:
            return
        pending.marks.encoded = self._clock()
        self.send(pending, list(_renditions(pending, jpeg, scene)))

    # --- camwire's ---------------------------------------------------------------------------------

    def drawable(self, batch_pts: int) -> Drawable | None:
        """The batch of this timestamp, if anything is to be drawn of it."""
        return self._drawables.take(batch_pts)

    def send(self, pending: Pending, made: Sequence[Made]) -> None:
        """A frame counts as published when any of it was taken."""
        with self._publishing:
            for one in made:
                if one.rendition in pending.renditions:
                    pending.taken |= self._publish(one.frame, one.payload, one.rendition)
                if one.rendition in pending.noted:
                    self._publish(one.frame, one.payload, of_event(one.rendition))
        if not pending.renditions:
            return
        pending.marks.published = self._clock()
        if pending.taken:
            self._recorder.published(pending.frame)
        else:
            self._recorder.lost((pending.frame,), "link")
        self._recorder.timed(Batch(0, (pending.frame,), pending.formed), (0,), pending.marks)

    def failed(self, pending: Pending) -> None:
        """A picture could not be made."""
        self._overtaken((pending,), "error")

    # --- losses --------------------------------------------------------------------------------------

    def _overtaken(self, entries: Sequence[Pending], cause: str = "overwritten") -> None:
        for one in entries:
            if not one.renditions:
                continue
            if one.taken:
                self._recorder.published(one.frame)
            else:
                self._recorder.lost((one.frame,), cause)

    def _undrawn(self, entries: Sequence[Drawable], cause: str = "overwritten") -> None:
        for drawable in entries:
            self._overtaken(list(drawable.pending.values()), cause)


def _renditions(pending: Pending, jpeg: bytes, scene: FlowScene) -> Iterator[Made]:
    if "full" in pending.needed:
        yield Made(0, "full", pending.frame, jpeg)
    if "thumbnail" in pending.renditions:
        size, small = thumbnail(jpeg, scene.thumbnail, scene.jpeg_quality)
        yield Made(0, "thumbnail", replace(pending.frame, size=size), small)
