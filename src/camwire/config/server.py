"""The server: where people and programs connect."""

from pydantic import Field

from camwire.config.base import ConfigModel


class ServerConfig(ConfigModel):
    """Address and limits of the HTTP and WebSocket server."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
