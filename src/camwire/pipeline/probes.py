"""Cameras that are tried once, beside those that run: a first picture, or the reason why there is none."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from camwire.devices.contracts import Device, Overlay
from camwire.frames import Batch, Frame, Size, Tracks
from camwire.link.answers import ProbeResult
from camwire.link.desired import Probe
from camwire.pipeline.inlet import adopted, hwaccel_of
from camwire.sources import CameraSource

BOUND = Size(640, 360)
"""The picture is for a look at it."""
QUALITY = 80


class Probes:
    """``apply`` and ``results`` are called by one thread; neither waits."""

    def __init__(self, device: Device, worker: str) -> None:
        self._device = device
        self._worker = worker
        self._sources: dict[str, CameraSource] = {}
        self._answered: set[str] = set()
        self._pictures: queue.SimpleQueue[ProbeResult] = queue.SimpleQueue()

    def apply(self, probes: Iterable[Probe]) -> None:
        """Start those that are new, stop those that are gone."""
        wanted = {probe.id: probe for probe in probes}
        for gone in self._sources.keys() - wanted.keys():
            self._sources.pop(gone).stop()
        self._answered &= wanted.keys()
        for name in wanted.keys() - self._sources.keys() - self._answered:
            source = CameraSource(
                wanted[name].camera,
                _FirstPicture(partial(self._seen, name)),
                bound=BOUND,
                hwaccel=hwaccel_of(self._device),
                refuses=self._device.refuses,
            )
            self._sources[name] = source
            source.start()

    def results(self) -> list[ProbeResult]:
        """What has come of probes since the last call; one answer each."""
        found: dict[str, ProbeResult] = {}
        for name, source in self._sources.items():
            report = source.report()
            if report.phase == "retrying":
                found[name] = ProbeResult(worker=self._worker, probe=name, reason=report.reason)
        while not self._pictures.empty():
            picture = self._pictures.get()
            if picture.probe in self._sources:
                # Better than the reason why there was no second one.
                found[picture.probe] = picture
        for name in found:
            self._answered.add(name)
            self._sources.pop(name).stop()
        return list(found.values())

    def _seen(self, name: str, frame: Frame) -> None:
        """On the camera's thread: what raises here is that camera's reason."""
        frame = replace(frame, picture=adopted(self._device, frame.picture))
        batch = Batch(0, (frame,), frame.decoded)
        pictures = self._device.render(batch, (0,), Tracks.empty(), Overlay(frozenset(), ()))
        [jpeg] = self._device.encode(pictures, QUALITY)
        source = self._sources.get(name)
        self._pictures.put(
            ProbeResult(
                worker=self._worker,
                probe=name,
                codec=source.report().codec if source else None,
                width=frame.source_size.width,
                height=frame.source_size.height,
                jpeg=jpeg,
            )
        )


class _FirstPicture:
    """A sink that is interested in one frame."""

    def __init__(self, seen: Callable[[Frame], None]) -> None:
        self._seen = seen
        self._done = False

    def put(self, frame: Frame) -> None:
        if not self._done:
            self._done = True
            self._seen(frame)
