"""Which kernels draw a batch, in which order: what touches which tile is marked before tiles are drawn."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from camwire.devices.cuda.marks import TILE, most
from camwire.devices.cuda.program import THREADS
from camwire.devices.cuda.surfaces import Records

LANES = 8
"""Threads that prepare an object or a shape (kernels/lines.cuh)."""
THINGS_A_BLOCK = THREADS // LANES


class Scene(NamedTuple):
    """Where everything lies: addresses for the kernels, in the order in which ``draw`` takes them."""

    pictures: Any
    objects: Any
    prepared: Any
    """PREPARED bytes for each object."""
    points: Any
    shapes: Any
    corners: Any
    pixels: Any
    dark: Any


class Launch(NamedTuple):
    """A kernel of kernels/draw.cu."""

    name: str
    grid: tuple[int, ...]
    arguments: tuple[Any, ...]


def launches(pictures: Records, trace_length: int, scene: Scene) -> list[Launch]:
    """The kernels that draw ``pictures``, at least one. Their tables of marks have to be all zeros."""
    started: list[Launch] = []
    grid: tuple[int, ...]
    if objects := most(pictures, "first", "last"):
        grid = -(-objects // THINGS_A_BLOCK), len(pictures)
        length = np.int32(trace_length)
        started.append(Launch("prepare_objects", grid, (*scene[:4], length)))
    if shapes := most(pictures, "shapes", "shapes_end"):
        grid = -(-shapes // THINGS_A_BLOCK), len(pictures)
        started.append(Launch("prepare_shapes", grid, (scene.pictures, scene.shapes)))
    width, height = (int(pictures[side].max()) for side in ("width", "height"))
    grid = -(-width // TILE.width), -(-height // TILE.height), len(pictures)
    started.append(Launch("draw", grid, tuple(scene)))
    return started
