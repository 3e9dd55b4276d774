"""A tracker that lives in another process, to those who use it."""

from __future__ import annotations

import pickle
from contextlib import suppress
from typing import Any

import structlog

from camwire.frames import Batch, Detections, Tracks
from camwire.tracking.apart.messages import (
    Answer,
    Arrays,
    Begin,
    Failed,
    Followed,
    Forget,
    Step,
    pack_question,
    step_of,
    tracks_of,
    unpack_answer,
)
from camwire.tracking.apart.process import ProcessEndedError, TrackingProcess
from camwire.tracking.engine import Engine

PATIENCE = 10.0
"""Seconds that an answer may take; a step takes milliseconds."""
PATIENCE_AT_START = 25.0
"""Seconds that the process may take to start; less than after which a worker's lanes count as stuck."""

log = structlog.get_logger(__name__)


class TrackerFailedError(RuntimeError):
    """The tracker raised an exception; its process goes on. The message is the traceback there."""


class ApartTracker:
    """A :class:`camwire.tracking.contract.Tracker` whose work is done by a process of its own.

    When that ends or hangs, the step at hand raises ProcessEndedError and the next one begins with a new
    process, in which tracks begin anew and ids go on where they were. As with every tracker, one thread at a
    time.
    """

    def __init__(
        self,
        tracker: Engine[Any],
        *,
        patience: float = PATIENCE,
        patience_at_start: float = PATIENCE_AT_START,
    ) -> None:
        """``tracker``: a new one, which goes into the process and is not used here. It can be pickled where
        it doesn't look at pictures. Waits for the process to be ready; raises ProcessEndedError."""
        self._pickled = pickle.dumps(tracker)
        self._patience, self._patience_at_start = patience, patience_at_start
        self._last_ids: dict[str, int] = {}
        self._rejected_before = 0
        """By trackers in processes that have ended."""
        self._rejected = 0
        self._closed = False
        self._process: TrackingProcess | None = self._started()

    @property
    def rejected(self) -> int:
        """How many invalid boxes were left out so far."""
        return self._rejected_before + self._rejected

    @property
    def pid(self) -> int | None:
        """See :attr:`camwire.tracking.contract.Tracker.pid`; None also where there is none at the moment."""
        process = self._process  # asked for by another thread
        return process.pid if process else None

    def step(self, batch: Batch, detections: Detections) -> Tracks:
        """See :meth:`camwire.tracking.contract.Tracker.step`.

        Raises ProcessEndedError and TrackerFailedError.
        """
        if self._closed:
            raise ProcessEndedError("the tracker is closed")
        self._process = self._process or self._started()
        answer, arrays = self._ask(self._process, *step_of(batch, detections))
        assert isinstance(answer.content, Followed)
        self._rejected = answer.content.rejected
        self._last_ids.update(
            zip((frame.camera for frame in batch.frames), answer.content.last_ids, strict=True)
        )
        return tracks_of(arrays)

    def forget(self, camera: str) -> None:
        """See :meth:`camwire.tracking.contract.Tracker.forget`."""
        if self._process is None:
            return  # and its tracks went with the process
        with suppress(ProcessEndedError):  # which has been logged, and comes to the same
            self._ask(self._process, Forget(camera))

    def close(self) -> None:
        """See :meth:`camwire.tracking.contract.Tracker.close`."""
        self._closed = True
        if self._process is not None:
            self._process.end()
            self._process = None

    def _started(self) -> TrackingProcess:
        self._rejected_before, self._rejected = self.rejected, 0
        try:
            process = TrackingProcess()
        except OSError as error:
            raise ProcessEndedError(f"the tracking process can't be started: {error.strerror}") from None
        self._ask(process, Begin(self._pickled, self._last_ids), patience=self._patience_at_start)
        log.info("tracking process started", pid=process.pid)
        return process

    def _ask(
        self,
        process: TrackingProcess,
        content: Begin | Step | Forget,
        arrays: Arrays | None = None,
        patience: float | None = None,
    ) -> tuple[Answer, Arrays]:
        parts = pack_question(content, arrays)
        try:
            answer, result = unpack_answer(process.ask(parts, patience or self._patience))
        except ProcessEndedError as error:
            self._process = None
            log.error(
                "the tracking process ended; in the next one tracks begin anew",
                pid=process.pid,
                reason=str(error),
            )
            raise ProcessEndedError(f"the tracking process is gone: {error}") from None
        for remark in answer.remarks:
            remark.log(log)
        if isinstance(answer.content, Failed):
            raise TrackerFailedError(f"in the tracking process:\n{answer.content.traceback}")
        return answer, result
