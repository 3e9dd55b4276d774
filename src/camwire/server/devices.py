"""Which devices the workers run on. The server itself touches none: it has a short-lived process look."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import msgspec

from camwire.config.detection import ModelConfig
from camwire.config.root import Config
from camwire.link.worker_names import name_of

MANY_CAMERAS = 24
"""On a GPU: from so many on two workers are faster than one (1.7 times on an H100 with 48)."""
CAMERAS_A_WORKER, MOST_WORKERS = 32, 4
"""Where workers share the GPU through MPS: a hundred cameras at 30 frames a second are four workers' work."""
LOOKING = 90.0
"""Seconds that looking may take; packages of a gigabyte are read from a cold disk."""
CARD = Path("/dev/nvidiactl")
"""Is there wherever NVIDIA's driver runs, in containers too."""


class NoDeviceError(Exception):
    """What the configuration asks for isn't here; the message says what is missing."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What the looking process says (``camwire.pipeline.available``)."""

    gpus: tuple[str, ...] = ()
    """Devices that work: `cuda:0`, …"""
    obstacle: str | None = None
    """Why there are none, or no more of them."""
    model: str | None = None
    """Why the model can't run on them."""


@dataclass(frozen=True, slots=True)
class Devices:
    names: tuple[str, ...]
    because: str


def chosen_devices(config: Config, look: Callable[[ModelConfig], Found] | None = None) -> Devices:
    """A worker each is started on these. Raises NoDeviceError for a GPU that can't be used."""
    look = look or look_for_gpus
    wanted = config.devices or (config.device,)
    if all(name == "cpu" for name in wanted):
        return Devices(("cpu",), "asked for")
    found = look(config.model)
    if wanted == ("auto",):
        return _best(found)
    if wanted == ("cuda",):
        if not found.gpus:
            raise NoDeviceError(f"device cuda: {found.obstacle}")
        return Devices(found.gpus, "asked for; every GPU that works")
    if missing := [name for name in wanted if name != "cpu" and name not in found.gpus]:
        here = ", ".join(("cpu", *found.gpus))
        raise NoDeviceError(
            f"device {missing[0]}: {found.obstacle or 'there is no such GPU'}; here are: {here}"
        )
    return Devices(wanted, "asked for")


def workers_of(config: Config, devices: Devices, *, sources_apart: bool = False) -> tuple[str, ...]:
    """The workers' names: `cuda:0`, and `cuda:0+2` for a second one on the same GPU, which takes over half of
    what keeps one's interpreter busy. ``sources_apart``: other processes read the cameras, and workers share
    the GPU without taking turns."""
    gpus = [name for name in devices.names if name != "cpu"]
    each = config.workers_per_gpu
    if each is None:
        cameras = len(config.cameras) / len(devices.names)
        if not gpus or config.engine != "native":
            each = 1
        elif sources_apart:
            each = max(1, min(MOST_WORKERS, ceil(cameras / CAMERAS_A_WORKER)))
        else:
            each = 2 if cameras >= MANY_CAMERAS else 1
    more = (name_of(name, number) for number in range(1, each) for name in gpus)
    return (*devices.names, *more)


def _best(found: Found) -> Devices:
    if found.gpus and found.model is None:
        return Devices(found.gpus, "auto: GPUs that work and run the model")
    return Devices(("cpu",), f"auto: {found.obstacle if not found.gpus else found.model}")


def look_for_gpus(
    model: ModelConfig, environment: Mapping[str, str] | None = None, patience: float = LOOKING
) -> Found:
    """What a process of its own finds; it is gone when this returns. ``environment``: besides our own."""
    if not CARD.exists():
        return Found(obstacle="there is no NVIDIA GPU with a driver in this machine")
    command = [sys.executable, "-m", "camwire.pipeline.available"]
    try:
        done = subprocess.run(
            command,
            input=model.model_dump_json().encode(),
            capture_output=True,
            timeout=patience,
            check=False,
            env={**os.environ, **(environment or {})},
        )
    except subprocess.TimeoutExpired:
        return Found(obstacle=f"looking for GPUs took longer than {patience:g} s")
    try:
        return msgspec.json.decode(done.stdout, type=Found)
    except ValueError:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        reason = said[-1] if said else f"status {done.returncode}"
        return Found(obstacle=f"looking for GPUs failed: {reason}")
