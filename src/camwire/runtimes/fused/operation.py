"""The kernels as operations that PyTorch's compiler takes as they are. Tensors are channels last."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import torch
import triton
from torch import Tensor

from camwire.runtimes.fused.kernels import convolve, convolve_each, pool
from camwire.runtimes.fused.tiles import tiles_for

MOST_SOURCES = 4
EACH_PIXELS, EACH_CHANNELS, EACH_WARPS = 8, 64, 1
POOL_PIXELS, POOL_CHANNELS = 16, 64
"""What a program of the grid makes, of channels that go by themselves."""
COUNTED = 2**31 - 2**24
"""Numbers of a tensor that a kernel reaches, and room for what lies beside a picture."""
USUAL_SHARED = 99 * 1024
"""Bytes of shared memory that a program may have on every GPU from compute capability 8.6 on."""


class After(NamedTuple):
    """What is done to a convolution's result."""

    bias: Tensor | None
    active: bool
    added: Tensor | None


@torch.library.custom_op("camwire::convolution", mutates_args=())
def convolution(
    sources: Sequence[Tensor],
    doubled: int,
    weight: Tensor,
    bias: Tensor | None,
    added: Tensor | None,
    stride: int,
    active: bool,
) -> Tensor:
    """act(conv(cat(sources)) + bias) + added.

    ``sources``: one to four [N, C, H, W]; ``doubled``: a bit for each that has half as many rows and columns,
    each pixel of which counts twice in both directions. ``weight`` [out, C, side, side], ``side`` odd, with
    half as much room around the picture; C 1 for a convolution of each channel by itself. ``active``: SiLU.
    All of one dtype.
    """
    sources = [_dense(source) for source in sources]
    out = _result(sources, doubled, weight, stride)
    weight = weight.contiguous(memory_format=torch.channels_last)
    after = After(bias, active, None if added is None else _dense(added))
    for part in _parts(*sources, out, *(() if after.added is None else (after.added,))):
        own = after if after.added is None else after._replace(added=after.added[part])
        if weight.shape[1] < sources[0].shape[1]:
            _convolve_each(sources[0][part], weight, stride, own, out[part])
        else:
            _convolve([source[part] for source in sources], doubled, weight, stride, own, out[part])
    return out


@convolution.register_fake
def _(
    sources: Sequence[Tensor],
    doubled: int,
    weight: Tensor,
    bias: Tensor | None,  # noqa: ARG001
    added: Tensor | None,  # noqa: ARG001
    stride: int,
    active: bool,  # noqa: ARG001
) -> Tensor:
    return _result(sources, doubled, weight, stride)


@torch.library.custom_op("camwire::max_pool", mutates_args=())
def max_pool(source: Tensor, side: int) -> Tensor:
    """[N, C, H, W]: the greatest of the ``side``×``side`` pixels around each. (Three of torch.compile's took
    a sixth of YOLO11s's time.)"""
    source = _dense(source)
    out = torch.empty_like(source, memory_format=torch.channels_last)
    for part in _parts(source):
        _pool(source[part], side, out[part])
    return out


@max_pool.register_fake
def _(source: Tensor, side: int) -> Tensor:  # noqa: ARG001
    return torch.empty_like(source, memory_format=torch.channels_last)


def _convolve(
    sources: Sequence[Tensor], doubled: int, weight: Tensor, stride: int, after: After, out: Tensor
) -> None:
    side, widths = weight.shape[2], [source.shape[1] for source in sources]
    tiles = tiles_for(widths, weight.shape[0], side, stride, _shared_memory(out.device))
    pixels, *sides = _sizes(sources[0], doubled & 1, out)
    missing = [0] * (MOST_SOURCES - len(sources))
    grid = triton.cdiv(pixels, tiles.pixels) * triton.cdiv(weight.shape[0], tiles.channels)
    convolve[(grid,)](
        *sources, *(sources[0] for _ in missing), weight, *_read(after, weight), out,
        pixels, *sides, *map(_step, sources), *missing, _step(after.added),
        *widths, *missing, doubled, weight.shape[0], side, stride, *_done(after),
        tiles.pixels, tiles.channels, tiles.depth, num_warps=tiles.warps, num_stages=tiles.stages,
    )  # fmt: skip


