"""Devices: where pictures are decoded, scaled, drawn and encoded."""

from camwire.devices.contracts import Device


class DeviceError(Exception):
    """A device can't be opened; the message says why and what would help."""


def open_device(name: str, worker: int = 0, cores: int | None = None) -> Device:
    """The device called ``name``: ``cpu``, ``cuda:0``, ``cuda:1``, …, or ``auto``, which is the CPU.

    ``worker``: of several processes on one GPU, which one this is, from 0; ``cores``: so many of the
    processor's are shared by its threads, None for all. Raises DeviceError, which says what is missing.
    """
    if name in {"auto", "cpu"}:
        from camwire.devices.cpu import CpuDevice

        return CpuDevice()
    kind, _, number = name.partition(":")
    if kind == "cuda" and number.isdecimal():
        from camwire.devices.cuda import CudaDevice

        return CudaDevice(int(number), worker, cores)
    raise DeviceError(f"unknown device {name!r}; known: auto, cpu, cuda:0 (the first NVIDIA GPU), cuda:1, …")
