"""The command line: `camwire COMMAND ...`.

A command is a module with one function ``command``; its typer annotations are the options, its docstring
is the help. It is imported only when it is called or listed, so that `camwire check` starts no model runtime:
import what is heavy inside the function. To add a command, write the module and add its line to ``COMMANDS``.
"""

from __future__ import annotations

import os
import select
import sys
import traceback
from collections import UserDict
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from camwire import __version__
from camwire.cli.errors import FAILURE, INTERRUPTED, WRONG_CONFIGURATION, CommandError

COMMANDS: dict[str, str] = {
    "demo": "camwire.cli.demo",
    "run": "camwire.cli.run",
    "check": "camwire.cli.check",
    "doctor": "camwire.cli.doctor",
    "support-bundle": "camwire.cli.support_bundle",
    "detect": "camwire.cli.detect",
    "track": "camwire.cli.track",
    "analyze": "camwire.cli.analyze",
    "events": "camwire.cli.events",
    "accounts": "camwire.cli.accounts",
    "tokens": "camwire.cli.tokens",
    "models": "camwire.cli.models",
    "analytics": "camwire.cli.analytics",
    "deepstream": "camwire.cli.deepstream",
    "import-deepstream": "camwire.cli.import_deepstream",
    "worker": "camwire.cli.worker",
}
"""Name on the command line → module, in the order in which `camwire --help` lists them."""

HIDDEN = frozenset({"worker"})
"""Commands that camwire calls itself; `--help` leaves them out."""


class CommandTable(UserDict[str, Any]):
    """``COMMANDS`` with each module imported when its command is asked for."""

    def __getitem__(self, name: str) -> Any:
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(name, hidden=name in HIDDEN)(import_module(self.data[name]).command)
        return get_command(single)


class LazyGroup(TyperGroup):
    """A group of commands that reads ``CommandTable``."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = CommandTable(COMMANDS)


app = typer.Typer(
    cls=LazyGroup,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"camwire {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Live analytics on IP cameras: RTSP in; annotated video, tracked objects and statistics out.

    `camwire demo` shows it, `camwire run CONFIG.yaml` runs it on your cameras.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status; ends through SystemExit where typer does."""
    try:
        get_command(app).main(args=arguments, prog_name="camwire")
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as ended:
        # typer takes a broken pipe for a failure of ours and says nothing.
        if isinstance(broken := ended.__context__, BrokenPipeError):
            return 0 if _reader_is_gone() else _report(broken)
        raise
    except Exception as error:  # noqa: BLE001 - the command line's outermost boundary
        return _report(error)
    finally:
        _flush()
    return 0


def _reader_is_gone() -> bool:
    """Whether whoever reads standard output has seen enough, as `| head` does."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)  # asked for nothing, it tells of errors
    return bool(poll.poll(0))


def _flush() -> None:
    """Write what is left, here: Python would complain as it ends that nobody reads it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report(error: Exception) -> int:
    """Say on standard error what went wrong, without secrets, and return the exit status."""
    from camwire.config.errors import ConfigError
    from camwire.config.secrets import SECRETS

    if os.environ.get("CAMWIRE_TRACEBACK"):
        print(SECRETS.redact("".join(traceback.format_exception(error))), file=sys.stderr)
    if isinstance(error, ConfigError):
        print(SECRETS.redact(str(error)), file=sys.stderr)
        return WRONG_CONFIGURATION
    if isinstance(error, CommandError):
        print(SECRETS.redact(f"camwire: {error}"), file=sys.stderr)
        return error.exit_status
    what = " ".join(f"{type(error).__name__}: {error}".split())
    print(SECRETS.redact(f"camwire: {what} (CAMWIRE_TRACEBACK=1 shows where)"), file=sys.stderr)
    return FAILURE
