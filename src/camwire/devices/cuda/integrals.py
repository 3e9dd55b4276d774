"""Sums over the planes of pictures on the device, for trackers that look at pictures."""

from __future__ import annotations

from typing import Any

from camwire.devices.cuda.surfaces import surface_on_device

BYTES = {False: 1, True: 2}
"""A sample's, by whether it is wide."""


def integrals(picture: Any) -> tuple[Any, Any, Any]:
    """CuPy arrays [H + 1, W + 1] int32 (modulo 2³²) for luma and both chroma planes.

    They are the sums of all values, of 8 bits, above and to the left, and hold after the picture is gone.

    ``picture`` is what frames carry on this device. Raises DeviceError for any other.
    """
    surface = surface_on_device(picture)
    width, height = surface.size
    across, down = (width + 1) // 2, (height + 1) // 2
    luma = _samples(picture, surface.luma, (height, width), surface.luma_pitch, wide=surface.wide)
    pairs = _samples(picture, surface.chroma, (down, across, 2), surface.chroma_pitch, wide=surface.wide)
    return _sums(luma), _sums(pairs[..., 0]), _sums(pairs[..., 1])


def _samples(owner: Any, address: int, shape: tuple[int, ...], pitch: int, *, wide: bool) -> Any:
    """The 8-bit values at ``address``, rows ``pitch`` bytes apart; nothing is copied unless they are wide."""
    import cupy

    size = BYTES[wide]
    memory = cupy.cuda.UnownedMemory(address, shape[0] * pitch, owner)
    inner = (size,) if len(shape) == 2 else (2 * size, size)
    dtype, begin = cupy.uint16 if wide else cupy.uint8, cupy.cuda.MemoryPointer(memory, 0)
    values = cupy.ndarray(shape, dtype, begin, strides=(pitch, *inner))
    return (values >> 8).astype(cupy.uint8) if wide else values


def _sums(values: Any) -> Any:
    import cupy

    height, width = values.shape
    result = cupy.zeros((height + 1, width + 1), cupy.int32)
    cupy.cumsum(values, axis=0, dtype=cupy.int32, out=result[1:, 1:])
    cupy.cumsum(result[1:, 1:], axis=1, out=result[1:, 1:])
    return result
