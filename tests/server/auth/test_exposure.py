"""What an address asks for before it may be listened on."""

from __future__ import annotations

import pytest

from camwire.config.server import ServerConfig, TlsConfig
from camwire.server.auth.exposure import ExposedError, check_exposure, is_exposed

TLS = TlsConfig(certificate="c.pem", key="k.pem")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost", "LOCALHOST"])
def test_this_machine_alone_needs_nothing(host: str) -> None:
    assert not is_exposed(ServerConfig(host=host))
    assert check_exposure(ServerConfig(host=host), has_accounts=False, insecure=False) == []


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "192.0.2.7", "camera-server", "127.0.0.1.evil.example"]
)
def test_any_other_address_asks_for_accounts_or_for_insecure(host: str) -> None:
    server = ServerConfig(host=host, port=8080, tls=TLS)
    with pytest.raises(ExposedError, match=r"accounts add .*--insecure"):
        check_exposure(server, has_accounts=False, insecure=False)
    assert check_exposure(server, has_accounts=True, insecure=False) == []
    assert check_exposure(server, has_accounts=True, insecure=True) == []
    [risk] = check_exposure(server, has_accounts=False, insecure=True)
    assert risk.startswith("INSECURE")
    [risk] = check_exposure(server.model_copy(update={"tls": None}), has_accounts=True, insecure=False)
    assert "server.tls" in risk


def test_a_name_on_loopback_means_a_proxy_and_so_others() -> None:
    server = ServerConfig(hostnames=("cams.example",))
    with pytest.raises(ExposedError, match=r"the proxy for cams\.example"):
        check_exposure(server, has_accounts=False, insecure=False)
    assert check_exposure(server, has_accounts=True, insecure=False) == [], "the proxy may speak TLS"
    assert not is_exposed(ServerConfig(hostnames=("localhost", "127.0.0.2")))
