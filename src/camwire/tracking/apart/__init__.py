"""A tracker in a process of its own, for workers whose interpreter has enough to do.

A step is some three hundred short calls of NumPy, between any two of which other threads may take the
interpreter's lock. Beside the camera threads of a GPU's worker that makes ten times of its time; in a process
of its own it takes what it takes, and the worker's interpreter is free meanwhile.

    worker: ApartTracker ── length of a question ─▶ child: answers with the Engine that it was sent
                         ◀── length of an answer ──
    both:   two Memory, in which questions and answers lie (`messages.py`, `memory.py`)
"""

from __future__ import annotations

from camwire.tracking import IN_MEMORY, PictureReader, Tracker, TrackerChoice
from camwire.tracking import create as create_here
from camwire.tracking.apart.process import ProcessEndedError
from camwire.tracking.apart.tracker import ApartTracker, TrackerFailedError

__all__ = ["ApartTracker", "ProcessEndedError", "TrackerFailedError", "create"]


def create(
    choice: TrackerChoice, *, score_threshold: float | None = None, pictures: PictureReader = IN_MEMORY
) -> Tracker:
    """As :func:`camwire.tracking.create`, in a process of its own; one that looks at pictures stays here,
    where they are.

    Waits for the process to be ready, a second or so. Raises ValueError as ``camwire.tracking.create`` does,
    and ProcessEndedError where the process can't start. To be closed.
    """
    tracker = create_here(choice, score_threshold=score_threshold, pictures=pictures)
    return tracker if tracker.looks_at_pictures else ApartTracker(tracker)
