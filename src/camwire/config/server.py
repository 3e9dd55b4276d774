"""The server: where people and programs connect."""

from pydantic import Field

from camwire.config.base import ConfigModel
from camwire.config.paths import FilePath


class TlsConfig(ConfigModel):
    """Files of a certificate, as PEM."""

    certificate: FilePath = Field(
        min_length=1,
        description="The certificate, followed by those between it and its root. A changed file is used for "
        "new connections at once. A relative path begins at the configuration's folder.",
    )
    key: FilePath = Field(min_length=1, description="Its private key, without a passphrase.")


class ServerConfig(ConfigModel):
    """Address and limits of the HTTP and WebSocket server."""

    host: str = Field(
        "127.0.0.1",
        description="Address to listen on. One that other machines can reach asks for accounts.",
    )
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    hostnames: tuple[str, ...] = Field(
        (),
        description="Names by which browsers find the server, beside addresses and this machine's own name. "
        "With one, accounts are asked for even on 127.0.0.1: there must be a proxy before it.",
    )
    tls: TlsConfig | None = Field(None, description="Speak HTTPS; without it, HTTP.")
    accounts: FilePath = Field(
        "accounts.db",
        min_length=1,
        description="Where accounts and tokens are kept; the file comes with the first one. A relative path "
        "begins at the configuration's folder.",
    )
    session_idle_hours: float = Field(
        24.0, ge=0.01, le=87_600, description="A login ends when it has not been used for so long."
    )
    session_max_days: float = Field(
        30.0, ge=0.001, le=3650, description="A login ends after so long at the latest."
    )
    max_connections: int = Field(
        500, ge=1, le=100_000, description="Connections at once; more are answered with 503 and closed."
    )
    max_connections_per_address: int = Field(
        100, ge=1, le=100_000, description="Of these, from one address; this machine's own has no such bound."
    )
