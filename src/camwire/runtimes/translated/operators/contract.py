"""What an operator is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from camwire.runtimes.translated.types import TYPES

Compute = Callable[..., Any]


class TranslationError(ValueError):
    """Something that a file asks for isn't done here. The message says what."""


@dataclass(frozen=True, slots=True)
class Operator:
    compute: Compute
    known: frozenset[int] = frozenset()
    """Places of the inputs that come as lists of numbers."""


Table = Mapping[str, Compute | Operator]


def told(compute: Compute, *known: int) -> Operator:
    """An operator that has to know the inputs at these places beforehand."""
    return Operator(compute, frozenset(known))


def of_onnx(number: int) -> torch.dtype:
    """The type that ONNX has under this number. Raises TranslationError for one that detectors don't use."""
    if number not in TYPES:
        raise TranslationError(f"numbers of ONNX's type {number}")
    return TYPES[number]
