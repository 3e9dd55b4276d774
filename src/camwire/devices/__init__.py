"""Devices: where pictures are decoded, scaled, drawn and encoded."""

from camwire.devices.contracts import Device


class DeviceError(Exception):
    """A device can't be opened; the message says why and what would help."""


def open_device(name: str) -> Device:
    """The device called ``name``: ``cpu``, or ``auto`` for the best one here. Raises DeviceError."""
    if name in {"auto", "cpu"}:
        from camwire.devices.cpu import CpuDevice

        return CpuDevice()
    if name.partition(":")[0] == "cuda":
        raise DeviceError(f"device {name!r}: this version of camwire runs on the CPU only; use `cpu`")
    raise DeviceError(f"unknown device {name!r}; known: auto, cpu")
