"""The socket on which clients connect."""

from __future__ import annotations

import errno
import os
import socket

from camwire.config.server import ServerConfig

SEND_BUFFER = 256 << 10
"""Bytes asked of the kernel for each client: a slow one then sees pictures a second old, not four."""
UNSENT = 128 << 10
"""Of these, bytes that may wait unsent."""
TCP_NOTSENT_LOWAT = 25
"""Linux's number; Python 3.11 has no name for it."""
BACKLOG = 512


class CannotListenError(Exception):
    """The address can't be listened on; the message says why and what to do."""


def listen(server: ServerConfig) -> socket.socket:
    """Bind and listen; the connections inherit the bounds on their buffers. Raises CannotListenError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            server.host, server.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise CannotListenError(_explained(server, error)) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        listener.setsockopt(socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise CannotListenError(_explained(server, error)) from error
    listener.setblocking(False)
    return listener


def address_of(listener: socket.socket, *, tls: bool = False) -> str:
    """Where a browser on this machine finds the viewer."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1"
    return f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}/"


def _explained(server: ServerConfig, error: OSError) -> str:
    where = f"port {server.port} on {server.host}"
    if error.errno == errno.EADDRINUSE:
        return f"{where} is in use: stop what listens there, or set server.port to another (0: any free one)"
    if error.errno == errno.EACCES:
        return f"{where} is not allowed for this user: set server.port to 1024 or more"
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return (
            f"{server.host!r} is no address of this machine: set server.host to 127.0.0.1, or 0.0.0.0 for all"
        )
    return f"{where} can't be listened on: {error.strerror or os.strerror(error.errno or 0)}"
