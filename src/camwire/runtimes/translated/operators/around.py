"""What convolutions and pools look at: a window of pixels, and the room around pictures."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch.nn import functional

from camwire.runtimes.translated.operators.contract import TranslationError
from camwire.runtimes.translated.program import Node


def window(node: Node, kernel: list[int]) -> tuple[list[int], list[int], list[int]]:
    """``kernel``, the steps from window to window and from pixel to pixel in one, by axis."""
    ones = [1] * len(kernel)
    return kernel, node.said.get("strides") or ones, node.said.get("dilations") or ones


def room(
    node: Node, sides: Sequence[int], kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> tuple[list[int], list[int]]:
    """Before and behind each of the ``sides``, as the node says or asks to be worked out (`auto_pad`)."""
    how = node.said.get("auto_pad", "NOTSET")
    if how == "VALID":
        return [0] * len(sides), [0] * len(sides)
    if how == "NOTSET":
        pads = node.said.get("pads") or [0] * 2 * len(sides)
        return list(pads[: len(sides)]), list(pads[len(sides) :])
    if how not in ("SAME_UPPER", "SAME_LOWER"):
        raise TranslationError(f"auto_pad {how!r}")
    missing = [
        max(0, (-(-side // stride) - 1) * stride + dilation * (size - 1) + 1 - side)
        for side, size, stride, dilation in zip(sides, kernel, strides, dilations, strict=True)
    ]
    smaller, larger = [each // 2 for each in missing], [each - each // 2 for each in missing]
    return (smaller, larger) if how == "SAME_UPPER" else (larger, smaller)


def surrounded(x: Tensor, before: Sequence[int], behind: Sequence[int], value: float) -> Tensor:
    """With so much room around its last axes."""
    if not any(before) and not any(behind):
        return x
    pairs = list(zip(before, behind, strict=True))
    return functional.pad(x, [side for pair in reversed(pairs) for side in pair], value=value)
