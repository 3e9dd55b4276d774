"""Source processes for tests, and what is left of them."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from camwire.frames import Frame, Size
from camwire.sources.apart import ApartSource, SourceProcesses
from camwire.sources.apart.life import CHILD
from tests.sources.apart.host import HostLender, files_of
from tests.sources.cameras import camera
from tests.support.clips import read_counter
from tests.support.waiting import wait_for

BOUND = Size(1280, 720)


class Sink:
    """Keeps all frames; those with a picture keep it, where ``holding`` says so, or a copy of its pixels."""

    def __init__(self, *, holding: bool = False) -> None:
        self._lock = threading.Lock()
        self._frames: list[Frame] = []
        self._lost: list[Frame] = []
        self.holding = holding

    def put(self, frame: Frame) -> None:
        kept = frame if self.holding else frame.with_picture(frame.picture.pixels.copy())
        with self._lock:
            self._frames.append(kept)

    def lose(self, frame: Frame) -> None:
        with self._lock:
            self._lost.append(frame)

    def release(self, *, holding: bool = False) -> None:
        """What was held is gone; whether what comes now is held."""
        with self._lock:
            self.holding = holding
            self._frames.clear()

    @property
    def frames(self) -> list[Frame]:
        with self._lock:
            return list(self._frames)

    @property
    def lost(self) -> list[Frame]:
        with self._lock:
            return list(self._lost)

    @property
    def counters(self) -> list[int]:
        """The numbers painted into the pictures."""
        return [read_counter(pixels_of(frame)) for frame in self.frames]

    def __len__(self) -> int:
        return len(self.frames)


def pixels_of(frame: Frame) -> Any:
    """[H, W, 3] BGR, held or copied."""
    return getattr(frame.picture, "pixels", frame.picture)


def source_processes() -> list[psutil.Process]:
    """Children of this process that read cameras."""
    found = []
    for child in psutil.Process().children():
        try:
            if CHILD in child.cmdline():
                found.append(child)
        except psutil.Error:  # it has just ended
            continue
    return found


def left() -> list[object]:
    """What source processes have left behind in this process."""
    if files_of(os.getpid()):
        gc.collect()  # a source and its sink know each other
    threads = [thread for thread in threading.enumerate() if thread.name.startswith("sources-")]
    return [*threads, *source_processes(), *files_of(os.getpid())]


Made = Callable[..., SourceProcesses]
Read = Callable[..., tuple[ApartSource, Sink]]


@pytest.fixture
def make_processes() -> Iterator[Made]:
    """Source processes of a lender; all are closed at the test's end, and nothing is left of them."""
    made: list[SourceProcesses] = []

    def make(lender: HostLender | None = None, **settings: Any) -> SourceProcesses:
        made.append(SourceProcesses(lender or HostLender(), **settings))
        return made[-1]

    yield make
    for processes in made:
        processes.close()
    wait_for(lambda: not left(), "nothing is left")


@pytest.fixture
def processes(make_processes: Made) -> SourceProcesses:
    return make_processes()


@pytest.fixture
def read(processes: SourceProcesses) -> Read:
    """Start to read an address; wishes are those of ``SourceProcesses.source`` or of the camera."""
    return lambda url, sink=None, **wishes: started(processes, url, sink, **wishes)


def started(
    processes: SourceProcesses, url: object, sink: Sink | None = None, **wishes: Any
) -> tuple[ApartSource, Sink]:
    """A source that is read."""
    sink = Sink() if sink is None else sink
    names = ("paced", "looped", "recall_s", "numbering", "bound")
    options = {"bound": BOUND} | {name: wishes.pop(name) for name in names if name in wishes}
    source = processes.source(camera(str(url), **wishes), sink, **options)
    source.start()
    return source, sink
