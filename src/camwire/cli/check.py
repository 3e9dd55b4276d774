"""`camwire check`: is a configuration right?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from camwire.cli.errors import CommandError
from camwire.config import Config, load


def command(
    config: Annotated[
        Path | None, typer.Argument(metavar="CONFIG.yaml", help="The configuration to check.")
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the configuration's JSON Schema, for editors, instead.")
    ] = False,
) -> None:
    """Check a configuration.

    Lists every mistake at once, each with its place and what is allowed there.

    Nothing is opened or started. The exit status is 0 where all is well and 2 where it isn't.
    """
    if schema:
        print(json.dumps(Config.model_json_schema(), indent=2, ensure_ascii=False))
    elif config is None:
        raise CommandError("check what? Give the configuration's file: camwire check CONFIG.yaml", 2)
    else:
        print(summary(load(config)))


def summary(config: Config) -> str:
    """What a configuration asks for, in a few lines and without secrets."""
    enabled = [camera for camera in config.cameras if camera.enabled]
    disabled = len(config.cameras) - len(enabled)
    lines = [f"cameras  {len(enabled)}" + (f" and {disabled} disabled" if disabled else "")]
    lines += [f"  {camera.id}: {camera.url}" for camera in enabled]
    lines += [f"model    {config.model.file}", f"address  http://{config.server.host}:{config.server.port}/"]
    return "\n".join(lines)
