"""`camwire import-deepstream`: a DeepStream application's files as a camwire configuration."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from camwire.cli.errors import WRONG_CONFIGURATION, CommandError


def command(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="DIR|FILE",
            help="deepstream-app's file (INI or YAML), or a folder with DeepStream's files.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the configuration goes.")] = Path(
        "camwire.yaml"
    ),
    engine: Annotated[
        Literal["native", "deepstream"],
        typer.Option(help="`native`: camwire's own pipeline; `deepstream`: DeepStream behind camwire."),
    ] = "native",
    force: Annotated[bool, typer.Option("--force", help="Replace the file where there is one.")] = False,
) -> None:
    """Turn a DeepStream application's configuration files into a camwire configuration.

    Reads the application's own file (sources, muxer, detector, tracker, analytics, on-screen display, sinks)
    and those that it names: nvinfer's, nvdspreprocess's, nvdsanalytics' and the tracker's. What has no
    counterpart stands in the configuration as a comment, with its file and line. Passwords in addresses are
    written as they stand, into a file that only you can read, and never shown.
    """
    from camwire.deepstream.importing import ImportMistakeError, import_application

    try:
        imported = import_application(source, out.absolute().parent, engine)
    except ImportMistakeError as error:
        raise CommandError(f"nothing is written\n{error}", WRONG_CONFIGURATION) from None
    _write(out, imported.text, force)
    for remark in imported.remarks:
        print(remark)
    print(f"wrote {out}: {imported.cameras} cameras; {len(imported.remarks)} remarks stand in it as comments")
    print(f"next: camwire check {out}")


def _write(out: Path, text: str, force: bool) -> None:
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if force else os.O_EXCL)
    try:
        with open(os.open(out, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise CommandError(f"{out} is there already; name another file or add --force", 2) from None
    except OSError as error:
        raise CommandError(f"{out} can't be written: {error.strerror}") from None
