"""Once a second: statistics to every client."""

from __future__ import annotations

import asyncio
import os
import time
from collections import defaultdict, deque
from typing import Any

import numpy as np
import psutil

from camwire.link.messages import Quantiles
from camwire.server import statistics, wire
from camwire.server.desired import Desired
from camwire.server.hub import Hub
from camwire.server.workers import Workers

INTERVAL = 1.0


class Reporter:
    """Puts the `stats` message together from all who know a part of it."""

    def __init__(self, desired: Desired, hub: Hub, workers: Workers) -> None:
        self._desired = desired
        self._hub = hub
        self._workers = workers
        self._began = time.monotonic()
        self._process = psutil.Process()
        self._latency: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=500))

    def delivered(self, camera: str, seconds: float) -> None:
        """A client's socket has taken a picture that arrived so long ago."""
        self._latency[camera].append(seconds * 1000)

    def clear(self) -> None:
        self._latency.clear()

    async def run(self) -> None:
        """Broadcast for ever."""
        while True:
            await asyncio.sleep(INTERVAL)
            if self._hub.clients:
                self._hub.broadcast("stats", wire.stats_message(self.compose(time.time(), time.monotonic())))

    def compose(self, utc: float, monotonic: float) -> dict[str, Any]:
        """Everything that is known now."""
        reports = statistics.reports_by_camera(
            filter(None, map(self._workers.statistics, self._workers.supervisors))
        )
        return {
            "time": round(utc, 3),
            "uptime_s": round(monotonic - self._began, 1),
            "cameras": {
                camera.id: statistics.camera_statistics(
                    camera,
                    reports.get(camera.id),
                    watched=camera.id in self._desired.watched,
                    socket=self._socket_latency(camera.id),
                    now=utc,
                )
                for camera in self._desired.config.cameras
            },
            "processes": {
                "server": statistics.server_process(
                    os.getpid(), self._process.cpu_percent(), self._process.memory_info().rss
                ),
                **{
                    name: statistics.worker_process(
                        supervisor.state, self._workers.statistics(name), self._workers.problem(name)
                    )
                    for name, supervisor in self._workers.supervisors.items()
                },
            },
            "clients": statistics.client_statistics(self._hub.clients.values()),
            "connections": {"now": len(self._hub.clients), "total": self._hub.connected_so_far},
        }

    def _socket_latency(self, camera: str) -> Quantiles | None:
        values = self._latency.get(camera)
        if not values:
            return None
        p50, p95 = np.percentile(values, (50, 95))
        return Quantiles(p50=float(p50), p95=float(p95))
