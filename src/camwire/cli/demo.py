"""`camwire demo`: live video in the browser without any camera."""

from __future__ import annotations

import os
import socket
import threading
import webbrowser
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from camwire.cli.errors import CommandError

if TYPE_CHECKING:
    from camwire.config.server import ServerConfig

LOG_LEVEL = "warning"
"""What a look around needs on the terminal beside the viewer's address."""


def command(
    open_viewer: Annotated[bool, typer.Option("--open", help="Open the viewer in the browser.")] = False,
    source: Annotated[
        list[str] | None,
        typer.Option(metavar="URL|FILE", help="A camera or file to show as well; may be repeated."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="The viewer's port; 8080 or, if that is taken, a free one."),
    ] = None,
) -> None:
    """Watch street cameras, annotated live.

    A real RTSP server on this machine plays their footage, again and again. Ctrl-C ends it all; rules and
    events are kept as long.
    """
    from camwire.config.events import EventsConfig
    from camwire.config.root import Config
    from camwire.demo.cameras import (
        STREET_MODEL,
        RtspServerError,
        SourceError,
        added_camera,
        rtsp_server,
        street_cameras,
    )
    from camwire.demo.footage import FootageError
    from camwire.monitoring.logs import setup_logging
    from camwire.server.main import serve, worker_command

    setup_logging(LOG_LEVEL)
    try:
        added = [
            added_camera(number, given, os.environ) for number, given in enumerate(source or (), start=1)
        ]
        with rtsp_server(_footage()) as rtsp_port, TemporaryDirectory(prefix="camwire-demo-") as folder:
            config = Config(
                cameras=(*street_cameras(rtsp_port), *added),
                model=STREET_MODEL,
                events=EventsConfig(
                    file=f"{folder}/events.db", media_folder=f"{folder}/media", snapshots=True
                ),
                server=viewer_address(port),
            )
            raise typer.Exit(
                serve(
                    config,
                    on_ready=lambda address: _ready(address, open_viewer),
                    worker=partial(worker_command, log_level=LOG_LEVEL),
                )
            )
    except SourceError as error:
        raise CommandError(f"--source {error}") from None
    except (FootageError, RtspServerError) as error:
        raise CommandError(str(error)) from None


def _footage() -> Path:
    from camwire.demo.footage import cache_folder, find_clip, prepare_footage, prepared_footage

    cache = cache_folder()
    if (folder := prepared_footage(cache)) is not None:
        return folder
    clip = find_clip()
    print(f"Preparing the demo's footage in {cache} (once; some seconds) ...", flush=True)
    try:
        return prepare_footage(clip, cache)
    except OSError as error:
        raise CommandError(
            f"the demo's footage can't be written to {cache}: {error.strerror}; "
            "set XDG_CACHE_HOME to a folder that can be written"
        ) from error


def viewer_address(port: int | None) -> ServerConfig:
    """The wanted port; without one the usual port, or any free one where that is taken."""
    from camwire.config.server import ServerConfig

    usual = ServerConfig()
    if port is not None:
        return ServerConfig(port=port)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((usual.host, usual.port))
        except OSError:
            print(f"Port {usual.port} is in use; taking a free one.", flush=True)
            return ServerConfig(port=0)
    return usual


def _ready(address: str, open_viewer: bool) -> None:
    print(f"\ncamwire is live at {address}\nCtrl-C ends it.\n", flush=True)
    if open_viewer:
        # A text browser would hold the server up until it is left.
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
