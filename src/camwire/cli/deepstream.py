"""`camwire deepstream`: what the DeepStream engine makes of a configuration."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from camwire.cli.errors import WRONG_CONFIGURATION, CommandError

if TYPE_CHECKING:
    from camwire.deepstream.elements import Graph


def command(
    action: Annotated[Literal["graph", "files"], typer.Argument(help="What to do.")],
    config: Annotated[Path, typer.Argument(metavar="CONFIG.yaml", help="The configuration.")],
    dot: Annotated[bool, typer.Option("--dot", help="`graph`: as DOT, for Graphviz.")] = False,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the elements' files are, or are to be written.")
    ] = Path("deepstream"),
) -> None:
    """Show what the DeepStream engine makes of a configuration. DeepStream isn't needed for that.

    `graph` prints the elements with their properties and links; `files` writes the files that they read:
    nvinfer's, nvdspreprocess's, nvtracker's, nvdsanalytics' and the new muxer's, as far as they are used.
    """
    graph = _graph(config, out.absolute())
    if action == "graph":
        from camwire.deepstream.printing import as_dot, as_text

        sys.stdout.write(as_dot(graph) if dot else as_text(graph))
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in graph.files.items():
            (out / name).write_text(text, encoding="utf-8")
            print(out / name)
    except OSError as error:
        raise CommandError(f"{out}: can't be written: {error.strerror}") from None
    for note in graph.notes:
        print(f"note: {note}", file=sys.stderr)


def _graph(config: Path, folder: Path) -> Graph:
    from camwire.config import load
    from camwire.deepstream.classes import class_names
    from camwire.deepstream.files.keyfile import KeyFileError
    from camwire.deepstream.graph import assign_pads, build
    from camwire.models import ModelError
    from camwire.server.desired import Desired

    desired = Desired(load(config)).document()
    if desired.deepstream is None:
        raise CommandError(f"{config} has no `engine: deepstream`", WRONG_CONFIGURATION)
    try:
        return build(desired, class_names(desired.model), assign_pads(desired, {}), folder)
    except (ModelError, KeyFileError) as error:
        raise CommandError(str(error), WRONG_CONFIGURATION) from None
