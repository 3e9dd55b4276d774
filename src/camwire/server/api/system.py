"""The machine, the processes and the clients: what the system page shows."""

from __future__ import annotations

import os
import platform
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from camwire import __version__
from camwire.monitoring.gpus import GpuUsage
from camwire.monitoring.machine import Amount
from camwire.server.api.services import Services
from camwire.server.hub import Client
from camwire.server.wish import Wish


class ServerProcess(BaseModel):
    pid: int
    cpu_percent: float = Field(description="Of one core.")
    rss_bytes: int = Field(description="Resident memory.")


class WorkerProcess(BaseModel):
    """A worker; what it has not told yet is null."""

    name: str
    device: str | None
    phase: str = Field(description="`starting`, `running`, `restarting`, `failing` or `stopped`.")
    reason: str | None = Field(description="Why it isn't running, or what it can't do.")
    pid: int | None
    cpu_percent: float | None = Field(description="Of one core; above 100 with several at work.")
    rss_bytes: int | None
    model: str | None = Field(description="The model, its runtime and its precision, in words.")
    restarts: int


class ConnectedClient(BaseModel):
    """Someone who gets pictures or messages: a viewer, a program, an MJPEG stream."""

    address: str
    since: float = Field(description="UTC, seconds.")
    cameras: list[str] | None = Field(description="Ids; null for all.")
    size: str | None = Field(description="`full`, `thumbnail` or `clean`; null: no pictures.")
    max_fps: float = Field(description="Of each camera; 0 for no cap.")
    sent: int = Field(description="Pictures.")
    dropped: int = Field(description="Pictures that it did not take in time.")


class Part(BaseModel):
    """A part of the server that can be in trouble while all else goes on."""

    name: Literal["configuration", "events", "media", "sink"]
    sink: str | None = Field(None, description="Its name, where it is one of `sinks`.")
    problem: str | None
    since: float | None = Field(None, description="UTC at which a sink's problem began.")
    waiting: int | None = Field(None, description="Events that a sink has not taken yet; null where unknown.")


class Platform(BaseModel):
    system: str
    machine: str
    python: str


class SystemState(BaseModel):
    version: str
    started: float = Field(description="UTC, seconds.")
    platform: Platform
    cpu_percent: float = Field(description="Of all cores together.")
    cores: int
    memory: Amount
    disk: Amount | None = Field(description="The disk with the configuration; null where it can't be asked.")
    server: ServerProcess
    workers: list[WorkerProcess]
    parts: list[Part]
    gpus: list[GpuUsage] = Field(description="Empty where nvidia-ml-py or a driver is missing.")
    clients: list[ConnectedClient] = Field(description="Oldest first.")


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["system"])

    @router.get("/system")
    async def system() -> SystemState:
        """How the machine, the server's processes and its clients do; read at most once a second."""
        reading = await services.system.read()
        machine = reading.machine
        return SystemState(
            version=__version__,
            started=services.system.started,
            platform=Platform(
                system=f"{platform.system()} {platform.release()}",
                machine=platform.machine(),
                python=platform.python_version(),
            ),
            cpu_percent=round(machine.cpu_percent, 1),
            cores=machine.cores,
            memory=machine.memory,
            disk=machine.disk,
            server=ServerProcess(
                pid=os.getpid(),
                cpu_percent=round(reading.server.cpu_percent, 1),
                rss_bytes=reading.server.rss_bytes,
            ),
            workers=[_worker(services, name) for name in services.workers.supervisors],
            parts=_parts(services),
            gpus=reading.gpus,
            clients=[connected(client) for client in services.hub.clients.values()],
        )

    return router


def _parts(services: Services) -> list[Part]:
    return [
        Part(name="configuration", problem="; ".join(map(str, services.configuration.problems)) or None),
        Part(name="events", problem=services.events.keeper.problem),
        Part(name="media", problem=services.events.media.problem),
        *(
            Part(
                name="sink",
                sink=name,
                problem=state["problem"],
                since=state["since"],
                waiting=state.get("waiting"),
            )
            for name, state in services.events.couriers.states().items()
        ),
    ]


def _worker(services: Services, name: str) -> WorkerProcess:
    state = services.workers.supervisors[name].state
    report = services.workers.statistics(name)
    return WorkerProcess(
        name=name,
        device=report.device if report else None,
        phase=state.phase,
        reason=state.reason or services.workers.problem(name),
        pid=state.pid,
        cpu_percent=round(report.cpu_percent, 1) if report else None,
        rss_bytes=report.rss_bytes if report else None,
        model=(report.model or None) if report else None,
        restarts=state.restarts,
    )


def connected(client: Client) -> ConnectedClient:
    """A client, and what it gets."""
    wish = client.wish
    return ConnectedClient(
        address=client.address,
        since=client.since,
        cameras=None if wish.cameras is None else sorted(wish.cameras),
        size=picture_size(wish),
        max_fps=wish.max_fps,
        sent=client.sent,
        dropped=client.mailbox.dropped.total(),
    )


def picture_size(wish: Wish) -> str | None:
    """Of the pictures that are wanted; None: none are."""
    return next((size for size in ("full", "clean", "thumbnail") if size in wish.renditions), None)
