"""All that stands between the network and the routes, put together from the configuration."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

from camwire.config.server import ServerConfig
from camwire.server.auth.access import Access, lifetime_of
from camwire.server.auth.exposure import check_exposure, is_exposed
from camwire.server.auth.store import AccountStore
from camwire.server.origin import Names
from camwire.server.tls import Certificate


@dataclass(frozen=True, slots=True)
class Security:
    """Who may come in and by which names, and what their connections are wrapped in."""

    access: Access
    names: Names
    certificate: Certificate | None
    risks: tuple[str, ...]
    """What is to be said aloud."""


def accounts_file(server: ServerConfig, folder: Path) -> Path:
    """``folder``: where relative paths begin."""
    return folder / Path(server.accounts).expanduser()


def secured(server: ServerConfig, folder: Path | None, *, insecure: bool = False) -> Security:
    """``folder``: the configuration's; without one, accounts are kept in memory.

    ``insecure``: let anyone in while there are no accounts, wherever they come from. Raises ExposedError,
    CertificateError and AccountsFileError.
    """
    store = AccountStore(None if folder is None else accounts_file(server, folder))
    risks = check_exposure(server, has_accounts=store.any_accounts(), insecure=insecure)
    tls = server.tls
    return Security(
        Access(store, lifetime_of(server), always_required=is_exposed(server) and not insecure),
        Names(server.host, server.hostnames, socket.gethostname()),
        Certificate(tls, folder or Path.cwd()) if tls is not None else None,
        tuple(risks),
    )
