"""The listening socket: bounds that connections inherit, and words for when it can't be had."""

import socket
from contextlib import suppress

import pytest

from camwire.config.server import ServerConfig
from camwire.server.listener import (
    SEND_BUFFER,
    TCP_NOTSENT_LOWAT,
    UNSENT,
    CannotListenError,
    address_of,
    listen,
)

pytestmark = pytest.mark.integration


def test_connections_inherit_the_bounds_on_what_the_kernel_keeps() -> None:
    with listen(ServerConfig(port=0)) as listener, socket.create_connection(listener.getsockname()):
        listener.setblocking(True)
        accepted, _ = listener.accept()
        with accepted:
            # The kernel doubles what is asked for, for its own bookkeeping.
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * SEND_BUFFER
            assert accepted.getsockopt(socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT) == UNSENT


def test_a_connection_takes_no_more_than_that() -> None:
    with listen(ServerConfig(port=0)) as listener, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
        client.connect(listener.getsockname())
        listener.setblocking(True)
        accepted, _ = listener.accept()
        with accepted:
            accepted.setblocking(False)
            taken = 0
            with suppress(BlockingIOError):
                while taken < 100_000_000:
                    taken += accepted.send(bytes(100_000))
            assert taken < 2 * SEND_BUFFER + (256 << 10)


def test_the_address_is_one_that_a_browser_can_open() -> None:
    with listen(ServerConfig(port=0)) as listener:
        assert address_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}/"
    with listen(ServerConfig(host="0.0.0.0", port=0)) as listener:
        assert address_of(listener).startswith("http://127.0.0.1:")


def test_a_port_in_use_is_named_with_what_to_do() -> None:
    with listen(ServerConfig(port=0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(CannotListenError, match=f"port {port} on 127.0.0.1 is in use: .*server.port"):
            listen(ServerConfig(port=port))


@pytest.mark.parametrize("host", ["203.0.113.7", "no.such.host.invalid"])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    with pytest.raises(CannotListenError, match="no address of this machine"):
        listen(ServerConfig(host=host, port=0))
