"""The worker process: does what the server desires, tells what it does, and ends when the server is gone."""

from __future__ import annotations

import faulthandler
import os
import queue
import signal
import sys
import threading
import time
from collections import deque
from dataclasses import asdict
from functools import partial
from pathlib import Path
from uuid import uuid4

import structlog

from camwire.config.secrets import SECRETS, SecretUrl
from camwire.devices import open_device
from camwire.frames import Frame
from camwire.link.desired import DesiredState
from camwire.link.events import Events, EventsKept, RuleState
from camwire.link.messages import Failure, Hello, Stop
from camwire.link.pictures import Rendition
from camwire.link.reports import DeviceMemory, Statistics
from camwire.link.worker_end import WorkerEnd
from camwire.link.worker_names import number_of
from camwire.models import ModelError
from camwire.monitoring.process import ProcessMeter
from camwire.pipeline.clips import Clips
from camwire.pipeline.contract import EngineMaker
from camwire.pipeline.engine import Engine
from camwire.pipeline.event_pictures import EventPictures
from camwire.pipeline.heap import LongLived
from camwire.pipeline.outbox import Outbox
from camwire.pipeline.probes import Probes
from camwire.pipeline.rehearsals import Rehearsals

REPORT_EVERY = 1.0
STOP_TIMEOUT = 1.1
"""Seconds for the engine to stop; much less than the supervisor's patience, which begins anew with the last
events."""
FLUSH_TIMEOUT = 1.5
"""Seconds without an answer after which the last events are given up."""

log = structlog.get_logger()


