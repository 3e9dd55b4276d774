"""Once a second: statistics to every client."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from math import isnan
from typing import Any

from camwire.link.reports import CameraReport, Quantiles
from camwire.monitoring.exported import latency_counts
from camwire.monitoring.histogram import Histogram, SlidingHistogram
from camwire.monitoring.process import ProcessMeter
from camwire.server import metrics, statistics, wire
from camwire.server.auth.refusals import Refusals
from camwire.server.desired import Desired
from camwire.server.hub import Hub
from camwire.server.workers import Workers

INTERVAL = 1.0
WINDOW = 10.0
"""Seconds over which latencies are told."""


class Reporter:
    """Puts the `stats` message together from all who know a part of it."""

    def __init__(
        self,
        desired: Desired,
        hub: Hub,
        workers: Workers,
        events: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        """``events`` says how the keeping and the sending on of events does."""
        self._desired = desired
        self._events = events
        self._hub = hub
        self._workers = workers
        self._began = time.monotonic()
        self._meter = ProcessMeter()
        self._latency: dict[str, SlidingHistogram] = {}
        self._counted: dict[str, Histogram] = {}
        self._composed: tuple[float, dict[str, Any]] | None = None
        self.clear()

    def delivered(self, camera: str, seconds: float) -> None:
        """A client's socket has taken a picture that arrived so long ago."""
        if (latency := self._latency.get(camera)) is not None:
            latency.add(seconds * 1000, time.monotonic())
            self._counted[camera].add(seconds * 1000)

    def configured(self) -> None:
        """Cameras have come or gone."""
        self._composed = None
        self._latency = {
            camera.id: self._latency.get(camera.id) or SlidingHistogram(WINDOW)
            for camera in self._desired.config.cameras
        }
        self._counted = {camera: self._counted.get(camera) or Histogram() for camera in self._latency}

    def clear(self) -> None:
        """Measure anew."""
        self._latency = {}
        self._counted = {}
        self.configured()

    async def run(self) -> None:
        """Broadcast for ever."""
        while True:
            await asyncio.sleep(INTERVAL)
            if self._hub.clients:
                self._hub.broadcast("stats", wire.stats_message(self.compose(time.time(), time.monotonic())))

    def latest(self) -> dict[str, Any]:
        """What is known, not older than ``INTERVAL``."""
        now = time.monotonic()
        if self._composed is None or now - self._composed[0] >= INTERVAL:
            self._composed = now, self.compose(time.time(), now)
        return self._composed[1]

    def compose(self, utc: float, monotonic: float) -> dict[str, Any]:
        """Everything that is known now."""
        reports = self._reports()
        return {
            "time": round(utc, 3),
            "uptime_s": round(monotonic - self._began, 1),
            # JavaScript puts keys that are whole numbers first, whatever the order of the object's text.
            "camera_order": [camera.id for camera in self._desired.config.cameras],
            "cameras": {
                camera.id: statistics.camera_statistics(
                    camera,
                    reports.get(camera.id),
                    watched=camera.id in self._desired.watched,
                    socket=self._socket_latency(camera.id, monotonic),
                    now=utc,
                )
                for camera in self._desired.config.cameras
            },
            "processes": {
                "server": statistics.server_process(os.getpid(), self._meter.read()),
                **{
                    name: statistics.worker_process(
                        supervisor.state, self._workers.statistics(name), self._workers.problem(name)
                    )
                    for name, supervisor in self._workers.supervisors.items()
                },
            },
            "events": dict(self._events()),
            "clients": statistics.client_statistics(self._hub.clients.values()),
            "connections": {"now": len(self._hub.clients), "total": self._hub.connected_so_far},
        }

    def metrics(self, refusals: Refusals) -> bytes:
        """Everything that is known now, in Prometheus's text format."""
        socket = {camera: latency_counts(counted) for camera, counted in self._counted.items()}
        return metrics.exposition(self.latest(), self._reports(), socket, refusals)

    def _reports(self) -> Mapping[str, CameraReport]:
        return statistics.reports_by_camera(
            filter(None, map(self._workers.statistics, self._workers.supervisors))
        )

    def _socket_latency(self, camera: str, now: float) -> Quantiles | None:
        p50, p95 = self._latency[camera].quantiles((0.5, 0.95), now)
        return None if isnan(p50) else Quantiles(p50=p50, p95=p95)
