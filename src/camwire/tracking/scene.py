"""One step as a tracking algorithm sees it."""

from __future__ import annotations

from dataclasses import dataclass

from camwire.frames import BoolArray, Float64Array, Frame
from camwire.tracking.cameras import Moment
from camwire.tracking.candidates import Candidates
from camwire.tracking.columns import Rows


@dataclass(frozen=True, slots=True)
class Scene:
    """The frames of a batch, what was found in them and when they were."""

    frames: tuple[Frame, ...]
    moment: Moment
    found: Candidates
    detected: BoolArray | None
    """[F] frames that the detector looked at; None for all."""

    def frame_of(self, slots: Rows) -> Rows:
        """Positions in the batch of the frames of the cameras ``slots``."""
        return self.moment.frame_of(slots)

    def dt_of(self, slots: Rows) -> Float64Array:
        """Seconds since the frame before of each of the cameras ``slots``."""
        return self.moment.dt.take(self.moment.frame_of(slots))

    def looked_at(self, slots: Rows) -> BoolArray | bool:
        """Whether the detector looked at the frame of each of the cameras ``slots``."""
        return True if self.detected is None else self.detected.take(self.moment.frame_of(slots))
