"""`camwire run`: cameras to annotated pictures, until it is told to stop."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from camwire.config import Config
    from camwire.link.endpoint import Endpoints


def command(
    config: Annotated[Path, typer.Argument(metavar="CONFIG.yaml", help="The configuration.")],
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], typer.Option(help="Least level of log lines.")
    ] = "info",
    log_json: Annotated[bool, typer.Option(help="Log lines as JSON.")] = False,
    insecure: Annotated[
        bool,
        typer.Option(
            "--insecure", help="Where there are no accounts, let anyone in who reaches the server's address."
        ),
    ] = False,
) -> None:
    """Run a configuration's cameras and serve the viewer. Ctrl-C ends it; a second one ends it at once."""
    from camwire.config import load
    from camwire.monitoring.logs import setup_logging
    from camwire.server.main import serve, worker_command

    setup_logging(log_level, json=log_json)
    configuration = load(config)

    def command_for(name: str, endpoints: Endpoints) -> list[str]:
        usual = worker_command(name, endpoints, log_level=log_level, log_json=log_json)
        return [*usual, *worker_options(configuration)]

    raise typer.Exit(
        serve(
            configuration,
            on_ready=lambda address: print(f"viewer: {address}", flush=True),
            config_path=config,
            worker=command_for,
            insecure=insecure,
        )
    )


def worker_options(config: Config) -> list[str]:
    """What `camwire worker` is told of the configuration at its start; all else comes over the link."""
    few = config.cores_per_gpu_worker
    return ["--engine", config.engine, *(() if few is None else ("--cores", str(few)))]
