"""`camwire worker`: the process that decodes, detects and draws. Started by `camwire run`, not by people."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer


def command(
    name: Annotated[str, typer.Option(help="The worker's name to the server.")],
    device: Annotated[str, typer.Option(help="Where to work: cpu, cuda:0, …")],
    link: Annotated[Path, typer.Option(help="The folder of the link's sockets.")],
    log_level: Annotated[str, typer.Option(help="Least level of log lines.")] = "info",
    log_json: Annotated[bool, typer.Option(help="Log lines as JSON.")] = False,
) -> None:
    """Run one worker for a server."""
    from camwire.monitoring.logs import setup_logging
    from camwire.pipeline.worker import Worker

    setup_logging(log_level, json=log_json)
    status = Worker(name, device, link).run()
    sys.stdout.flush()
    sys.stderr.flush()
    # A thread that native code holds must not keep the process: what matters has been closed by now.
    os._exit(status)
