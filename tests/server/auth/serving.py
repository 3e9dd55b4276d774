"""The whole server on a real port, with accounts in a file, under TLS where wanted, without workers."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import trustme

from camwire.config import load
from camwire.link.endpoint import private_endpoints
from camwire.link.server_end import ServerEnd
from camwire.server.app import create_app, http_server
from camwire.server.auth.credentials import digest
from camwire.server.auth.passwords import hashed
from camwire.server.auth.roles import ROLES
from camwire.server.auth.security import accounts_file, secured
from camwire.server.auth.store import AccountStore
from camwire.server.connections import limits_of
from camwire.server.document import FileDocument
from camwire.server.listener import address_of, listen
from camwire.server.server import Server

PASSWORD = "swordfish and chips"
TLS = "tls: {certificate: cert.pem, key: key.pem}"


def write_certificate(folder: Path, name: str = "localhost") -> ssl.SSLContext:
    """`cert.pem` and `key.pem`, and a context that trusts them."""
    authority = trustme.CA()
    issued = authority.issue_cert(name, "127.0.0.1")
    (folder / "cert.pem").write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    (folder / "key.pem").write_bytes(issued.private_key_pem.bytes())
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@dataclass
class Serving:
    address: str
    """Without a slash at its end."""
    server: Server
    trusts: ssl.SSLContext | None

    def client(self, **options: object) -> httpx.AsyncClient:
        verify = self.trusts if self.trusts is not None else True
        return httpx.AsyncClient(base_url=self.address, verify=verify, **{"timeout": 60, **options})  # type: ignore[arg-type]

    @property
    def socket(self) -> str:
        return self.address.replace("http", "ws", 1) + "/ws"


def add_people_and_programs(file: Path) -> None:
    """`viewer`, `operator` and `admin`, people with ``PASSWORD`` and programs with their name as token."""
    store = AccountStore(file)
    known = hashed(PASSWORD)
    for role in reversed(ROLES):
        store.add_account(role, role, known, time.time())
        store.add_token(role, role, digest(role), time.time())
    store.close()


@asynccontextmanager
async def serving(folder: Path, *settings: str, accounts: bool = True) -> AsyncIterator[Serving]:
    """``settings``: of the section `server`, as YAML."""
    trusts = write_certificate(folder) if TLS in settings else None
    path = folder / "camwire.yaml"
    lines = [
        "cameras: [{id: gate, url: x.mp4}]",
        "server:",
        *("  " + line for line in ("port: 0", *settings)),
    ]
    path.write_text("\n".join(lines))
    config = load(path).server
    if accounts:
        add_people_and_programs(accounts_file(config, folder))
    security = secured(config, folder)
    with private_endpoints() as endpoints, ServerEnd(endpoints) as link, listen(config) as listener:
        server = Server(FileDocument(path), link, {"cpu": ["true"]}, security)
        app = create_app(server.hub, server.reporter.delivered, server.not_ready, server.services)
        http = http_server(app, limits=limits_of(config), certificate=security.certificate)
        running = asyncio.create_task(http.serve(sockets=[listener]))
        try:
            yield Serving(address_of(listener, tls=trusts is not None).rstrip("/"), server, trusts)
        finally:
            http.should_exit = True
            await running
            security.access.store.close()
