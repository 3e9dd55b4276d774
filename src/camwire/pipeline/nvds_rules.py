"""DeepStream's rules in a worker: their file, the cameras' streams, and what they said last."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

import structlog

from camwire.analytics.nvdsanalytics.engine import NvdsAnalytics
from camwire.analytics.nvdsanalytics.load import load
from camwire.analytics.nvdsanalytics.notices import NvdsConfigError
from camwire.analytics.nvdsanalytics.results import FrameResult
from camwire.analytics.nvdsanalytics.settings import Settings
from camwire.devices.annotations import Annotation
from camwire.frames import Batch, Frame, Tracks
from camwire.link.desired import Stamps
from camwire.models import ModelError

NO_STREAM = -1
"""A stream's number that no configuration has rules for."""
REMEMBERED_FRAMES = 64
"""Of each camera; more than can be under way between the rules and drawing."""

log = structlog.get_logger()


class NvdsRules:
    """For as long as a worker lives. One thread at a time."""

    def __init__(self) -> None:
        self._file: tuple[str | None, Stamps] = (None, ())
        self._engine: NvdsAnalytics | None = None
        self._cameras: tuple[str, ...] = ()
        self._streams: Mapping[str, int] = {}
        self._results: dict[str, deque[tuple[int, FrameResult]]] = {}
        """By camera: the last frames' sequences and what was said of them."""

    def engine_for(self, file: str | None, stamps: Stamps = ()) -> NvdsAnalytics | None:
        """The one that runs where the file is the same, or another one. Raises ModelError."""
        if (file, stamps) == self._file:
            return self._engine
        return None if file is None else NvdsAnalytics(nvdsanalytics(file))

    def use(
        self, file: str | None, engine: NvdsAnalytics | None, cameras: Sequence[str], stamps: Stamps = ()
    ) -> None:
        """Apply the ``engine`` that was made for the file. Where it is the one that runs, cameras go on
        counting unless their place among the ``cameras``, and with it their stream, is another."""
        before, now = self._cameras, tuple(cameras)
        if engine is not self._engine:
            self._results.clear()
        elif engine is not None and before != now:
            self._move(engine, before, now)
        self._file, self._engine, self._cameras = (file, stamps), engine, now
        # What still comes of a camera that was removed is of a stream that has no rules.
        self._streams = defaultdict(lambda: NO_STREAM, stream_numbers(now))

    def forget_objects(self) -> None:
        """From now on the tracker's ids mean other objects."""
        if self._engine is not None:
            self._engine.forget_objects()

    def interrupt(self, camera: str) -> None:
        """The camera was stopped; should it come back, its frames' time may begin anew."""
        if self._engine is not None:
            self._engine.interrupt(camera)

    def step(self, batch: Batch, tracks: Tracks) -> None:
        if self._engine is None:
            return
        results = self._engine.step(batch, tracks, self._streams)
        for frame, result in zip(batch.frames, results, strict=True):
            if result is not None:
                known = self._results.setdefault(frame.camera, deque(maxlen=REMEMBERED_FRAMES))
                known.append((frame.sequence, result))

    def newest(self, camera: str) -> FrameResult | None:
        """What was said of the camera's newest frame."""
        known = self._results.get(camera)
        return known[-1][1] if known else None

    def of(self, frame: Frame) -> FrameResult | None:
        """What was said of a frame, if not too many have come since."""
        known = reversed(self._results.get(frame.camera, ()))
        return next((result for sequence, result in known if sequence == frame.sequence), None)

    def annotation(self, frame: Frame) -> Annotation | None:
        """What is drawn on a frame."""
        result = self.of(frame)
        if result is None or self._engine is None:
            return None
        return self._engine.annotation(self._streams[frame.camera], result)

    def _move(self, engine: NvdsAnalytics, before: Sequence[str], now: Sequence[str]) -> None:
        places = enumerate(zip_longest(before, now))
        changed = {number: pair for number, pair in places if pair[0] != pair[1]}
        engine.begin_anew(changed)
        for camera in {camera for pair in changed.values() for camera in pair if camera is not None}:
            self._results.pop(camera, None)
        moved = [camera for _, camera in changed.values() if camera in before]
        if moved:
            log.warning(
                "nvdsanalytics counts anew: the cameras' places in the configuration, and so their streams, "
                "are others",
                cameras=moved,
            )


def nvdsanalytics(file: str) -> Settings:
    """Read DeepStream's file; what is odd about it is logged. Raises ModelError where it can't be used."""
    try:
        loaded = load(Path(file))
    except NvdsConfigError as error:
        raise ModelError(f"nvdsanalytics: {error}") from None
    for notice in loaded.notices:
        log.warning("nvdsanalytics", notice=str(notice))
    return loaded.settings


def stream_numbers(cameras: Iterable[str]) -> Mapping[str, int]:
    """A camera's stream is its place in the configuration."""
    return {camera: number for number, camera in enumerate(cameras)}
