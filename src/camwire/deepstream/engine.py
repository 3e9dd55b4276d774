"""The DeepStream engine: makes the pipeline that runs the same as the one that is desired."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import structlog

from camwire.analytics.rules.events import Event
from camwire.deepstream.classes import class_names
from camwire.deepstream.drawing import Drawer
from camwire.deepstream.elements import Graph
from camwire.deepstream.files.keyfile import KeyFileError
from camwire.deepstream.flow import Flow
from camwire.deepstream.folder import OwnFolder
from camwire.deepstream.graph import assign_pads, build, output_size, settings_of
from camwire.deepstream.gst import DeepstreamError
from camwire.deepstream.metadata import Metadata
from camwire.deepstream.objects import TrackHistory
from camwire.deepstream.runner import Runner
from camwire.deepstream.scene import FlowScene
from camwire.deepstream.taps import Handlers
from camwire.deepstream.tensor_feed import TensorFeed
from camwire.devices.contracts import Device, Overlay
from camwire.frames import Size
from camwire.link.desired import DesiredState
from camwire.link.reports import CameraReport
from camwire.pipeline.analysis import Analysis, LiveCounts
from camwire.pipeline.lane import Publisher
from camwire.pipeline.recorder import Recorder
from camwire.pipeline.renditions import wanted_views
from camwire.pipeline.selection import lowest_score
from camwire.sources.packets import Recalling
from camwire.tracking import Tracker
from camwire.tracking import create as create_tracker

log = structlog.get_logger()


class DeepstreamEngine:
    """Does what the native ``Engine`` does, with NVIDIA's elements.

    ``apply`` and ``stop`` are called by one thread; ``report`` by any.
    """

    def __init__(
        self,
        device: Device,
        publish: Publisher,
        *,
        metadata: Metadata,
        on_events: Callable[[Sequence[Event]], None] = lambda _: None,
    ) -> None:
        """``metadata`` reads what the pipeline's elements say of their buffers."""
        self.recorder = Recorder()
        self.analysis = Analysis(on_events)
        self.rings: dict[str, Recalling] = {}  # GStreamer reads the cameras
        self._device = device
        self._metadata = metadata
        self._flow = Flow(self.recorder, self.analysis, publish, metadata)
        self._drawer = Drawer(
            device, metadata, self._flow.dispatch, self.recorder, lambda: self._flow.scene, time.monotonic
        )
        self._folder = OwnFolder()
        self._runner: Runner | None = None
        self._desired: DesiredState | None = None
        self._environment: dict[str, str] | None = None
        self._history = TrackHistory(0)
        self._tracker: Tracker | None = None

    @property
    def revision(self) -> int:
        """Of the desired state that runs; 0 before the first."""
        return self._desired.revision if self._desired else 0

    @property
    def model(self) -> str:
        """The model that runs, in words."""
        if self._desired is None or self._desired.deepstream is None:
            return ""
        file = self._desired.deepstream.detector_config or self._desired.model.file
        return f"{Path(file).name} on DeepStream's nvinfer"

    @property
    def loaded(self) -> object:
        """Nothing: DeepStream's models aren't Python's."""
        return None

    def apply(self, desired: DesiredState) -> None:
        """Make what runs the same as ``desired``, touching only what differs.

        Raises ModelError when the model, the tracker, the rules or the pipeline can't be used; what ran
        before then runs again.
        """
        desired = _on_device(desired, self._device.name)
        before = self._desired
        names = class_names(desired.model)
        graph = self._graph(desired, names)
        self._metadata.check(self._device.name, draws=settings_of(desired).osd == "python")
        history, tracker = self._followers(desired)
        same_ids = history is self._history and tracker is self._tracker
        self.analysis.use(_for_camwire(desired), names, same_ids=same_ids)
        kept = self._flow.scene, self._history, self._tracker
        self._history, self._tracker = history, tracker
        self._flow.scene = self._scene(desired, names, graph)
        feed = None
        try:
            feed = self._feed(settings_of(desired).tensor_function)
            self._run(desired, graph)
        except DeepstreamError:
            if feed is not None and feed is not self._flow.feed:
                feed.close(0.0)
            scene, self._history, self._tracker = kept
            self._flow.scene = scene
            if before is not None and scene is not None:
                self.analysis.use(_for_camwire(before), scene.overlay.class_names, same_ids=same_ids)
            raise
        if before is not None and before.stats_epoch != desired.stats_epoch:
            self.recorder.clear()
            self.analysis.clear()
        known = before.cleared_rules if before is not None else desired.cleared_rules
        if cleared := {name for name, times in desired.cleared_rules.items() if times != known.get(name, 0)}:
            self.analysis.clear(cleared)
        self._use_feed(feed)
        self._desired = desired
        for note in graph.notes if before is None else ():
            log.info("about this pipeline", note=note)

    def _feed(self, function: str | None) -> TensorFeed | None:
        """The one that runs where it has the same function."""
        if function is None:
            return None
        running = self._flow.feed
        if running is not None and running.name == function:
            return running
        return TensorFeed(function, self._metadata, self.recorder)

    def _use_feed(self, feed: TensorFeed | None) -> None:
        before, self._flow.feed = self._flow.feed, feed
        if before is not None and before is not feed:
            before.close(0.0)

    def _graph(self, desired: DesiredState, names: Sequence[str]) -> Graph:
        if desired.deepstream is None:
            raise DeepstreamError("another engine takes effect when camwire is started again")
        running = self._runner.graph if self._runner is not None else None
        pads = assign_pads(desired, running.pads if running else {})
        try:
            graph = build(desired, names, pads, self._folder.path, running.batch_size if running else 0)
        except KeyFileError as error:
            raise DeepstreamError(str(error)) from None
        if self._environment is None:
            self._environment = dict(graph.environment)
        elif self._environment != graph.environment:
            raise DeepstreamError(
                "another `deepstream.mux` or `deepstream.measure_latency` takes effect when camwire is "
                "started again"
            )
        return graph

    def _followers(self, desired: DesiredState) -> tuple[TrackHistory, Tracker | None]:
        """Those that run where nothing that concerns them differs, or others."""
        if self._desired is not None and _tracking(self._desired) == _tracking(desired):
            return self._history, self._tracker
        history = TrackHistory(desired.tracker.trace_length)
        if settings_of(desired).tracker != "camwire":
            return history, None
        try:
            return history, create_tracker(desired.tracker, score_threshold=lowest_score(desired.model))
        except ValueError as error:
            raise DeepstreamError(f"tracker: {error}") from None

    def _scene(self, desired: DesiredState, names: tuple[str, ...], graph: Graph) -> FlowScene:
        settings = settings_of(desired)
        native = settings.osd == "native"
        bound = None if native and settings.mux == "new" else output_size(desired)
        return FlowScene(
            cameras={pad: camera for camera, pad in graph.pads.items()},
            bound=bound,
            history=self._history,
            tracker=self._tracker,
            relabels=native and self._tracker is not None,
            drawn_here=not native,
            overlay=Overlay(
                toggles=frozenset(name for name, on in desired.toggles.items() if on),
                class_names=names,
                rules=self.analysis.rules,
                counts=LiveCounts(self.analysis),
                bound=output_size(desired),
                annotator=self.analysis.annotation_of,
            ),
            views=wanted_views(desired),
            max_fps=desired.output.max_fps,
            jpeg_quality=desired.output.jpeg_quality,
            thumbnail=Size(desired.output.thumbnail_width, desired.output.thumbnail_height),
            event_pictures=frozenset(desired.event_pictures),
            analysed=self._flow.nvds.frame_of if _is_native(desired) else self.analysis.nvds_frame_of,
        )

    def _run(self, desired: DesiredState, graph: Graph) -> None:
        limit = settings_of(desired).watchdog_seconds
        if self._runner is None:
            self._drawer.start()
            self._runner = Runner(self._flow, self._handlers(), self._folder.path, limit)
        self._runner.use(graph, limit)

    def _handlers(self) -> Handlers:
        flow = self._flow
        return Handlers(
            arrived=flow.arrived,
            began=flow.began,
            ended=flow.ended,
            tagged=flow.tagged,
            passed=flow.passed,
            analysed=flow.analysed,
            wanted=flow.wanted,
            drawn=flow.drawn,
            encoded=flow.encoded,
            drawable=self._drawer.put,
        )

    def report(self) -> tuple[CameraReport, ...]:
        """Every camera of the desired state, disabled ones too."""
        desired = self._desired
        if desired is None:
            return ()
        analysed = self._flow.nvds.summary_of if _is_native(desired) else self.analysis.nvdsanalytics_of
        return tuple(self._report(camera.id, camera.enabled, analysed) for camera in desired.cameras)

    def _report(
        self, camera: str, enabled: bool, analysed: Callable[[str], dict[str, dict[str, int]]]
    ) -> CameraReport:
        book = self._flow.books.get(camera)
        if book is None:
            return CameraReport(id=camera, phase="connecting" if enabled else "disabled")
        report = self.recorder.report(camera, book.status.report(), time.monotonic())
        return msgspec.structs.replace(
            report,
            rules=self.analysis.counts_of(camera),
            nvdsanalytics=analysed(camera),
        )

    def elements(self) -> dict[str, float]:
        """How the pipeline does: buffers in each queue, batches a second behind each step, milliseconds in
        each element where DeepStream measures them, what became of the tensors, batches so far, and how often
        the pipeline was built anew."""
        if self._runner is None:
            return {}
        flow = self._flow
        return {
            **{f"queue {name}": float(level) for name, level in self._runner.queue_levels().items()},
            **{f"fps {name}": rate for name, rate in flow.times.rates(time.monotonic()).items()},
            **{f"latency_ms {name}": latency for name, latency in flow.latencies.items()},
            **{f"tensors {what}": float(n) for what, n in (flow.feed.counts() if flow.feed else {}).items()},
            "batches": float(flow.batches),
            "rebuilds": float(self._runner.rebuilds),
        }

    @property
    def helpers(self) -> tuple[int, ...]:
        """None: everything is done here."""
        return ()

    def stuck(self) -> str | None:
        """Why nothing but a new process will help; None where all is well."""
        return self._runner.stuck() if self._runner is not None else None

    def stop(self, timeout: float) -> bool:
        """End every thread within ``timeout`` seconds; false if some were left."""
        deadline = time.monotonic() + timeout
        ended = self._runner is None or self._runner.close(timeout)
        drawn = self._drawer.close(max(0.05, deadline - time.monotonic()))
        if self._flow.feed is not None:
            self._flow.feed.close(max(0.05, deadline - time.monotonic()))
        self._folder.remove()
        return ended and drawn


def _on_device(desired: DesiredState, device: str) -> DesiredState:
    """A worker of one GPU has DeepStream use that GPU."""
    kind, _, number = device.partition(":")
    if desired.deepstream is None or kind != "cuda":
        return desired
    settings = msgspec.structs.replace(desired.deepstream, gpu=int(number))
    return msgspec.structs.replace(desired, deepstream=settings)


def _tracking(desired: DesiredState) -> Any:
    """What makes another tracker of it."""
    return desired.tracker, settings_of(desired).tracker, lowest_score(desired.model)


def _is_native(desired: DesiredState) -> bool:
    """Whether DeepStream applies the rules."""
    return settings_of(desired).analytics == "nvdsanalytics"


def _for_camwire(desired: DesiredState) -> DesiredState:
    """Without the rules that DeepStream applies."""
    if not _is_native(desired):
        return desired
    return msgspec.structs.replace(desired, rules=(), nvdsanalytics=None)
