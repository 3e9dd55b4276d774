"""What a device can't do for a camera is a reason that the camera tells people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from camwire.devices import DeviceError
from camwire.sources.faults import SourceError


@contextmanager
def told_of_the_camera() -> Iterator[None]:
    """A DeviceError in here is the camera's SourceError."""
    try:
        yield
    except DeviceError as error:
        raise SourceError(str(error)) from None
