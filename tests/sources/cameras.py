"""Cameras for tests."""

from typing import Any

from camwire.link.desired import DesiredCamera


def camera(url: str, **wishes: Any) -> DesiredCamera:
    """A camera as the configuration would have it, with some wishes."""
    usual: dict[str, Any] = {
        "id": "test",
        "enabled": True,
        "transport": "tcp",
        "latency_ms": 50,
        "drop_on_latency": False,
    }
    return DesiredCamera(url=url, **{**usual, **wishes})
