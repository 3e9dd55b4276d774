"""The `stats` message: what the workers report, what the hub delivered, and how the processes do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from camwire.config.camera import CameraConfig
from camwire.link.reports import CameraReport, Quantiles, Statistics
from camwire.monitoring.process import ProcessUsage
from camwire.server.hub import Client
from camwire.server.supervisor import WorkerState

STATES = ("waiting", "disabled", "connecting", "live", "stalled", "retrying")


def camera_statistics(
    camera: CameraConfig, report: CameraReport | None, *, watched: bool, socket: Quantiles | None, now: float
) -> dict[str, Any]:
    """One camera; ``report`` is None while no worker speaks of it. ``now`` is UTC."""
    if report is None:
        report = CameraReport(id=camera.id, phase="connecting" if camera.enabled else "disabled")
        state = "waiting" if camera.enabled else "disabled"
    else:
        state = report.phase
    latency = dict(report.latency_ms)
    if socket is not None:
        latency["socket"] = socket
    return {
        "name": camera.label,
        "state": state,
        "reason": report.reason,
        "retry_in_s": None if report.retry_at is None else round(max(0.0, report.retry_at - now), 1),
        "watched": watched,
        "codec": report.codec,
        "width": report.width,
        "height": report.height,
        "fps": {
            "input": round(report.input_fps, 2),
            "processed": round(report.processed_fps, 2),
            "output": round(report.output_fps, 2),
        },
        "frames": {"in": report.frames_in, "processed": report.frames_processed, "out": report.frames_out},
        "drops": report.drops,
        "objects": report.objects,
        "rules": report.rules,
        "nvdsanalytics": report.nvdsanalytics,
        "latency_ms": {
            stage: {"p50": round(value.p50, 2), "p95": round(value.p95, 2)}
            for stage, value in latency.items()
        },
    }


def server_process(pid: int, usage: ProcessUsage) -> dict[str, Any]:
    """The process that says so."""
    return {
        "pid": pid,
        "state": "running",
        "cpu_percent": round(usage.cpu_percent, 1),
        "rss_bytes": usage.rss_bytes,
    }


def worker_process(state: WorkerState, report: Statistics | None, problem: str | None) -> dict[str, Any]:
    """A worker's process; ``problem`` is what it last said that it can't do."""
    memory = report.device_memory if report else None
    return {
        "pid": state.pid,
        "state": state.phase,
        "reason": state.reason or problem,
        "restarts": state.restarts,
        "cpu_percent": round(report.cpu_percent, 1) if report else 0.0,
        "rss_bytes": report.rss_bytes if report else 0,
        "device": report.device if report else None,
        "model": report.model if report else None,
        **({} if memory is None else {"device_memory": msgspec.to_builtins(memory)}),
        **({"elements": dict(report.elements)} if report and report.elements else {}),
        **({"failures": dict(report.failures)} if report and report.failures else {}),
        **({"lost": lost} if report and (lost := _some(report.lost)) else {}),
    }


def _some(counts: Mapping[str, int]) -> dict[str, int]:
    """Without those that are 0."""
    return {name: count for name, count in counts.items() if count}


def client_statistics(clients: Iterable[Client]) -> list[dict[str, Any]]:
    """All connections, oldest first."""
    return [
        {
            "id": client.id,
            "address": client.address,
            "queue": client.mailbox.cameras_waiting,
            "sent": client.sent,
            "dropped": client.mailbox.dropped.total(),
        }
        for client in clients
    ]


def reports_by_camera(statistics: Iterable[Statistics]) -> Mapping[str, CameraReport]:
    """What the workers say, by camera."""
    return {report.id: report for message in statistics for report in message.cameras}
