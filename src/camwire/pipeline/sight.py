"""How trackers get to see the pictures of a device."""

from __future__ import annotations

from importlib import import_module

from camwire.devices.contracts import Device
from camwire.tracking import IN_MEMORY, PictureReader, on_device


def pictures_of(device: Device) -> PictureReader:
    """Pictures that stay on the device are looked at there, by CuPy."""
    if device.integrals is None:
        return IN_MEMORY
    return on_device(import_module("cupy"), device.integrals)
