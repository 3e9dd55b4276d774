"""The server's process: its devices, its port, its signals, its exit status."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import structlog

from camwire.config import Config
from camwire.link.endpoint import Endpoints, NoPlaceError, private_endpoints
from camwire.link.server_end import ServerEnd
from camwire.link.worker_names import device_of
from camwire.server.auth.database import AccountsFileError
from camwire.server.auth.exposure import ExposedError
from camwire.server.auth.security import Security, secured
from camwire.server.devices import NoDeviceError, chosen_devices, look_for_gpus, workers_of
from camwire.server.document import Document, FileDocument, MemoryDocument
from camwire.server.listener import CannotListenError, listen
from camwire.server.mps.program import MpsError
from camwire.server.mps.sharing import Sharing, kept_away, shared
from camwire.server.notify import ServiceManager
from camwire.server.server import Server
from camwire.server.tls import CertificateError

FAILURE = 1
INTERRUPTED = 130
UNSAFE = (ExposedError, CertificateError, AccountsFileError)
LOOKING_AGAIN = 20.0
"""Seconds that looking for GPUs may take once it has been done: what it reads is in memory."""

WorkerCommand = Callable[[str, Endpoints], Sequence[str]]
"""A worker's name, which says its device, and where the link is → what to execute."""

log = structlog.get_logger()


def worker_command(
    name: str, endpoints: Endpoints, *, log_level: str = "info", log_json: bool = False
) -> list[str]:
    """`camwire worker` on the device that ``name`` says, with this process's own Python."""
    return [
        *(sys.executable, "-m", "camwire", "worker"),
        *("--name", name, "--device", device_of(name), "--link", str(endpoints.directory)),
        *("--parent", str(os.getpid())),
        *("--log-level", log_level, "--log-json" if log_json else "--no-log-json"),
    ]


def serve(
    config: Config,
    *,
    on_ready: Callable[[str], None],
    config_path: Path | None = None,
    worker: WorkerCommand = worker_command,
    insecure: bool = False,
) -> int:
    """Run until SIGINT or SIGTERM and return the exit status; call it from the main thread.

    ``on_ready`` gets the viewer's address once clients can connect. A first signal ends everything in order
    within 3 s, a second one at once. SIGHUP and a change of the file at ``config_path`` have it read again;
    without one, changes are kept in memory. ``insecure``: let anyone in while there are no accounts. The
    status is 1 when the port, a place for the link's sockets, a device or MPS can't be had, or when it
    wouldn't be safe, with the reason on standard error, or when a part of the server failed, with it in the
    log.
    """
    manager = ServiceManager.of_environment(os.environ)
    try:
        folder = config_path.absolute().parent if config_path is not None else None
        security = secured(config.server, folder, insecure=insecure)
        for risk in security.risks:
            log.warning(risk)
        away = kept_away(config)
        devices = chosen_devices(config, lambda model: look_for_gpus(model, away))
        look_again = partial(look_for_gpus, config.model, patience=LOOKING_AGAIN)
        with (
            listen(config.server) as listener,
            private_endpoints() as endpoints,
            shared(config, devices, endpoints.directory, look_again) as sharing,
        ):
            workers = workers_of(config, devices, sources_apart=sharing.by_mps)
            log.info("devices are chosen", workers=workers, because=devices.because)
            log.info("server starts", config=str(config_path) if config_path else None)
            document = FileDocument(config_path) if config_path else MemoryDocument(config)
            commands = {name: worker(name, endpoints) for name in workers}
            asyncio.run(
                _until_signal(document, listener, endpoints, on_ready, commands, security, manager, sharing)
            )
    except (CannotListenError, NoPlaceError, NoDeviceError, MpsError, *UNSAFE) as error:
        sys.stderr.write(f"camwire: {error}\n")
        return FAILURE
    except Exception as problem:
        log.critical("the server failed and ends", exc_info=problem)
        return FAILURE
    finally:
        manager.close()
    return 0


async def _until_signal(
    document: Document,
    listener: socket.socket,
    endpoints: Endpoints,
    on_ready: Callable[[str], None],
    commands: Mapping[str, Sequence[str]],
    security: Security,
    manager: ServiceManager,
    sharing: Sharing,
) -> None:
    with ServerEnd(endpoints) as link:
        server = Server(document, link, commands, security, manager, sharing)
        with _signals(server, endpoints):
            await server.run(listener, on_ready)


@contextmanager
def _signals(server: Server, endpoints: Endpoints) -> Iterator[None]:
    def interrupted() -> None:
        if server.stopping:
            for supervisor in server.supervisors.values():
                supervisor.kill()
            shutil.rmtree(endpoints.directory, ignore_errors=True)
            os._exit(INTERRUPTED)
        server.stop()

    loop = asyncio.get_running_loop()
    handled = (signal.SIGINT, signal.SIGTERM)
    for number in handled:
        loop.add_signal_handler(number, interrupted)
    loop.add_signal_handler(signal.SIGHUP, server.reload)
    try:
        yield
    finally:
        for number in (*handled, signal.SIGHUP):
            loop.remove_signal_handler(number)
