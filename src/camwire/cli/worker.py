"""`camwire worker`: the process that decodes, detects and draws. Started by `camwire run`, not by people."""

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer


def command(
    name: Annotated[str, typer.Option(help="The worker's name to the server.")],
    device: Annotated[str, typer.Option(help="Where to work: cpu, cuda:0, …")],
    link: Annotated[Path, typer.Option(help="The folder of the link's sockets.")],
    parent: Annotated[int, typer.Option(help="The server's process id; the worker ends with it.")],
    engine: Annotated[Literal["native", "deepstream"], typer.Option(help="What does the work.")] = "native",
    cores: Annotated[int | None, typer.Option(help="On a GPU: cores that its threads keep to.")] = None,
    sources_apart: Annotated[
        bool,
        typer.Option("--sources-apart", help="On a GPU: read and decode cameras in processes of their own."),
    ] = False,
    log_level: Annotated[str, typer.Option(help="Least level of log lines.")] = "info",
    log_json: Annotated[bool, typer.Option(help="Log lines as JSON.")] = False,
) -> None:
    """Run one worker for a server."""
    from camwire.pipeline.parent import die_with

    die_with(parent)  # before the imports below: they take seconds
    from camwire.monitoring.logs import setup_logging
    from camwire.pipeline.worker import Worker

    setup_logging(log_level, json=log_json)
    if engine == "deepstream":
        from camwire.deepstream.opening import open_engine

        status = Worker(name, device, link, open_engine).run()
    else:
        status = Worker(name, device, link, cores=cores, sources_apart=sources_apart).run()
    sys.stdout.flush()
    sys.stderr.flush()
    # A thread that native code holds must not keep the process: what matters has been closed by now.
    os._exit(status)
