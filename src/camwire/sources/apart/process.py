"""Sources and the process that reads them: told, listened to, replaced when it ends."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import msgspec
import structlog

from camwire.sources.apart.life import Life
from camwire.sources.apart.messages import (
    NO_PLACE,
    Arrived,
    Ended,
    Impossible,
    Incoming,
    Noted,
    Order,
    Reading,
    Report,
    Reports,
    ShelfMade,
    ShelfRefused,
    ShelfWanted,
    Stop,
    VideoMade,
    VideoPart,
)
from camwire.sources.apart.shelves import PLACES, Lender, LentShelf, Places
from camwire.sources.apart.source import ApartSource
from camwire.sources.faults import SourceError

PATIENCE = 10.0
"""Seconds that a process may say nothing; it reports five times a second."""
PATIENCE_AT_START = 60.0
"""Seconds until it says something: packages are read, perhaps from a cold disk."""
GATHERING = 0.002
"""Seconds between two looks at what has come: at one look there are several frames, and the interpreter's
lock changes hands once for all of them."""
FIRST_DELAY, LONGEST_DELAY = 0.2, 10.0
"""Seconds until a process that ended is replaced; twice as many each time, unless it ran for ..."""
LONG_ENOUGH = 60.0
"""... so many seconds."""

log = structlog.get_logger(__name__)


class Death(NamedTuple):
    """How a process ended."""

    pid: int | None
    reason: str
    run: int | None = None
    """In whose thread a fatal signal came."""
    place: str = ""
    """As Fault has it."""


class SourceProcess:
    """Sources, the process that reads them now, and the thread that listens to it."""

    def __init__(self, lender: Lender, name: str, isolate: Callable[[ApartSource], None] | None) -> None:
        """Starts with its first source. ``name``: for people who look at threads. ``isolate``: takes a source
        over that brought the process down, so that the others are spared; None: here is where it came."""
        self._lender = lender
        self._isolate = isolate
        self._lock = threading.Lock()
        self._sources: dict[int, ApartSource] = {}
        """By run."""
        self._ending: set[int] = set()
        """Runs that are to end, and have not yet."""
        self._shelves: dict[int, LentShelf] = {}
        """By row; what is known of the process that runs now. Used by the listening thread alone."""
        self._rows: dict[int, int] = {}
        """By run."""
        self._threads: dict[int, int] = {}
        """The runs, by the threads that read them in that process."""
        self._child: Life | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def pid(self) -> int | None:
        child = self._child
        return child.pid if child else None

    @property
    def load(self) -> int:
        """How many cameras it reads."""
        return len(self._sources)

    @property
    def takes_any(self) -> bool:
        """Whether it is for any camera, not for one that brings processes down."""
        return self._isolate is not None

    def begin(self, source: ApartSource) -> None:
        """Read a source from now on; one that comes after the end has ended."""
        with self._lock:
            if self._closed.is_set():
                source.hear_ended()
                return
            self._sources[source.run] = source
            if self._thread.ident is None:
                self._thread.start()
            self._send(source.started())

    def end(self, source: ApartSource) -> None:
        """Read a source no more; it hears when its thread has ended."""
        with self._lock:
            if source.run not in self._sources:
                source.hear_ended()
                return
            self._ending.add(source.run)
            if self._child is None:
                self._forget_ending()
            else:
                self._send(Stop(source.run))

    def order(self, order: Order) -> bool:
        """Whether there is a process that hears it."""
        with self._lock:
            return self._send(order)

    def close(self) -> None:
        """Kill the process. Sources that haven't ended by now end so."""
        with self._lock:
            self._closed.set()
            if self._child is not None:
                self._child.end()
            if self._thread.ident is None:
                return
        self._thread.join()

    def _send(self, order: Order) -> bool:
        if self._child is None:
            return False
        try:
            self._child.say(order)
        except OSError:  # it has ended, or it hangs: the listening thread hears of it in a moment
            self._child.end()
            return False
        return True

    def _forget_ending(self) -> None:
        """Where there is no process, nothing is read."""
        for run in self._ending:
            if (source := self._sources.pop(run, None)) is not None:
                source.hear_ended()
        self._ending.clear()

    # --- on the listening thread -------------------------------------------------------------------

    def _run(self) -> None:
        failures = 0
        while not self._closed.is_set():
            began = time.monotonic()
            death = self._life()
            if self._closed.is_set():
                break
            went_well = self._took_out(death) or time.monotonic() - began >= LONG_ENOUGH
            failures = 1 if went_well else failures + 1
            delay = min(FIRST_DELAY * 2.0 ** (failures - 1), LONGEST_DELAY)
            log.error(
                "a source process ended; another one goes on",
                pid=death.pid,
                reason=death.reason,
                after_s=delay,
            )
            for source in self._known():
                source.hear_lost(f"the process that reads it is gone: {death.reason}", time.time() + delay)
            self._closed.wait(delay)
        with self._lock:
            self._ending.update(self._sources)
            self._forget_ending()

    def _took_out(self, death: Death) -> bool:
        """Have the source that brought the process down read elsewhere; whether it was one among others."""
        if death.run is None or self._isolate is None:
            return False
        with self._lock:
            if death.run in self._ending or len(self._sources) == 1:
                return False
            source = self._sources.pop(death.run, None)
        if source is None:
            return False
        log.error(
            "a camera brought down the process that reads it; from now on it has one of its own",
            camera=source.camera.id,
            reason=death.reason,
            at=death.place,
        )
        source.hear_lost(f"reading it brought its process down: {death.reason}", time.time())
        self._isolate(source)
        return True

    def _known(self) -> list[ApartSource]:
        with self._lock:
            return list(self._sources.values())

    def _life(self) -> Death:
        """Start a process and listen to it until it is over."""
        try:
            child = self._started()
        except OSError as error:
            return Death(None, f"it can't be started: {error.strerror}")
        log.info("source process started", pid=child.pid)
        try:
            reason = self._listen(child)
        except Exception as error:  # the supervisor's boundary: the next process goes on
            log.exception("listening to a source process failed", pid=child.pid)
            reason = f"listening to it failed ({type(error).__name__})"
        ended = child.end()  # before anything is forgotten that it still reads or writes to
        fault = child.fault()
        death = Death(child.pid, reason or ended)
        if fault is not None:
            death = death._replace(run=self._threads.get(fault.thread), place=fault.place)
        with self._lock:
            self._child = None
            self._forget_ending()
        self._shelves.clear()
        self._rows.clear()
        self._threads.clear()
        child.close()
        return death

    def _started(self) -> Life:
        with self._lock:
            child = self._child = Life(self._lender)
            if self._closed.is_set():
                child.end()
            for source in self._sources.values():
                self._send(source.started())
        return child

    def _listen(self, child: Life) -> str | None:
        """Until the process has ended, or why it is given up."""
        incoming, patience = Incoming[Report](Report), PATIENCE_AT_START
        try:
            while piece := child.hear(patience):
                for message in incoming(piece):
                    if isinstance(message, Impossible):
                        return message.reason
                    self._hear(message, child)
                patience = PATIENCE
                time.sleep(GATHERING)
        except TimeoutError:
            return f"it said nothing for {patience:g} s and was killed"
        except msgspec.DecodeError as error:
            return f"it said what can't be read: {error}"
        return None

    def _hear(self, message: Report, child: Life) -> None:
        match message:
            case Arrived():
                self._arrived(message, child.places)
            case Reading():
                self._threads[message.thread] = message.run
            case Reports():
                for run, report in message.reports.items():
                    if (source := self._sources.get(run)) is not None:
                        source.hear_report(report)
            case ShelfWanted():
                self._send_shelf(message, child)
            case VideoPart() | VideoMade():
                if (source := self._sources.get(message.run)) is not None:
                    source.hear_video(message)
            case Noted():
                message.remark.log(log)
            case Ended():
                self._end(message.run)

    def _arrived(self, message: Arrived, places: Places) -> None:
        picture = None
        if message.place != NO_PLACE:
            let_go = partial(places.free, message.row, message.place)
            picture = self._shelves[message.row].picture(message.place, message.how, let_go)
        if (source := self._sources.get(message.run)) is not None:
            source.hear_arrived(message, picture)

    def _send_shelf(self, wanted: ShelfWanted, child: Life) -> None:
        self._drop_shelf(wanted.run)
        try:
            made = self._made_shelf(wanted, child.places)
        except SourceError as error:
            self.order(ShelfRefused(wanted.run, str(error)))
        else:
            self.order(made)

    def _made_shelf(self, wanted: ShelfWanted, places: Places) -> ShelfMade:
        row = places.new_row()
        if row is None:
            raise SourceError("there are too many cameras in one process")
        try:
            shelf = self._lender.shelf(wanted.place_size, PLACES)
        except BaseException:
            places.drop_row(row)
            raise
        # The row is free when the last picture on the shelf has been let go.
        weakref.finalize(shelf, places.drop_row, row).atexit = False
        self._shelves[row], self._rows[wanted.run] = shelf, row
        return ShelfMade(wanted.run, row, wanted.place_size, shelf.handle)

    def _drop_shelf(self, run: int) -> None:
        row = self._rows.pop(run, None)
        if row is not None:
            del self._shelves[row]

    def _end(self, run: int) -> None:
        self._drop_shelf(run)
        with self._lock:
            source = self._sources.pop(run, None)
            self._ending.discard(run)
        if source is not None:
            source.hear_ended()
