"""`camwire support-bundle`: what somebody who helps wants to see, without secrets, in one zip."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from camwire.cli.errors import WRONG_CONFIGURATION, CommandError

if TYPE_CHECKING:
    import ssl

    from camwire.config import Config
    from camwire.config.server import TlsConfig
    from camwire.monitoring.support import MissingPieceError, Piece

TOKEN = "CAMWIRE_TOKEN"
"""The environment variable with a token: what stands on a command line can be seen by everybody."""


def command(
    out: Annotated[Path, typer.Option(metavar="FILE.zip", help="Where to; a file that isn't there yet.")],
    config: Annotated[
        Path | None, typer.Option(metavar="CONFIG.yaml", help="The configuration; its passwords are masked.")
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="The running server; without it, the one that the configuration names."
        ),
    ] = None,
    log: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A log, of which the end is taken; `-`: standard input."),
    ] = None,
) -> None:
    """Put together what somebody who helps wants to see.

    Versions, packages, `camwire doctor`'s findings, the configuration as camwire reads it, what a running
    server says of itself, logs. No pictures, no events, no accounts; passwords and tokens are masked. Look
    into it before you send it: addresses and names of cameras are in it.

    Where the server asks for a login, have a viewer's token in the environment variable CAMWIRE_TOKEN.
    """
    from camwire.config.secrets import SECRETS, SecretUrl
    from camwire.monitoring.support import MissingPieceError, packages, versions, write

    if token := os.environ.get(TOKEN):
        SECRETS.add(token)
    if server is not None:
        SECRETS.add(SecretUrl(server))
    pieces: list[Piece] = []
    missing: list[str] = []
    settings = _read(config, pieces, missing) if config is not None else None
    asked = _asked(server, settings, config, token)
    for found in (versions(), packages(), _doctor(), *asked, *_logs(log or [])):
        if isinstance(found, MissingPieceError):
            missing.append(str(found))
        else:
            pieces.append(found)
    try:
        write(out, pieces, missing)
    except FileExistsError:
        raise CommandError(f"{out} is there already; give another name", WRONG_CONFIGURATION) from None
    except OSError as error:
        raise CommandError(f"{out} can't be written: {error.strerror}") from error
    for line in missing:
        print(SECRETS.redact(f"left out: {line}"), file=sys.stderr)
    print(f"{out}: {len(pieces) + 1} files")


class _Environment(Mapping[str, str]):
    """The environment, in which every variable is set: a service's passwords are not in its owner's shell."""

    def __init__(self) -> None:
        self.absent: set[str] = set()

    def __getitem__(self, name: str) -> str:
        if name not in os.environ:
            self.absent.add(name)
        return os.environ.get(name, "not-set-here")

    def __iter__(self) -> Iterator[str]:
        return iter(os.environ)

    def __len__(self) -> int:
        return len(os.environ)


def _read(path: Path, pieces: list[Piece], missing: list[str]) -> Config | None:
    """The configuration as it is understood: its own text might hold passwords in comments."""
    from camwire.config import ConfigError, load
    from camwire.monitoring.support import Piece, as_json

    environment = _Environment()
    try:
        settings = load(path, environment)
    except ConfigError as error:
        pieces.append(Piece("configuration-problems.txt", f"{error}\n"))
        return None
    pieces.append(as_json("configuration.json", settings.model_dump(mode="json")))
    missing += [f"configuration.json: {name} is not set here" for name in sorted(environment.absent)]
    return settings


def _doctor() -> Piece:
    from camwire.cli.diagnosis import can_run, diagnose
    from camwire.monitoring.support import as_json

    findings = diagnose()
    return as_json(
        "doctor.json", {"can_run": can_run(findings), "findings": [asdict(finding) for finding in findings]}
    )


def _asked(
    url: str | None, settings: Config | None, config: Path | None, token: str | None
) -> Iterator[Piece | MissingPieceError]:
    """What the server at ``url`` says, or the one of this machine that the configuration names."""
    import ssl

    from camwire.cli.check import address
    from camwire.monitoring.support import MissingPieceError
    from camwire.server.origin import is_loopback

    if url is not None:
        yield from _answers(url, token, ssl.create_default_context())
        return
    if settings is None or config is None or not settings.server.port:
        yield MissingPieceError("server: neither --server nor a configuration with a port says where it is")
        return
    here = settings.server
    if not is_loopback(here.host):
        here = here.model_copy(update={"host": "127.0.0.1"})
    try:
        trust = ssl.create_default_context() if here.tls is None else _own(here.tls, config.absolute().parent)
    except (OSError, ValueError) as error:
        yield MissingPieceError(f"server: its certificate can't be read: {error}")
        return
    yield from _answers(address(here), token, trust)


def _own(tls: TlsConfig, folder: Path) -> ssl.SSLContext:
    """Trusts the certificate that the server shows, and no other, whatever name is in it.

    Raises OSError and ValueError where it can't be read.
    """
    import ssl

    text = (folder / Path(tls.certificate).expanduser()).read_text(encoding="ascii")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # without those who issued it
    own, end, _ = text.partition("-----END CERTIFICATE-----")
    context.load_verify_locations(cadata=own + end)
    return context


def _answers(url: str, token: str | None, trust: ssl.SSLContext) -> Iterator[Piece | MissingPieceError]:
    import httpx

    from camwire.monitoring.support import MissingPieceError, of_server

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with httpx.Client(base_url=url, headers=headers, trust_env=False, verify=trust) as client:
            yield from of_server(client)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError) as error:
        yield MissingPieceError(f"server: --server is no URL: {error}")


def _logs(paths: list[Path]) -> Iterator[Piece | MissingPieceError]:
    from camwire.monitoring.support import MissingPieceError, log_end

    for number, path in enumerate(paths, start=1):
        try:
            if str(path) == "-":
                yield log_end(f"{number}-standard-input.log", sys.stdin.buffer)
            else:
                with path.open("rb") as file:
                    yield log_end(f"{number}-{path.name}", file)
        except OSError as error:
            yield MissingPieceError(f"log {path} can't be read: {error.strerror}")
        except MissingPieceError as error:
            yield error
