"""The server: puts its parts together, and takes them apart in good order."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import structlog

from camwire.config import Config
from camwire.link.messages import Stop
from camwire.link.server_end import ServerEnd
from camwire.link.worker_names import device_of
from camwire.server.api import Services
from camwire.server.app import create_app, http_server
from camwire.server.auth.security import Security, secured
from camwire.server.configuration import Configuration
from camwire.server.connections import allow_files, limits_of
from camwire.server.desired import Desired
from camwire.server.document import Document
from camwire.server.events.parts import EventParts
from camwire.server.hub import Hub
from camwire.server.listener import address_of
from camwire.server.mps.sharing import Sharing
from camwire.server.notify import ServiceManager
from camwire.server.probing import Probing
from camwire.server.rehearsing import Rehearsing
from camwire.server.reporter import Reporter
from camwire.server.restart_policy import heartbeat_of
from camwire.server.saver import Saver
from camwire.server.statistics import reports_by_camera
from camwire.server.supervisor import Supervisor, as_it_is
from camwire.server.system import System
from camwire.server.workers import Workers

log = structlog.get_logger()


class Server:
    """All parts, connected. ``stop`` ends ``run`` in good order."""

    def __init__(
        self,
        document: Document,
        link: ServerEnd,
        commands: Mapping[str, Sequence[str]],
        security: Security | None = None,
        manager: ServiceManager | None = None,
        sharing: Sharing | None = None,
    ) -> None:
        """``commands``: what to execute for each worker, by its name. No ``security``: accounts in memory. No
        ``sharing``: workers are told nothing of how processes share GPUs."""
        self.configuration = Configuration(document, self._configured)
        self.security = security or secured(self.configuration.config.server, None)
        self.desired = Desired(self.configuration.config)
        self._sharing = sharing or Sharing("nobody said how")
        self.supervisors = {
            name: Supervisor(
                name,
                command,
                partial(link.send, name, Stop()),
                heartbeat=heartbeat_of(device_of(name)),
                launch=as_it_is if device_of(name) == "cpu" else self._sharing.launch,
            )
            for name, command in commands.items()
        }
        self.probing = Probing(self.desired, changed=lambda: self.workers.changed())
        self.rehearsing = Rehearsing(self.desired, changed=lambda: self.workers.changed())
        self.events = EventParts(
            self.configuration.config,
            document.folder,
            self.desired,
            changed=lambda: self.workers.changed(),
            acknowledge=link.send,
            wanted=lambda camera: self.hub.wants_events(camera),
            tell=lambda camera, event: self.hub.tell_event(camera, event),
            save=lambda picture: self.saver.store_or_log(picture),
        )
        self.workers = Workers(
            link,
            self.desired,
            self.supervisors,
            probed=self.probing.answered,
            reported=self.events.keeper.received,
            rule_states=self.events.rule_states,
            rehearsed=self.rehearsing.answered,
            pictured=self.events.pictures.received,
            clipped=self.events.clips.answered,
        )
        self.hub = Hub(
            self.desired,
            changed=self.workers.changed,
            cleared=self._cleared,
            rules_cleared=self.events.rule_states.clear,
        )
        self.reporter = Reporter(self.desired, self.hub, self.workers, self.events.state)
        self.saver = Saver(self.hub, self.configuration.config.saving, document.folder)
        self.system = System(document.folder)
        self._manager = manager or ServiceManager()
        self._link = link
        self._stopping = asyncio.Event()
        self._reloading = asyncio.Event()

    @property
    def services(self) -> Services:
        """What the REST API works with."""
        return Services(
            self.configuration,
            self.desired,
            self.hub,
            self.workers,
            self.reporter,
            self.probing,
            self.saver,
            self.system,
            self.events,
            self.rehearsing,
            security=self.security,
        )

    def reload(self) -> None:
        """Read the configuration again."""
        self._reloading.set()

    def stop(self) -> None:
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    async def run(self, listener: socket.socket, on_ready: Callable[[str], None]) -> None:
        """Serve until ``stop``; a part that fails ends all others, and its exception comes out in a group."""
        app = create_app(self.hub, self.reporter.delivered, self.not_ready, self.services)
        certificate = self.security.certificate
        limits = limits_of(self.configuration.config.server)
        allow_files(limits)
        refused = self.security.access.refusals.connections
        http = http_server(app, limits=limits, certificate=certificate, refused=refused)
        async with asyncio.TaskGroup() as tasks:
            for_ever = [
                tasks.create_task(self.workers.listen()),
                tasks.create_task(self.workers.tell()),
                tasks.create_task(self.workers.place()),
                tasks.create_task(self.reporter.run()),
                tasks.create_task(self._pass_pictures()),
                tasks.create_task(self.configuration.follow()),
                tasks.create_task(self._reload_when_asked()),
                tasks.create_task(self.saver.run()),
                *self.events.start(tasks),
            ]
            to_stop = [
                *(tasks.create_task(supervisor.run()) for supervisor in self.supervisors.values()),
                tasks.create_task(http.serve(sockets=[listener])),
            ]
            if certificate is not None:
                for_ever.append(tasks.create_task(certificate.follow()))
            parts = [*for_ever, *to_stop]
            for_ever.append(
                tasks.create_task(
                    self._manager.follow(lambda: not any(part.done() for part in parts), self._summary)
                )
            )
            for_ever.append(tasks.create_task(self._sharing.watch(self._replace_on_gpus)))
            on_ready(address_of(listener, tls=certificate is not None))
            self._manager.ready()
            await self._stopping.wait()
            log.info("server stops")
            self._manager.stopping()
            self.hub.close_streams()
            http.should_exit = True
            for supervisor in self.supervisors.values():
                supervisor.stop()
            await asyncio.wait(to_stop)
            await self.events.end()
            for task in for_ever:
                task.cancel()

    def _configured(self, config: Config) -> None:
        self.desired.use(config)
        self.reporter.configured()
        self.hub.configured()
        self.saver.configured(config.saving)
        self.events.configured(config)

    def _cleared(self) -> None:
        self.reporter.clear()
        self.events.rule_states.clear()

    def _replace_on_gpus(self, reason: str) -> None:
        for name, supervisor in self.supervisors.items():
            if device_of(name) != "cpu":
                supervisor.replace(reason)

    async def _reload_when_asked(self) -> None:
        while True:
            await self._reloading.wait()
            self._reloading.clear()
            await self.configuration.try_reload()

    async def _pass_pictures(self) -> None:
        while True:
            picture = await self._link.picture()
            self.hub.publish(picture.header, picture.payload)

    def _summary(self) -> str:
        """A line for people."""
        reports = reports_by_camera(filter(None, map(self.workers.statistics, self.supervisors)))
        live = sum(report.phase == "live" for report in reports.values())
        enabled = sum(camera.enabled for camera in self.configuration.config.cameras)
        return self.not_ready() or f"{live} of {enabled} cameras live"

    def not_ready(self) -> str | None:
        """Why no pictures can come; None when they can."""
        states = {name: supervisor.state for name, supervisor in self.supervisors.items()}
        if any(state.phase == "running" for state in states.values()):
            return None
        return "; ".join(
            f"worker {name} is {state.phase}" + (f": {state.reason}" if state.reason else "")
            for name, state in states.items()
        )
