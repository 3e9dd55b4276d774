"""What the workers are to do: the configuration and what people have chosen since."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

import msgspec

from camwire.config.camera import CameraConfig
from camwire.config.named_files import stamps_of
from camwire.config.root import Config
from camwire.link.desired import (
    DesiredCamera,
    DesiredClip,
    DesiredDeepstream,
    DesiredDetection,
    DesiredModel,
    DesiredOutput,
    DesiredRehearsal,
    DesiredState,
    DesiredTracker,
    Probe,
    Stamps,
    View,
)
from camwire.link.pictures import Rendition

CLIP_SLACK = 5.0
"""Seconds that may pass from an event to the wish for its video."""

Views = Mapping[tuple[str, Rendition], float]
"""What is wanted of which camera, and how often a second at most; 0 as often as pictures come."""


class UnknownToggleError(LookupError):
    """There is no toggle of this name."""


class Desired:
    """Every change makes a new revision; the document always says everything."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._stamps = stamps_of(config)
        self.revision = 1
        self.stats_epoch = 0
        self._toggles: dict[str, bool] = config.overlay.model_dump()
        self._views: Views = {}
        self._probes: dict[str, CameraConfig] = {}
        self._rehearsals: dict[str, DesiredRehearsal] = {}
        self._clips: dict[str, DesiredClip] = {}
        self._cleared_rules: dict[str, int] = {}

    @property
    def toggles(self) -> Mapping[str, bool]:
        return self._toggles

    @property
    def watched(self) -> frozenset[str]:
        """Ids of the cameras that anyone looks at."""
        return frozenset(camera for camera, _ in self._views)

    def set_toggle(self, name: str, enabled: bool) -> bool:
        """Returns whether this changed anything. Raises UnknownToggleError."""
        if name not in self._toggles:
            raise UnknownToggleError(name)
        if self._toggles[name] == enabled:
            return False
        self._toggles[name] = enabled
        self.revision += 1
        return True

    def watch(self, views: Views) -> bool:
        """Says what anyone wants of which cameras; returns whether this changed anything."""
        if views == self._views:
            return False
        self._views = dict(views)
        self.revision += 1
        return True

    def use(self, config: Config) -> None:
        """Follow another configuration. Toggles that it gives another start than before are set to it."""
        before = self.config.overlay.model_dump()
        self._toggles |= {
            name: value for name, value in config.overlay.model_dump().items() if before[name] != value
        }
        self.config = config
        self._stamps = stamps_of(config)
        names = {rule.name for rule in config.rules}
        self._cleared_rules = {name: times for name, times in self._cleared_rules.items() if name in names}
        self.revision += 1

    def probe(self, name: str, camera: CameraConfig) -> None:
        """Have a camera tried, whether or not one of its id is configured."""
        self._probes[name] = camera
        self.revision += 1

    def end_probe(self, name: str) -> None:
        del self._probes[name]
        self.revision += 1

    def rehearse(self, rehearsal: DesiredRehearsal) -> None:
        """Have rules tried out."""
        self._rehearsals[rehearsal.id] = rehearsal
        self.revision += 1

    def end_rehearsal(self, name: str) -> None:
        del self._rehearsals[name]
        self.revision += 1

    def clip(self, clip: DesiredClip) -> None:
        """Have a video cut."""
        self._clips[clip.id] = clip
        self.revision += 1

    def end_clip(self, name: str) -> None:
        self._clips.pop(name, None)
        self.revision += 1

    def moved(self) -> None:
        """Cameras have gone from one worker to another."""
        self.revision += 1

    def clear_statistics(self) -> None:
        self.stats_epoch += 1
        self.revision += 1

    def clear_rules(self, names: Iterable[str]) -> None:
        """Have these rules count anew."""
        for name in names:
            self._cleared_rules[name] = self._cleared_rules.get(name, 0) + 1
        self.revision += 1

    def document(self, here: Container[str] | None = None, *, probes: bool = True) -> DesiredState:
        """Everything, for a worker; cameras in configuration order.

        ``here``: the cameras of one of several workers. ``probes``: whether this worker is to try cameras.
        """
        config = self.config
        cameras = [camera for camera in config.cameras if here is None or camera.id in here]
        ids = {camera.id for camera in cameras}
        return DesiredState(
            revision=self.revision,
            cameras=tuple(_camera(camera) for camera in cameras),
            all_cameras=() if here is None else tuple(camera.id for camera in config.cameras),
            model=_model(config, self._stamps_at("model.file", "model.labels")),
            tracker=DesiredTracker(**config.tracker.model_dump(), stamps=self._stamps_at("tracker.config")),
            output=DesiredOutput(
                width=config.output.size.width,
                height=config.output.size.height,
                max_fps=config.output.max_fps,
                jpeg_quality=config.output.jpeg_quality,
            ),
            toggles=dict(self._toggles),
            watched=tuple(camera.id for camera in cameras if self._views.get((camera.id, "full")) == 0),
            views=tuple(
                View(camera=camera, rendition=rendition, max_fps=max_fps)
                for (camera, rendition), max_fps in sorted(self._views.items())
                if (rendition, max_fps) != ("full", 0) and (here is None or camera in ids)
            ),
            stats_epoch=self.stats_epoch,
            rules=tuple(rule.model_dump(mode="json") for rule in config.rules),
            clips=tuple(clip for clip in self._clips.values() if clip.camera in ids),
            recall_s=_recall(config),
            event_pictures=_event_pictures(config),
            rehearsals=tuple(one for one in self._rehearsals.values() if one.camera in ids),
            cleared_rules=dict(self._cleared_rules),
            nvdsanalytics=config.analytics.nvdsanalytics,
            nvdsanalytics_stamps=self._stamps_at("analytics.nvdsanalytics"),
            deepstream=_deepstream(config),
            probes=tuple(
                Probe(id=name, camera=_camera(camera)) for name, camera in self._probes.items() if probes
            ),
        )

    def _stamps_at(self, *places: str) -> Stamps:
        return tuple(self._stamps[place] for place in places if place in self._stamps)


def _recall(config: Config) -> float:
    """Seconds of what each camera sent that its worker keeps."""
    clips = config.events.clips
    return max(config.saving.recall_s, clips.before + clips.after + CLIP_SLACK if clips else 0.0)


def _event_pictures(config: Config) -> tuple[Rendition, ...]:
    """What workers make of frames in which rules report something."""
    wanted: set[Rendition] = {"full"} if config.events.snapshots else set()
    if config.saving.on_events and config.saving.folder is not None:
        wanted.add("clean" if config.saving.pictures == "clean" else "full")
    return tuple(sorted(wanted))


def _model(config: Config, stamps: Stamps) -> DesiredModel:
    usual = DesiredDetection()
    own = {
        camera.id: msgspec.convert(
            camera.model_dump(include=set(DesiredDetection.__struct_fields__)), DesiredDetection
        )
        for camera in config.cameras
    }
    cameras = {name: detection for name, detection in own.items() if detection != usual}
    return msgspec.convert({**config.model.model_dump(), "cameras": cameras, "stamps": stamps}, DesiredModel)


def _deepstream(config: Config) -> DesiredDeepstream | None:
    if config.engine != "deepstream":
        return None
    return msgspec.convert(config.deepstream.model_dump(), DesiredDeepstream)


def _camera(camera: CameraConfig) -> DesiredCamera:
    return DesiredCamera(
        id=camera.id,
        url=camera.url.reveal(),
        enabled=camera.enabled,
        transport=camera.transport,
        latency_ms=camera.latency_ms,
        drop_on_latency=camera.drop_on_latency,
    )
