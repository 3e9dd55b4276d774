"""ONNX's types of numbers."""

from __future__ import annotations

import torch

TYPES = {
    1: torch.float32,
    2: torch.uint8,
    3: torch.int8,
    5: torch.int16,
    6: torch.int32,
    7: torch.int64,
    9: torch.bool,
    10: torch.float16,
    11: torch.float64,
    16: torch.bfloat16,
}
"""By their numbers in ONNX's ``TensorProto.DataType``."""
