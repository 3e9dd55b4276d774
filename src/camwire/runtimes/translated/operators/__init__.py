"""ONNX's operators in PyTorch: each a function of the node and its inputs, in the node's order.

An input that is left out is None. What an operator has to know before it looks at pictures, like the shape
that ``Reshape`` makes, comes as a list of numbers. Several results come as a tuple. A function raises
``TranslationError`` for what it doesn't do.
"""

from __future__ import annotations

from collections.abc import Mapping

from camwire.runtimes.translated.operators import (
    elementwise,
    indexing,
    layers,
    making,
    pooling,
    reductions,
    resizing,
    shapes,
)
from camwire.runtimes.translated.operators.contract import Operator

OPERATORS: Mapping[str, Operator] = {
    name: one if isinstance(one, Operator) else Operator(one)
    for part in (elementwise, indexing, layers, making, pooling, reductions, resizing, shapes)
    for name, one in part.OPERATORS.items()
}
"""By their names in ONNX's own domain."""
