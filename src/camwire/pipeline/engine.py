"""The native engine: makes what runs the same as what is desired."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import msgspec
import structlog

from camwire.analytics.rules.events import Event
from camwire.devices.contracts import Device, Overlay
from camwire.frames import Size
from camwire.link.desired import DesiredCamera, DesiredModel, DesiredState, DesiredTracker
from camwire.link.reports import CameraReport
from camwire.models import ModelError
from camwire.pipeline.analysis import Analysis, LiveCounts
from camwire.pipeline.changes import camera_changes
from camwire.pipeline.detectors import AnyDetector, load_detector
from camwire.pipeline.inlet import Inlet, hwaccel_of
from camwire.pipeline.lane import Lanes, Publisher
from camwire.pipeline.lending import Lending
from camwire.pipeline.policy import BatchPolicy
from camwire.pipeline.recorder import Recorder
from camwire.pipeline.renditions import wanted_views
from camwire.pipeline.selection import lowest_score
from camwire.pipeline.slots import Slots
from camwire.pipeline.stages import Stages
from camwire.pipeline.trackers import load_tracker
from camwire.pipeline.watchdog import Watchdog
from camwire.sources import CameraSource
from camwire.sources.apart import ApartSource, SourceProcesses
from camwire.sources.numbering import Numbering
from camwire.sources.packets import PacketRing, Recalling
from camwire.tracking import Tracker, weakest_score

MAX_WAIT = 0.016
"""Seconds that a frame waits for others to share its batch: half of what lies between two at 30 a second, for
each batch costs the interpreter and the GPU something besides what its frames cost."""
STOP_TIMEOUT = 2.0
"""Seconds that cameras' threads are given to end, all those that are stopped together."""

log = structlog.get_logger()


