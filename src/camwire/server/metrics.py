"""Everything that is measured, for Prometheus: read anew at each scrape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from camwire.link.reports import CameraReport, LatencyCounts
from camwire.monitoring.exported import BOUNDS_S
from camwire.server.auth.refusals import Refusals
from camwire.server.statistics import STATES

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


def exposition(
    stats: Mapping[str, Any],
    reports: Mapping[str, CameraReport],
    socket: Mapping[str, LatencyCounts],
    refusals: Refusals,
) -> bytes:
    """Prometheus's text of the `stats` message, the workers' reports, latencies up to clients' sockets, and
    whom the server has sent away.

    Counters begin anew with a worker, and when somebody clears statistics.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(stats, reports, socket, refusals))
    return generate_latest(registry)


class _Collector:
    def __init__(
        self,
        stats: Mapping[str, Any],
        reports: Mapping[str, CameraReport],
        socket: Mapping[str, LatencyCounts],
        refusals: Refusals,
    ) -> None:
        self._stats = stats
        self._reports = reports
        self._socket = socket
        self._refusals = refusals

    def collect(self) -> Iterable[Metric]:
        yield from self._of_cameras(self._stats["cameras"])
        yield from self._latencies()
        yield from self._of_processes(self._stats["processes"])
        yield from self._of_clients()
        yield from _of_refusals(self._refusals)
        if events := self._stats["events"]:
            yield from _of_events(events)

    def _of_cameras(self, cameras: Mapping[str, Any]) -> Iterator[Metric]:
        fps = GaugeMetricFamily("camwire_camera_fps", "Pictures a second", labels=["camera", "at"])
        frames = CounterMetricFamily("camwire_camera_frames", "Pictures", labels=["camera", "at"])
        drops = CounterMetricFamily(
            "camwire_camera_dropped_frames",
            "Pictures that went no further, by cause",
            labels=["camera", "cause"],
        )
        objects = GaugeMetricFamily(
            "camwire_camera_objects", "Objects in the newest picture", labels=["camera", "class"]
        )
        state = GaugeMetricFamily(
            "camwire_camera_state", "1 for the state it is in", labels=["camera", "state"]
        )
        watched = GaugeMetricFamily("camwire_camera_watched", "1 while anyone looks at it", labels=["camera"])
        for name, camera in cameras.items():
            for at, value in camera["fps"].items():
                fps.add_metric([name, at], value)
            for at, value in camera["frames"].items():
                frames.add_metric([name, at], value)
            for cause, value in camera["drops"].items():
                drops.add_metric([name, cause], value)
            for kind, value in camera["objects"].items():
                objects.add_metric([name, kind], value)
            for known in STATES:
                state.add_metric([name, known], camera["state"] == known)
            watched.add_metric([name], camera["watched"])
        yield from (fps, frames, drops, objects, state, watched)

    def _latencies(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(
            "camwire_camera_latency_seconds",
            "Time that pictures take in a stage; total: from the last packet to the worker's hand-over, "
            "socket: to the last byte in a client's socket",
            labels=["camera", "stage"],
        )
        for name in self._stats["cameras"]:
            stages = dict(self._reports[name].latencies) if name in self._reports else {}
            if name in self._socket:
                stages["socket"] = self._socket[name]
            for stage, counts in stages.items():
                bounds = [
                    (str(bound), float(count))
                    for bound, count in zip(BOUNDS_S, counts.cumulated, strict=True)
                ]
                family.add_metric(
                    [name, stage], [*bounds, ("+Inf", float(counts.count))], sum_value=counts.seconds
                )
        yield family

    def _of_processes(self, processes: Mapping[str, Any]) -> Iterator[Metric]:
        cpu = GaugeMetricFamily("camwire_process_cpu_percent", "Of one core", labels=["process"])
        memory = GaugeMetricFamily("camwire_process_resident_bytes", "Resident memory", labels=["process"])
        running = GaugeMetricFamily("camwire_process_running", "1 while it runs", labels=["process"])
        device = GaugeMetricFamily(
            "camwire_device_memory_bytes",
            "A GPU's memory: free, or what it is for",
            labels=["process", "for"],
        )
        elements = GaugeMetricFamily(
            "camwire_engine_element",
            "A figure of one part of a worker's engine",
            labels=["process", "element"],
        )
        failures = CounterMetricFamily(
            "camwire_stage_failures", "Times a stage of a worker failed", labels=["process", "stage"]
        )
        lost = CounterMetricFamily(
            "camwire_worker_lost", "What a worker could not hand over", labels=["process", "what"]
        )
        restarts = CounterMetricFamily("camwire_worker_restarts", "Times it was replaced", labels=["process"])
        for name, process in processes.items():
            cpu.add_metric([name], process["cpu_percent"])
            memory.add_metric([name], process["rss_bytes"])
            running.add_metric([name], process["state"] == "running")
            if "restarts" in process:
                restarts.add_metric([name], process["restarts"])
            for what, size in process.get("device_memory", {}).items():
                device.add_metric([name, what], size)
            for element, value in process.get("elements", {}).items():
                elements.add_metric([name, element], value)
            for stage, count in process.get("failures", {}).items():
                failures.add_metric([name, stage], count)
            for what, count in process.get("lost", {}).items():
                lost.add_metric([name, what], count)
        yield from (cpu, memory, running, restarts, device, elements, failures, lost)

    def _of_clients(self) -> Iterator[Metric]:
        clients, connections = self._stats["clients"], self._stats["connections"]
        yield GaugeMetricFamily("camwire_uptime_seconds", "Of the server", value=self._stats["uptime_s"])
        yield GaugeMetricFamily("camwire_clients", "Connected clients", value=connections["now"])
        yield CounterMetricFamily("camwire_connections", "Connections so far", value=connections["total"])
        yield GaugeMetricFamily(
            "camwire_client_queue",
            "Pictures that wait for clients",
            value=sum(one["queue"] for one in clients),
        )


def _of_refusals(refusals: Refusals) -> Iterator[Metric]:
    for what, counts, words in (
        ("logins", refusals.logins, "Tries to log in"),
        ("requests", refusals.requests, "Requests and WebSockets"),
        ("connections", refusals.connections, "Connections"),
    ):
        family = CounterMetricFamily(
            f"camwire_{what}_refused", f"{words} that were refused, by cause", labels=["cause"]
        )
        for cause, count in counts.items():
            family.add_metric([cause], count)
        yield family


def _of_events(events: Mapping[str, Any]) -> Iterator[Metric]:
    yield CounterMetricFamily("camwire_events_kept", "Events of rules on the disk", value=events["kept"])
    failing = GaugeMetricFamily("camwire_events_failing", "1 while it doesn't work", labels=["part"])
    failing.add_metric(["events"], events["problem"] is not None)
    failing.add_metric(["media"], events["media"]["problem"] is not None)
    yield failing
    yield CounterMetricFamily(
        "camwire_events_media_lost",
        "Pictures and videos of events that could not be kept",
        value=events["media"]["lost"],
    )
    sent = CounterMetricFamily(
        "camwire_sink_events", "Events, by what became of them", labels=["sink", "outcome"]
    )
    waiting = GaugeMetricFamily("camwire_sink_waiting", "Events that wait for the sink", labels=["sink"])
    works = GaugeMetricFamily("camwire_sink_works", "1 while the sink takes events", labels=["sink"])
    for name, sink in events["sinks"].items():
        works.add_metric([name], sink["state"] == "delivering")
        waiting.add_metric([name], sink.get("waiting", 0))
        for outcome in ("delivered", "refused", "lost"):
            sent.add_metric([name, outcome], sink.get(outcome, 0))
    yield from (sent, waiting, works)
