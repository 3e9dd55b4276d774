"""What workers are called: `cuda:0`, and `cuda:0+2` for a second one on the same device."""

from __future__ import annotations


def name_of(device: str, number: int) -> str:
    """``number``: of several workers on a device which one this is, from 0."""
    return f"{device}+{number + 1}" if number else device


def device_of(worker: str) -> str:
    """Where a worker works."""
    return worker.partition("+")[0]


def number_of(worker: str) -> int:
    """Of several workers on a device which one this is, from 0."""
    return int(worker.partition("+")[2] or 1) - 1
