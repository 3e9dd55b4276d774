"""`camwire analytics`: try rules out on recorded objects."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from camwire.cli.errors import WRONG_CONFIGURATION, CommandError

if TYPE_CHECKING:
    from camwire.analytics.nvdsanalytics.replay import Case
    from camwire.analytics.nvdsanalytics.settings import Settings


def command(
    action: Annotated[Literal["replay"], typer.Argument(help="What to do.")],
    case: Annotated[
        Path, typer.Argument(metavar="CASE.json", help="A case: an nvdsanalytics file and frames, as JSON.")
    ],
) -> None:
    """Try rules out on recorded objects.

    `replay` applies DeepStream's nvdsanalytics rules to a case and prints a JSON list with one entry a frame,
    in the form of a case's `expected`. What is odd about the configuration is said on standard error, with
    its line. Where DeepStream would not run with it, the list is empty and the exit status is 2.
    """
    {"replay": _replay}[action](case)


def _replay(path: Path) -> None:
    import msgspec

    from camwire.analytics.nvdsanalytics.replay import replayed

    case = _read(path)
    settings = _settings(case, path)
    results: list[dict[str, Any]] = [] if settings is None else replayed(case, settings)
    sys.stdout.write(msgspec.json.encode(results).decode() + "\n")
    if settings is None:
        raise CommandError(f"DeepStream would not run with the configuration in {path}", WRONG_CONFIGURATION)


def _read(path: Path) -> Case:

    from camwire.analytics.nvdsanalytics.replay import read_case

    try:
        return read_case(path.read_bytes())
    except OSError as error:
        raise CommandError(f"{path} can't be read: {error.strerror}") from None
    except ValueError as error:
        raise CommandError(f"{path} is no case: {error}") from None


def _settings(case: Case, path: Path) -> Settings | None:
    """The case's configuration, or None where DeepStream refuses it; notices go to standard error."""
    from camwire.analytics.nvdsanalytics.load import parse
    from camwire.analytics.nvdsanalytics.notices import NvdsConfigError

    try:
        loaded = parse(case.config, case.config_format, f"{path}:config")
    except NvdsConfigError as error:
        for notice in error.notices:
            print(notice, file=sys.stderr)
        return None
    for notice in loaded.notices:
        print(f"warning: {notice}", file=sys.stderr)
    return loaded.settings