class Engine:
    """Owns the sources, the slots and the lanes of one worker.

    ``apply`` is called by one thread, all else by any; ``stop`` while ``apply`` is at work, too. With
    ``recordings`` set, files are read once and as fast as they are processed, and no frame is left out for
    lack of time.
    """

    def __init__(
        self,
        device: Device,
        publish: Publisher,
        *,
        recordings: bool = False,
        sources_apart: bool = False,
        on_events: Callable[[Sequence[Event]], None] = lambda _: None,
    ) -> None:
        """``sources_apart``: cameras are read in processes of their own, where the device has a lender."""
        self._device = device
        self._publish = publish
        self._recordings = recordings
        self.recorder = Recorder()
        lender = device.lender if sources_apart else None
        self._processes = None if lender is None else SourceProcesses(Lending(lender))
        self._slots = Slots(
            BatchPolicy(device.batch_size, MAX_WAIT),
            on_overwritten=lambda frame: self.recorder.lost((frame,), "overwritten"),
            patient=recordings and lender is None,
            queued=recordings and lender is not None,
        )
        self._lanes: Lanes | None = None
        self._running: dict[str, DesiredCamera] = {}
        self._sources: dict[str, CameraSource | ApartSource] = {}
        self._closing = threading.Lock()
        self._closed = False
        """Nothing is started any more."""
        self._numbering: defaultdict[str, Numbering] = defaultdict(Numbering)
        """By camera, those that were removed too: they may come back."""
        self.rings: dict[str, Recalling] = {}
        """What each camera sent last."""
        self._desired: DesiredState | None = None
        self._detector: AnyDetector | None = None
        self._tracker: Tracker | None = None
        self._live = 1
        self._watchdog = Watchdog()
        self.analysis = Analysis(on_events)

    @property
    def revision(self) -> int:
        """Of the desired state that runs; 0 before the first."""
        return self._desired.revision if self._desired else 0

    @property
    def model(self) -> str:
        """The model that runs, in words."""
        return self._detector.describe() if self._detector else ""

    @property
    def loaded(self) -> object:
        """Another one whenever a model was loaded; None before the first."""
        return self._detector.loaded if self._detector else None

    def apply(self, desired: DesiredState) -> None:
        """Make what runs the same as ``desired``, touching only what differs.

        Raises ModelError when the model, the tracker or the rules can't be used; then nothing has changed.
        """
        before = self._desired
        detector = self._detector_for(desired)
        tracker = self._tracker_for(desired, detector.class_names)
        try:
            self.analysis.use(desired, detector.class_names, same_ids=tracker is self._tracker)
        except ModelError:
            if tracker is not self._tracker:
                tracker.close()
            raise
        # From here on nothing is refused any more.
        self._detector = detector
        self._use(self._stages(desired, detector, tracker))
        self._desired = desired
        self._replace_tracker(tracker)
        if before is not None:
            self._clear(before, desired)
        for ring in self.rings.values():
            ring.longest = desired.recall_s
        resized = before is not None and _bound(before) != _bound(desired)
        changes = camera_changes({} if resized else self._running, desired.cameras)
        self._stop_cameras(tuple(self._running) if resized else changes.stop)
        for camera in changes.start:
            self._start_camera(camera, _bound(desired))
        if self._processes is not None:
            self._processes.tidy()

    def _stages(self, desired: DesiredState, detector: AnyDetector, tracker: Tracker) -> Stages:
        """What batches go through from now on."""
        output = desired.output
        return Stages(
            device=self._device,
            detect=detector,
            tracker=tracker,
            analysis=self.analysis,
            overlay=Overlay(
                toggles=frozenset(name for name, on in desired.toggles.items() if on),
                class_names=detector.class_names,
                rules=self.analysis.rules,
                counts=LiveCounts(self.analysis),
                bound=_bound(desired),
                annotator=self.analysis.annotation_of,
            ),
            views=wanted_views(desired),
            max_fps=output.max_fps,
            jpeg_quality=output.jpeg_quality,
            thumbnail=Size(output.thumbnail_width, output.thumbnail_height),
            event_pictures=desired.event_pictures,
            batch_sizes=detector.batch_sizes,
            analysed=self.analysis.nvds_frame_of,
        )

    def _clear(self, before: DesiredState, desired: DesiredState) -> None:
        """Count anew what is to be counted anew."""
        if before.stats_epoch != desired.stats_epoch:
            self.recorder.clear()
            self.analysis.clear()
        if desired.cleared_rules != before.cleared_rules:
            self.analysis.clear(_cleared(before.cleared_rules, desired.cleared_rules))

    def _detector_for(self, desired: DesiredState) -> AnyDetector:
        """The one that runs where nothing that concerns it differs, or another one."""
        settings = _detector_settings(desired)
        if self._detector is None or self._desired is None:
            return load_detector(settings[0], self._device, settings[1])
        if settings == _detector_settings(self._desired):
            return self._detector
        return self._detector.changed(settings[0], self._device, settings[1])

    def _tracker_for(self, desired: DesiredState, class_names: tuple[str, ...]) -> Tracker:
        """The one that runs where nothing that concerns it differs, or another one. Tracks of a model with
        other classes would go on under numbers that now mean something else, or nothing."""
        settings = _tracker_settings(desired)
        if (
            self._tracker is not None
            and self._detector is not None
            and self._desired is not None
            and settings == _tracker_settings(self._desired)
            and class_names == self._detector.class_names
        ):
            return self._tracker
        return load_tracker(settings[0], settings[1], self._device)

    def _replace_tracker(self, tracker: Tracker) -> None:
        """Close the one before, once the batches that set out with it have passed. The rules may have seen
        the last of those after they were told of the change, and its ids mean other objects now."""
        with self._closing:
            replaced, self._tracker = self._tracker, tracker
            if self._closed:
                tracker.close()
        if replaced is None or replaced is tracker:
            return
        rules = self.analysis.forget_objects
        if self._lanes is None or not self._lanes.between_batches(replaced.close, rules):
            replaced.close()

    def _use(self, stages: Stages) -> None:
        if self._lanes is not None:
            self._lanes.stages = stages
            return
        self._lanes = Lanes(
            self._slots,
            self.recorder,
            self._publish,
            count=self._device.lanes,
            detecting=self._device.detecting,
            expected=lambda: self._live,
            stages=stages,
        )
        self._lanes.start()

    def _start_camera(self, camera: DesiredCamera, bound: Size) -> None:
        log.info("camera starts", camera=camera.id)
        self.recorder.add(camera.id)
        self._slots.add(camera.id)
        source = self._source(camera, bound)
        with self._closing:
            if self._closed:
                return
            self._running[camera.id] = camera
            self._sources[camera.id] = source
            source.start()

    def _source(self, camera: DesiredCamera, bound: Size) -> CameraSource | ApartSource:
        """In this process or in one of its own."""
        recall = self._desired.recall_s if self._desired else 0.0
        inlet = Inlet(self._slots, self.recorder, self._device)
        numbering = self._numbering[camera.id]
        if self._processes is not None:
            apart = self._processes.source(
                camera,
                inlet,
                bound=bound,
                paced=not self._recordings,
                looped=not self._recordings,
                recall_s=recall,
                numbering=numbering,
            )
            self.rings[camera.id] = apart
            return apart
        ring = self.rings[camera.id] = PacketRing(recall)
        return CameraSource(
            camera,
            inlet,
            bound=bound,
            hwaccel=hwaccel_of(self._device),
            refuses=self._device.refuses,
            settle=self._device.settle,
            paced=not self._recordings,
            looped=not self._recordings,
            ring=None if self._recordings else ring,
            numbering=numbering,
        )

    def _stop_cameras(self, cameras: tuple[str, ...]) -> None:
        for camera in cameras:
            log.info("camera stops", camera=camera)
            self._sources[camera].stop()
            self.recorder.lost(self._slots.remove(camera), "stopped")
        deadline = time.monotonic() + STOP_TIMEOUT
        for camera in cameras:
            if not self._sources[camera].join(max(0.0, deadline - time.monotonic())):
                log.warning(
                    "a camera's thread did not end in time; it is left to end by itself", camera=camera
                )
            if self._lanes is not None:
                self._lanes.forget(camera)
            self.recorder.remove(camera)
            del self._sources[camera], self._running[camera], self.rings[camera]

    def elements(self) -> dict[str, float]:
        """Nothing: what there is to tell, the cameras' reports tell by stage."""
        return {}

    def report(self) -> tuple[CameraReport, ...]:
        """Every camera of the desired state, disabled ones too."""
        desired = self._desired
        if desired is None:
            return ()
        now = time.monotonic()
        sources = dict(self._sources)
        reports = []
        for camera in desired.cameras:
            source = sources.get(camera.id)
            if source is None:
                report = CameraReport(id=camera.id, phase="connecting" if camera.enabled else "disabled")
            else:
                report = msgspec.structs.replace(
                    self.recorder.report(camera.id, source.report(), now),
                    nvdsanalytics=self.analysis.nvdsanalytics_of(camera.id),
                )
            reports.append(msgspec.structs.replace(report, rules=self.analysis.counts_of(camera.id)))
        self._live = sum(report.phase == "live" for report in reports)
        return tuple(reports)

    @property
    def helpers(self) -> tuple[int, ...]:
        """The processes in which the tracker works and cameras are read, where that is not this one."""
        tracking = self._tracker.pid if self._tracker is not None else None
        reading = () if self._processes is None else self._processes.pids
        return reading if tracking is None else (tracking, *reading)

    def stuck(self) -> str | None:
        """Why this worker should be replaced, for people; to be asked once a second."""
        return self._watchdog.look(self._lanes.under_way) if self._lanes is not None else None

    @property
    def finished(self) -> bool:
        """Whether every recording has been read and every frame has come out."""
        return all(source.join(0) for source in self._sources.values()) and self.recorder.under_way == 0

    def stop(self, timeout: float) -> bool:
        """End every thread within ``timeout`` seconds; false if some were left."""
        deadline = time.monotonic() + timeout
        with self._closing:
            self._closed = True
            sources = list(self._sources.values())
        for source in sources:
            source.stop()
        self.recorder.lost(self._slots.close(), "stopped")
        for source in sources:
            source.join(max(0.0, deadline - time.monotonic()))
        if self._processes is not None:
            self._processes.close()
        ended = [source.join(0) for source in sources]
        lanes = self._lanes is None or self._lanes.join(max(0.05, deadline - time.monotonic()))
        with self._closing:
            if self._tracker is not None:
                self._tracker.close()
        return lanes and all(ended)


def _bound(desired: DesiredState) -> Size:
    """What pictures are fitted into."""
    return Size(desired.output.width, desired.output.height)


def _cleared(before: Mapping[str, int], now: Mapping[str, int]) -> set[str]:
    """Rules that were told to count anew since."""
    return {name for name, times in now.items() if times != before.get(name, 0)}


def _detector_settings(desired: DesiredState) -> tuple[DesiredModel, float]:
    """The model, and the score from which on the tracker wants detections."""
    return desired.model, weakest_score(desired.tracker, lowest_score(desired.model))


def _tracker_settings(desired: DesiredState) -> tuple[DesiredTracker, float]:
    """The tracker, and the score from which on a detection is an object."""
    return desired.tracker, lowest_score(desired.model)