def _convolve_each(source: Tensor, weight: Tensor, stride: int, after: After, out: Tensor) -> None:
    pixels, *sides = _sizes(source, 0, out)
    channels, side = source.shape[1], weight.shape[2]
    grid = triton.cdiv(pixels, EACH_PIXELS), triton.cdiv(channels, EACH_CHANNELS)
    convolve_each[grid](
        source, weight, *_read(after, weight), out,
        pixels, *sides, _step(source), _step(after.added),
        channels, side, stride, *_done(after), EACH_PIXELS, EACH_CHANNELS, num_warps=EACH_WARPS,
    )  # fmt: skip


def _pool(source: Tensor, side: int, out: Tensor) -> None:
    pixels, *_, height, width = _sizes(source, 0, out)
    channels = source.shape[1]
    grid = triton.cdiv(pixels, POOL_PIXELS), triton.cdiv(channels, POOL_CHANNELS)
    sizes = pixels, height, width, _step(source)
    pool[grid](source, out, *sizes, channels, side, POOL_PIXELS, POOL_CHANNELS)


def _parts(*tensors: Tensor) -> list[slice]:
    """Pictures so many at a time that kernels, which count in 32 bits, find every number of each tensor."""
    count = len(tensors[0])
    most = max(len(one) * one.shape[2] * one.shape[3] * _step(one) for one in tensors)
    size = max(1, count * COUNTED // max(most, 1)) if most > COUNTED else count
    return [slice(first, first + size) for first in range(0, count, size)]


def _read(after: After, instead: Tensor) -> tuple[Tensor, Tensor]:
    """What the kernels read; where nothing is to be read, they get ``instead``."""
    return (
        instead if after.bias is None else after.bias,
        instead if after.added is None else after.added,
    )


def _done(after: After) -> tuple[bool, bool, bool]:
    """As the kernels take it: BIASED, ADDED, ACTIVE."""
    return after.bias is not None, after.added is not None, after.active


def _result(sources: Sequence[Tensor], doubled: int, weight: Tensor, stride: int) -> Tensor:
    """Without its values."""
    source = sources[0]
    height, width = (side << (doubled & 1) for side in source.shape[2:])
    shape = (source.shape[0], weight.shape[0], (height - 1) // stride + 1, (width - 1) // stride + 1)
    return torch.empty(shape, dtype=source.dtype, device=source.device, memory_format=torch.channels_last)


def _sizes(source: Tensor, doubled: int, out: Tensor) -> tuple[int, ...]:
    """Pixels of all results; rows and columns of the source and of the result."""
    count, _, out_height, out_width = out.shape
    height, width = (side << doubled for side in source.shape[2:])
    return count * out_height * out_width, height, width, out_height, out_width


def _dense(tensor: Tensor) -> Tensor:
    """With its pixels one after the other, and a pixel's channels; between pixels there may be others'."""
    channels, height, width = tensor.shape[1:]
    step = tensor.stride(3)
    if step >= channels and tensor.stride() == (height * width * step, 1, width * step, step):
        return tensor
    return tensor.clone(memory_format=torch.channels_last)


def _step(tensor: Tensor | None) -> int:
    """Elements from a pixel to the next."""
    return 0 if tensor is None else tensor.stride(3)


@cache
def _shared_memory(device: torch.device) -> int:
    """Bytes that a program may have."""
    if device.type != "cuda":
        return USUAL_SHARED
    limit: Any = torch.cuda.get_device_properties(device).shared_memory_per_block_optin
    return int(limit)
