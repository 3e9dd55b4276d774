"""`camwire check`: is a configuration right?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from camwire.cli.errors import WRONG_CONFIGURATION, CommandError
from camwire.config import Config, load
from camwire.config.named_files import named_files
from camwire.config.server import ServerConfig


def command(
    config: Annotated[
        Path | None, typer.Argument(metavar="CONFIG.yaml", help="The configuration to check.")
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the configuration's JSON Schema, for editors, instead.")
    ] = False,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="As it will be given to `camwire run`.")
    ] = False,
) -> None:
    """Check a configuration.

    Lists every mistake at once, each with its place and what is allowed there. Then looks whether the files
    that it names can be read, and for mistakes in DeepStream's among them.

    Says what is risky about the server's address. No camera is opened, nothing is started.

    The exit status is 0 where all is well and 2 where it isn't, or where the server would refuse to start
    because others could reach it without an account.
    """
    if schema:
        print(json.dumps(Config.model_json_schema(), indent=2, ensure_ascii=False))
    elif config is None:
        raise CommandError("check what? Give the configuration's file: camwire check CONFIG.yaml", 2)
    else:
        checked = load(config)
        odd = files_beside(checked)
        print(summary(checked))
        for notice in odd:
            print(f"odd      {notice}")
        for risk in risks(checked, config.absolute().parent, insecure=insecure):
            print(f"risk     {risk}")


def summary(config: Config) -> str:
    """What a configuration asks for, in a few lines and without secrets."""
    enabled = [camera for camera in config.cameras if camera.enabled]
    disabled = len(config.cameras) - len(enabled)
    lines = [f"cameras  {len(enabled)}" + (f" and {disabled} disabled" if disabled else "")]
    lines += [f"  {camera.id}: {camera.url}" for camera in enabled]
    lines += [f"model    {config.model.file}", f"address  {address(config.server)}"]
    return "\n".join(lines)


def files_beside(config: Config) -> list[str]:
    """What is odd about the files that the configuration names, without being wrong.

    Raises CommandError with those that can't be read and, in DeepStream's, the mistakes.
    """
    odd: list[str] = []
    wrong = [
        f"{place}: {file}: {problem}"
        for place, file in named_files(config).items()
        if place not in ("analytics.nvdsanalytics", "tracker.config")  # are read below
        and (problem := _unreadable(Path(file))) is not None
    ]
    if config.engine == "deepstream":
        libraries = {"parser": config.deepstream.parser, "tracker_library": config.deepstream.tracker_library}
        odd += [
            f"deepstream.{name}: {library} is not on this machine"
            for name, library in libraries.items()
            if not Path(library).exists()
        ]
    if config.analytics.nvdsanalytics is not None:
        _read_analytics(Path(config.analytics.nvdsanalytics), odd, wrong)
    if config.tracker.config is not None:
        _read_tracker(Path(config.tracker.config), config, wrong)
    if wrong:
        raise CommandError("\n".join(wrong), WRONG_CONFIGURATION)
    return odd


def _unreadable(file: Path) -> str | None:
    try:
        file.open("rb").close()
    except OSError as error:
        return f"can't be read: {error.strerror}"
    return None


def _read_analytics(path: Path, odd: list[str], wrong: list[str]) -> None:
    from camwire.analytics.nvdsanalytics.load import load as read
    from camwire.analytics.nvdsanalytics.notices import NvdsConfigError

    try:
        odd += map(str, read(path).notices)
    except NvdsConfigError as error:
        wrong += map(str, error.notices)


def _read_tracker(path: Path, config: Config, wrong: list[str]) -> None:
    from camwire.tracking.nvtracker import files

    deepstreams = config.engine == "deepstream" and config.deepstream.tracker != "camwire"
    try:
        files.load(path)
    except files.TrackerFileError as error:
        if not (deepstreams and isinstance(error, files.UnsupportedError)):
            wrong.append(str(error))


def address(server: ServerConfig) -> str:
    """Where the viewer will be."""
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"{'https' if server.tls else 'http'}://{host}:{server.port}/"


def risks(config: Config, folder: Path, *, insecure: bool) -> list[str]:
    """What is risky. Raises CommandError where `camwire run` would refuse."""
    from camwire.server.auth.database import AccountsFileError
    from camwire.server.auth.exposure import ExposedError, check_exposure
    from camwire.server.auth.security import accounts_file
    from camwire.server.auth.store import AccountStore
    from camwire.server.tls import Certificate, CertificateError

    store = AccountStore(accounts_file(config.server, folder))
    try:
        if config.server.tls is not None:
            Certificate(config.server.tls, folder)
        return check_exposure(config.server, has_accounts=store.any_accounts(), insecure=insecure)
    except (ExposedError, CertificateError, AccountsFileError) as error:
        raise CommandError(str(error), WRONG_CONFIGURATION) from None
    finally:
        store.close()
