"""Which pages may act on this server."""

from __future__ import annotations

from urllib.parse import urlsplit


def same_origin(origin: str | None, host: str | None) -> bool:
    """Whether a page from ``origin`` may act on ``host``; programs send no origin, our page its own."""
    if origin is None:
        return True
    return host is not None and urlsplit(origin).netloc.lower() == host.lower()
