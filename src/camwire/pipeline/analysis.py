"""The analyse step: camwire's own rules and DeepStream's, over each batch's tracks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import structlog
from pydantic import TypeAdapter

from camwire.analytics.rules import RuleEngine
from camwire.analytics.rules.events import Counts, Event
from camwire.analytics.rules.exported import taken_over, without_objects
from camwire.config.rules import Rule
from camwire.devices.annotations import Annotation
from camwire.frames import Batch, Frame, Tracks
from camwire.link.desired import DesiredState
from camwire.link.pictures import NvdsFrame
from camwire.models import ModelError
from camwire.pipeline.nvds_metadata import nvds_frame, nvds_summary
from camwire.pipeline.nvds_rules import NvdsRules
from camwire.pipeline.recollection import Recollection, Rehearsal
from camwire.tracking.engine import IdReset

log = structlog.get_logger()

_rules = TypeAdapter(tuple[Rule, ...])


class Analysis:
    """The rules of a worker, for as long as it lives: what they have counted outlives their configuration.

    ``step`` is called in the order of batches; every method may be called by any thread.
    """

    def __init__(self, on_events: Callable[[Sequence[Event]], None] = lambda _: None) -> None:
        """``on_events`` is told what the rules report, in order."""
        self._on_events = on_events
        self._resumed: bytes | None = None
        self._lock = threading.Lock()
        self._settings: tuple[object, ...] | None = None
        self._class_names: tuple[str, ...] = ()
        self._ids_restart = False
        self._engine = RuleEngine((), ())
        self._nvds = NvdsRules()
        self.rules: tuple[Rule, ...] = ()
        self._recollection = Recollection()

    def use(self, desired: DesiredState, class_names: tuple[str, ...], *, same_ids: bool) -> None:
        """Apply other rules from now on; rules that count the same go on as if nothing had happened.

        ``same_ids``: whether the tracker is still the same; the ids of another one mean other objects.
        Raises ModelError where the rules can't be used; then nothing has changed.
        """
        ids_restart = IdReset(desired.tracker.id_reset) is IdReset.ON_EOS
        settings = (desired.rules, class_names, ids_restart)
        cameras = desired.all_cameras or tuple(camera.id for camera in desired.cameras)
        if settings != self._settings or not same_ids:
            rules = _rules.validate_python(desired.rules)
            engine = rule_engine(rules, class_names, ids_restart=ids_restart)
        else:
            rules, engine = self.rules, None
        nvds = self._nvds.engine_for(desired.nvdsanalytics, desired.nvdsanalytics_stamps)
        with self._lock:
            if engine is not None:
                if self._settings is None and self._resumed is not None:
                    _resume(engine, self._resumed)
                else:
                    engine.restore(self._engine.export(), objects=same_ids)
                self._engine = engine
            self.rules, self._settings, self._class_names = rules, settings, class_names
            self._ids_restart = ids_restart
            self._nvds.use(desired.nvdsanalytics, nvds, cameras, desired.nvdsanalytics_stamps)
            if not same_ids:
                self._nvds.forget_objects()
                self._recollection.clear()

    def step(self, batch: Batch, tracks: Tracks) -> Sequence[Event]:
        """Apply the rules to a batch; returns what camwire's own report."""
        self._recollection.add(batch, tracks)
        with self._lock:
            events = self._engine.step(batch, tracks).events
            if events:
                self._on_events(events)
            self._nvds.step(batch, tracks)
        return events

    def rehearse(self, rules: Sequence[dict[str, Any]], camera: str, seconds: float) -> Rehearsal:
        """What these rules would have counted of the camera's last ``seconds``.

        Raises ModelError for classes that the model doesn't know.
        """
        engine = rule_engine(_rules.validate_python(rules), self._class_names, ids_restart=self._ids_restart)
        return self._recollection.rehearse(engine, camera, seconds)

    def resume(self, state: bytes) -> None:
        """Go on counting where another worker ended, from the first ``use`` on."""
        self._resumed = state

    def take_over(self, state: bytes) -> None:
        """Go on counting at the cameras of ``state``, which come from another worker; all else goes on."""
        with self._lock:
            try:
                came = msgspec.msgpack.decode(state, type=dict[str, Any])
                if self._settings is not None:
                    self._go_on_from(taken_over(self._engine.export(), came))
                elif self._resumed is None:
                    self._resumed = state
                else:
                    before = msgspec.msgpack.decode(self._resumed, type=dict[str, Any])
                    self._resumed = msgspec.msgpack.encode(taken_over(before, came))
            except ValueError as error:
                log.warning("a camera's rules count anew", problem=str(error))

    def state(self) -> bytes | None:
        """For ``resume``; None where no rule counts anything."""
        with self._lock:
            state = self._engine.export(objects=False) if self.rules else None
        return None if state is None else msgspec.msgpack.encode(state)

    def forget(self, camera: str) -> None:
        """The camera's objects and its time begin anew; its counts stay."""
        with self._lock:
            self._go_on_from(without_objects(self._engine.export(), camera))
            self._nvds.interrupt(camera)
        self._recollection.forget(camera)

    def forget_objects(self) -> None:
        """Nobody is anywhere, and the cameras' clocks begin anew; counts stay."""
        with self._lock:
            self._go_on_from(self._engine.export(), objects=False)
            self._nvds.forget_objects()
        self._recollection.clear()

    def _go_on_from(self, state: dict[str, Any], *, objects: bool = True) -> None:
        """The same rules, which from now on know what ``state`` says. Raises ValueError for another's."""
        engine = rule_engine(self.rules, self._class_names, ids_restart=self._ids_restart)
        engine.restore(state, objects=objects)
        self._engine = engine

    def clear(self, rules: Collection[str] | None = None) -> None:
        """Begin counting anew: all rules, or those named."""
        with self._lock:
            self._engine.clear(rules)

    def counts_of(self, camera: str) -> dict[str, Counts]:
        """By rule, what is counted, and class."""
        with self._lock:
            return self._engine.counts_of(camera)

    def nvdsanalytics_of(self, camera: str) -> dict[str, dict[str, int]]:
        """What DeepStream's rules say of the camera's newest frame; empty where they don't run."""
        with self._lock:
            newest, names = self._nvds.newest(camera), self._class_names
        return {} if newest is None else nvds_summary(newest, names)

    def annotation_of(self, frame: Frame) -> Annotation | None:
        """What DeepStream's rules have drawn on a frame that has passed ``step`` not long ago."""
        with self._lock:
            return self._nvds.annotation(frame)

    def nvds_frame_of(self, frame: Frame) -> NvdsFrame | None:
        """What DeepStream's rules say of a frame that has passed ``step`` not long ago."""
        with self._lock:
            result, names = self._nvds.of(frame), self._class_names
        return None if result is None else nvds_frame(result, names)


class LiveCounts(Mapping[str, Mapping[str, Counts]]):
    """Counts by camera and rule as they are when they are looked up, for drawing."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis

    def __getitem__(self, camera: str) -> Mapping[str, Counts]:
        return self._analysis.counts_of(camera)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _resume(engine: RuleEngine, state: bytes) -> None:
    """Its tracker's ids mean other objects; only what was counted goes on."""
    try:
        engine.restore(msgspec.msgpack.decode(state), objects=False)
    except ValueError as error:
        log.warning("rules count anew: what the worker before counted can't be read", problem=str(error))


def rule_engine(
    rules: Sequence[Rule], class_names: Sequence[str], *, ids_restart: bool = False
) -> RuleEngine:
    """Raises ModelError for classes that the model doesn't know."""
    try:
        return RuleEngine(rules, class_names, ids_restart=ids_restart)
    except ValueError as error:
        raise ModelError(f"rules: {error}") from None
