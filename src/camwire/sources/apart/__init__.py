"""Cameras that are read in processes of their own, beside a worker whose interpreter has enough to do.

A camera's thread gives the interpreter's lock up nine times a frame (FFmpeg reads, decodes, lets go), and
each time waits for it again. With dozens of cameras that is what the worker's lanes wait for, too. Apart, the
cameras of a process share a lock with each other alone; the worker hears of frames a few at a time.

    worker: ApartSource ── orders ─▶ child: a CameraSource each
                        ◀─ word of each picture, reports ──
            LentShelf   ◀══ pictures, copied once, on the device (`shelves.py`)

Pictures lie in memory that the worker lends, so a process that ends takes nothing with it that is looked at.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count
from operator import attrgetter

from camwire.frames import Size
from camwire.link.desired import DesiredCamera
from camwire.sources.apart.process import SourceProcess
from camwire.sources.apart.shelves import Lender
from camwire.sources.apart.source import ApartSource, LosingSink
from camwire.sources.numbering import Numbering

__all__ = ["ApartSource", "Lender", "LosingSink", "SourceProcesses"]

CAMERAS = 25
"""In a process, at most."""


class SourceProcesses:
    """As many processes as its sources need, and one for each camera that brought its process down. Used by
    one thread at a time; ``pids`` by any."""

    def __init__(self, lender: Lender, cameras: int = CAMERAS) -> None:
        """``cameras``: that a process reads at most."""
        self._lender = lender
        self._cameras = cameras
        self._runs = count()
        self._named = count()
        self._processes: tuple[SourceProcess, ...] = ()
        self._changing = threading.Lock()
        """Held while ``_processes`` change."""
        self._closed = False

    @property
    def pids(self) -> tuple[int, ...]:
        """Of the processes that run now."""
        return tuple(pid for process in self._processes if (pid := process.pid) is not None)

    def source(
        self,
        camera: DesiredCamera,
        sink: LosingSink,
        *,
        bound: Size,
        paced: bool = True,
        looped: bool = True,
        recall_s: float = 0.0,
        numbering: Numbering | None = None,
    ) -> ApartSource:
        """A camera that isn't read yet; as ``CameraSource`` takes it. ``recall_s``: seconds of what it sent
        that are kept."""
        process = self._emptiest()
        return ApartSource(
            next(self._runs),
            camera,
            sink,
            bound=bound,
            paced=paced,
            looped=looped,
            recall_s=recall_s,
            numbering=numbering or Numbering(),
            reader=process,
        )

    def tidy(self) -> None:
        """End processes that have nothing to read any more."""
        with self._changing:
            idle = tuple(process for process in self._processes if process.load == 0)
            self._processes = tuple(process for process in self._processes if process not in idle)
        for process in idle:
            process.close()

    def close(self) -> None:
        """End all of them; sources that haven't ended end so."""
        with self._changing:
            self._closed = True
            processes, self._processes = self._processes, ()
        for process in processes:
            process.close()

    def _emptiest(self) -> SourceProcess:
        with self._changing:
            open_to_all = [process for process in self._processes if process.takes_any]
            found = min(open_to_all, key=attrgetter("load"), default=None)
            if found is None or found.load >= self._cameras:
                found = self._another(self._isolate)
        return found

    def _another(self, isolate: Callable[[ApartSource], None] | None) -> SourceProcess:
        process = SourceProcess(self._lender, f"sources-{next(self._named)}", isolate)
        self._processes += (process,)
        return process

    def _isolate(self, source: ApartSource) -> None:
        """Read a source in a process of its own; called by the thread that listened to the one before."""
        with self._changing:
            if self._closed:
                source.hear_ended()
            else:
                source.move_to(self._another(None))
