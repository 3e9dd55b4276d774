"""Between the cameras' threads and the lanes: one slot a camera, holding its newest frame."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from math import inf

from camwire.frames import Batch, Frame
from camwire.pipeline.policy import BatchPolicy


class Slots:
    """Sources put frames, lanes take batches; a newer frame takes an older one's place.

    ``on_overwritten`` is told the frame that was lost. With ``patient`` set a full slot makes its source wait
    instead, so that a recording is processed whole and as fast as the pipeline goes. With ``queued`` the
    newer frame waits behind the older one; that is for sources that have but so many on their way.
    """

    def __init__(
        self,
        policy: BatchPolicy,
        *,
        on_overwritten: Callable[[Frame], None],
        patient: bool = False,
        queued: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policy = policy
        self._on_overwritten = on_overwritten
        self._patient, self._queued = patient, queued
        self._clock = clock
        self._frames: dict[str, Frame | None] = {}
        self._filled: dict[str, float] = {}
        self._behind: defaultdict[str, deque[Frame]] = defaultdict(deque)
        """What waits for a slot to be empty, where it is ``queued``."""
        self._tickets = 0
        self._closed = False
        self._lock = threading.Lock()
        self._due = threading.Condition(self._lock)
        """Lanes wait here, and one is woken when there is something to do: a first frame's time begins to
        run, or a batch is full. Were it for every frame, or all of them, they would spend their time waking
        each other."""
        self._enough = 1
        """Frames that make a batch full, as the lane saw it that looked last."""
        self._room: dict[str, threading.Condition] = {}
        """A patient source waits at its own camera's."""

    def add(self, camera: str) -> None:
        with self._lock:
            self._frames.setdefault(camera, None)
            self._room.setdefault(camera, threading.Condition(self._lock))

    def remove(self, camera: str) -> list[Frame]:
        """Close a camera's slot and return the frames that were waiting in it and for it."""
        with self._lock:
            self._filled.pop(camera, None)
            if room := self._room.pop(camera, None):
                room.notify_all()
            inside, behind = self._frames.pop(camera, None), self._behind.pop(camera, ())
            return [] if inside is None else [inside, *behind]

    def put(self, frame: Frame) -> bool:
        """Hand a frame over; false when the camera has no slot (any more)."""
        with self._lock:
            if self._patient and (room := self._room.get(frame.camera)):
                room.wait_for(lambda: self._closed or self._frames.get(frame.camera) is None)
            if self._closed or frame.camera not in self._frames:
                return False
            lost = self._frames[frame.camera]
            if lost is not None and self._queued:
                self._behind[frame.camera].append(frame)
                return True
            self._fill(frame)
        if lost is not None:
            self._on_overwritten(lost)
        return True

    def _fill(self, frame: Frame) -> None:
        self._frames[frame.camera] = frame
        self._filled.setdefault(frame.camera, self._clock())
        if len(self._filled) == 1 or len(self._filled) >= self._enough:
            self._due.notify()

    def take(self, expected: Callable[[], int], sizes: Sequence[int] = ()) -> Batch | None:
        """Wait until a batch is due and take it; None once the slots are closed. ``sizes``: of batches that
        suit the network, as ``BatchPolicy.chosen`` takes them."""
        with self._lock:
            while not self._closed:
                now = self._clock()
                self._enough = self._policy.enough(expected())
                pause = self._policy.seconds_until_due(self._filled, self._enough, now)
                if pause == 0.0:
                    return self._taken(now, sizes)
                self._due.wait(None if pause == inf else pause)
            return None

    def _taken(self, now: float, sizes: Sequence[int]) -> Batch:
        frames = []
        for camera in self._policy.chosen(self._filled, sizes):
            frame = self._frames[camera]
            assert frame is not None, "a filled slot holds a frame"
            frames.append(frame)
            self._frames[camera] = None
            del self._filled[camera]
            if self._patient:
                self._room[camera].notify()
        for frame in frames:
            if behind := self._behind.get(frame.camera):
                self._fill(behind.popleft())
        if self._filled:
            self._due.notify()
        return Batch(self._next_ticket(), tuple(frames), now)

    def empty_batch(self) -> Batch | None:
        """A batch of no frames, for whoever wants a turn between other batches; None once closed."""
        with self._lock:
            return None if self._closed else Batch(self._next_ticket(), (), self._clock())

    def _next_ticket(self) -> int:
        ticket = self._tickets
        self._tickets += 1
        return ticket

    def close(self) -> list[Frame]:
        """End all waiting and return the frames that nobody took."""
        with self._lock:
            self._closed = True
            left = [frame for frame in self._frames.values() if frame is not None]
            left += [frame for behind in self._behind.values() for frame in behind]
            self._frames.clear()
            self._filled.clear()
            self._behind.clear()
            for waiting in (self._due, *self._room.values()):
                waiting.notify_all()
            return left