class Worker:
    """Two threads besides the engine's own: this one talks with the server, another applies what it says.

    They are two because applying may take seconds (a model is loaded, a camera's thread ends), and the server
    takes a worker that is silent for long to be dead.
    """

    def __init__(
        self,
        name: str,
        device: str,
        directory: Path,
        make_engine: EngineMaker | None = None,
        *,
        cores: int | None = None,
        sources_apart: bool = False,
    ) -> None:
        """``cores``: on a GPU, so many of the processor's are shared by this worker's threads; None: all.

        ``sources_apart``: the native engine reads a GPU's cameras in processes of their own.
        """
        self._name = name
        self._device = open_device(device, number_of(name), cores)
        self._link = WorkerEnd(directory, name)
        self._outbox = Outbox(uuid4().hex[:12])
        self._pictures = EventPictures(name)
        make_engine = make_engine or partial(Engine, sources_apart=sources_apart)
        self._engine = make_engine(self._device, self._publish, on_events=self._outbox.add)
        self._probes = Probes(self._device, name)
        self._rehearsals = Rehearsals(self._engine.analysis, name)
        self._clips = Clips(lambda: self._engine.rings, name)
        self._meter = ProcessMeter()
        self._heap = LongLived()
        self._parent = os.getppid()
        self._stopping = threading.Event()
        self._newest: queue.Queue[DesiredState | None] = queue.Queue()
        self._failures: deque[Failure] = deque(maxlen=100)
        self._applier = threading.Thread(target=self._applying, name="applier")
        self._broken = False

    def run(self) -> int:
        """Serve until told to stop, by a message, a signal or the server's end; returns the exit status."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        self._applier.start()
        self._link.send(Hello(worker=self._name, pid=os.getpid(), device=self._device.name))
        next_report = time.monotonic() + REPORT_EVERY
        while not self._stopping.is_set() and os.getppid() == self._parent:
            self._hear(max(0.0, next_report - time.monotonic()))
            self._send_events()
            for picture in self._pictures.taken():
                if not self._link.send(picture):
                    self._pictures.refused()
            answers = *self._probes.results(), *self._rehearsals.results(), *self._clips.results(time.time())
            for result in answers:
                self._link.send(result)
            if time.monotonic() >= next_report:
                next_report = time.monotonic() + REPORT_EVERY
                self._check_device()
                self._tell()
                self._heap.look(self._engine.loaded)
        return self._stop()

    def _hear(self, timeout: float) -> None:
        match self._link.receive(min(timeout, 0.2)):
            case DesiredState() as desired:
                SECRETS.add(*(SecretUrl(camera.url) for camera in desired.cameras))
                SECRETS.add(*(SecretUrl(probe.camera.url) for probe in desired.probes))
                self._probes.apply(desired.probes)
                self._rehearsals.apply(desired.rehearsals)
                self._clips.apply(desired.clips)
                self._newest.put(desired)
            case EventsKept() as kept:
                self._forget(kept)
            case RuleState(state=state, moved=True):
                self._engine.analysis.take_over(state)
            case RuleState(state=state):
                self._engine.analysis.resume(state)
            case Stop():
                self._stopping.set()
            case None:
                pass

    def _forget(self, kept: EventsKept) -> None:
        """What a worker before this one sent has numbers of its own."""
        if kept.pid == os.getpid():
            self._outbox.kept(kept.upto)

    def _check_device(self) -> None:
        """A device on which nothing works is given up with the process; the next one starts afresh."""
        if (fault := self._device.fault()) is not None:
            log.critical("the device has failed; the worker ends", reason=fault)
            self._failures.append(Failure(worker=self._name, revision=self._engine.revision, reason=fault))
            self._broken = True
            self._stopping.set()

    def _send_events(self) -> None:
        if (due := self._outbox.due(time.monotonic())) is not None:
            upto, events = due
            self._link.send(Events(worker=self._name, pid=os.getpid(), upto=upto, events=events))

    def _tell(self) -> None:
        while self._failures and self._link.send(self._failures[0]):
            self._failures.popleft()
        if self._engine.revision == 0 and self._newest.empty():
            self._link.send(Hello(worker=self._name, pid=os.getpid(), device=self._device.name))
        if (state := self._engine.analysis.state()) is not None:
            self._link.send(RuleState(state=state))
        usage = self._meter.read(self._engine.helpers)
        memory = None if self._broken else self._device.memory()
        self._link.send(
            Statistics(
                worker=self._name,
                pid=os.getpid(),
                device=self._device.name,
                revision=self._engine.revision,
                cameras=self._engine.report(),
                model=self._engine.model,
                cpu_percent=usage.cpu_percent,
                rss_bytes=usage.rss_bytes,
                stuck=self._stuck(),
                elements=self._engine.elements(),
                failures=self._engine.recorder.failures,
                lost={"events": self._outbox.lost, "event_pictures": self._pictures.lost},
                device_memory=None if memory is None else DeviceMemory(**asdict(memory)),
            )
        )

    def _stuck(self) -> str | None:
        """Where every thread is goes to the log beside it: lines of code, no values."""
        if (stuck := self._engine.stuck()) is not None:
            faulthandler.dump_traceback(sys.stderr)
        return stuck

    def _applying(self) -> None:
        """The applier's supervisor boundary: what nobody foresaw ends the worker, which is then replaced."""
        try:
            self._apply_newest()
        except Exception:
            log.exception("the desired state could not be applied; the worker ends")
            self._broken = True
            self._stopping.set()

    def _apply_newest(self) -> None:
        while (desired := self._newest.get()) is not None:
            while not self._newest.empty():
                newer = self._newest.get()
                if newer is None:
                    return
                desired = newer
            try:
                self._engine.apply(desired)
            except ModelError as error:
                log.debug("the desired state can't be applied", reason=str(error))
                self._failures.append(
                    Failure(
                        worker=self._name,
                        revision=desired.revision,
                        reason=str(error),
                        as_before=desired.as_before,
                    )
                )

    def _publish(self, frame: Frame, payload: bytes, rendition: Rendition) -> bool:
        if rendition in ("event", "event_clean"):
            self._pictures.add(frame, payload, rendition)
            return True
        return self._link.publish(frame, payload, time.monotonic(), rendition)

    def _flush(self) -> None:
        """Stay until the server has the last events on its disk, as long as it goes on taking them."""
        deadline = time.monotonic() + FLUSH_TIMEOUT
        while self._outbox.waiting and os.getppid() == self._parent and time.monotonic() < deadline:
            self._send_events()
            # Whatever else the server says now comes too late: what would do it has been stopped.
            if isinstance(message := self._link.receive(0.05), EventsKept):
                self._forget(message)
                deadline = time.monotonic() + FLUSH_TIMEOUT
        if self._outbox.waiting:
            log.error("the server did not take the last events", events=self._outbox.waiting)

    def _stop(self) -> int:
        deadline = time.monotonic() + STOP_TIMEOUT
        self._newest.put(None)
        self._probes.apply(())
        self._rehearsals.close()
        self._clips.close()
        ended = self._engine.stop(STOP_TIMEOUT)
        if (state := self._engine.analysis.state()) is not None:
            self._link.send(RuleState(state=state))
        self._flush()
        self._applier.join(max(0.0, deadline - time.monotonic()))
        self._link.close()
        return 0 if ended and not self._applier.is_alive() and not self._broken else 1
