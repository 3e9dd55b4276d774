"""What a server's address asks for before it may be listened on."""

from __future__ import annotations

from camwire.config.server import ServerConfig
from camwire.server.origin import is_loopback


class ExposedError(Exception):
    """The server would be open to others; the message says what to do."""


def is_exposed(server: ServerConfig) -> bool:
    """Whether others than this machine's own users can reach the server, through a proxy too."""
    return not is_loopback(server.host) or not all(map(is_loopback, server.hostnames))


def check_exposure(server: ServerConfig, *, has_accounts: bool, insecure: bool) -> list[str]:
    """What is risky, to be said aloud. Raises ExposedError where it is more than that."""
    if not is_exposed(server):
        return []
    if is_loopback(server.host):
        reach = f"through the proxy for {server.hostnames[0]}"
    else:
        reach = f"on {server.host or 'every address'} port {server.port}"
    if not has_accounts and not insecure:
        raise ExposedError(
            f"anyone who reaches camwire {reach} could see and change everything: there are no accounts. "
            "Make one with `camwire accounts add CONFIG.yaml NAME --role admin`, listen on 127.0.0.1 "
            "(server.host), or, where only people you trust can connect, say --insecure"
        )
    risks = []
    if not has_accounts:
        risks.append(
            f"INSECURE: anyone who reaches camwire {reach} sees and changes everything without a login"
        )
    if server.tls is None and not is_loopback(server.host):
        risks.append(f"passwords and pictures cross the network in the clear {reach}: set server.tls")
    return risks
