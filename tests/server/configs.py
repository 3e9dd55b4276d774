"""Configurations for the server's tests."""

from camwire.config.camera import CameraConfig
from camwire.config.root import Config
from camwire.config.secrets import SecretUrl
from camwire.config.server import ServerConfig


def config(*cameras: str, disabled: tuple[str, ...] = (), port: int = 0) -> Config:
    """A camera for each id, on a free port."""
    return Config(
        cameras=tuple(
            CameraConfig(id=camera, url=SecretUrl(f"synthetic:{camera}"), enabled=camera not in disabled)
            for camera in (*cameras, *disabled)
        ),
        server=ServerConfig(port=port),
    )
