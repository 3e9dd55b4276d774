"""Pictures made larger or smaller."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import ceil, floor

import torch
from torch import Tensor
from torch.nn import functional

from camwire.runtimes.translated.operators.contract import Table, TranslationError, told
from camwire.runtimes.translated.program import Node

FILTERS = {3: "linear", 4: "bilinear", 5: "trilinear"}
"""PyTorch's names, by the number of axes, those of pictures and channels included."""
HALF = Fraction(1, 2)
NEAREST: dict[str, Callable[[Fraction], int]] = {
    "round_prefer_floor": lambda x: ceil(x - HALF),
    "round_prefer_ceil": lambda x: floor(x + HALF),
    "floor": floor,
    "ceil": ceil,
}


def resize(
    node: Node,
    x: Tensor,
    _region: Sequence[float] | None = None,
    scales: Sequence[float] | None = None,
    sizes: Sequence[int] | None = None,
) -> Tensor:
    """To ``sizes`` or by ``scales``, of all axes or of those that the node names."""
    if node.said.get("antialias") or node.said.get("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise TranslationError("Resize with antialias or keep_aspect_ratio_policy")
    axes = [axis % x.dim() for axis in node.said.get("axes", range(x.dim()))]
    before = [x.shape[axis] for axis in axes]
    if sizes:
        after = list(sizes)
        factors = [Fraction(new, max(old, 1)) for new, old in zip(after, before, strict=True)]
    elif scales:
        factors = [Fraction(float(scale)) for scale in scales]
        after = [floor(old * factor) for old, factor in zip(before, factors, strict=True)]
    else:
        raise TranslationError("Resize to no size")
    if after == before:
        return x  # whatever the factors, as ONNX Runtime has it
    changed = {
        axis: (factor, new)
        for axis, factor, new, old in zip(axes, factors, after, before, strict=True)
        if new != old or factor != 1
    }
    mode = node.said.get("mode", "nearest")
    place = node.said.get("coordinate_transformation_mode", "half_pixel" if node.opset > 10 else "asymmetric")
    if mode == "nearest":
        rounding = node.said.get("nearest_mode", "round_prefer_floor" if node.opset > 10 else "floor")
        return _nearest(x, changed, place, rounding)
    if any(axis < 2 for axis in changed):
        raise TranslationError("Resize of pictures' number or channels, but for the nearest")
    return _filtered(x, changed, place, mode, node)


def upsample(node: Node, x: Tensor, scales: Sequence[float] | None = None) -> Tensor:
    """What ``Resize`` was called before version 10."""
    return resize(node, x, None, node.said.get("scales") if scales is None else scales)


def _nearest(x: Tensor, changed: dict[int, tuple[Fraction, int]], place: str, rounding: str) -> Tensor:
    chosen = {
        axis: _chosen(x.shape[axis], factor, new, place, rounding) for axis, (factor, new) in changed.items()
    }
    times = {axis: new // x.shape[axis] for axis, (_, new) in changed.items()}
    whole = all(
        places == [number for number in range(x.shape[axis]) for _ in range(times[axis])]
        for axis, places in chosen.items()
    )
    if whole and sorted(changed) == [2, 3] and x.dim() == 4:
        # As convolutions' kernels know it.
        return functional.interpolate(x, scale_factor=[float(times[2]), float(times[3])])
    for axis, places in chosen.items():
        x = x.index_select(axis, torch.tensor(places, device=x.device))
    return x


def _chosen(old: int, factor: Fraction, new: int, place: str, rounding: str) -> list[int]:
    """Of ``old`` places, the ones that the ``new`` ones show."""
    if rounding not in NEAREST:
        raise TranslationError(f"Resize with the nearest_mode {rounding!r}")
    round_off = NEAREST[rounding]
    return [min(max(round_off(_origin(n, old, factor, new, place)), 0), old - 1) for n in range(new)]


def _origin(number: int, old: int, factor: Fraction, new: int, place: str) -> Fraction:
    """Where in the old picture a place of the new one lies (ONNX's definition of Resize)."""
    if place == "asymmetric":
        return number / factor
    if place == "half_pixel" or (place == "pytorch_half_pixel" and new > 1):
        return (number + HALF) / factor - HALF
    if place == "pytorch_half_pixel":
        return Fraction(0)
    if place == "align_corners" and factor * old == new:
        return Fraction(number * (old - 1), new - 1) if new > 1 else Fraction(0)
    raise TranslationError(f"Resize from {old} to {new} with the coordinate_transformation_mode {place!r}")


def _filtered(
    x: Tensor, changed: dict[int, tuple[Fraction, int]], place: str, mode: str, node: Node
) -> Tensor:
    parts = any(factor * x.shape[axis] != new for axis, (factor, new) in changed.items())
    single = any(new == 1 for _, new in changed.values())
    alike = {"half_pixel": True, "pytorch_half_pixel": not single, "align_corners": not parts}
    if not alike.get(place):
        raise TranslationError(f"Resize with the coordinate_transformation_mode {place!r} and mode {mode!r}")
    if mode == "cubic" and (
        x.dim() != 4 or node.said.get("cubic_coeff_a", -0.75) != -0.75 or node.said.get("exclude_outside")
    ):
        raise TranslationError("a cubic Resize of other than pictures, or with coefficients of its own")
    if mode not in ("linear", "cubic") or x.dim() not in FILTERS:
        raise TranslationError(f"Resize with the mode {mode!r} of {x.dim()} axes")
    if mode == "linear" and any(new == x.shape[axis] for axis, (_, new) in changed.items()):
        # PyTorch leaves such an axis alone, ONNX doesn't.
        raise TranslationError("a linear Resize by a factor that changes no size")
    filters = "bicubic" if mode == "cubic" else FILTERS[x.dim()]
    axes = range(2, x.dim())
    if place == "align_corners":
        size = [changed[axis][1] if axis in changed else x.shape[axis] for axis in axes]
        return functional.interpolate(x, size, mode=filters, align_corners=True)
    scale = [float(changed[axis][0]) if axis in changed else 1.0 for axis in axes]
    return functional.interpolate(x, scale_factor=scale, mode=filters, align_corners=False)


OPERATORS: Table = {
    "Resize": told(resize, 1, 2, 3),
    "Upsample": told(upsample, 1),
}
