"""The pictures that go out."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from camwire.config.base import ConfigModel
from camwire.frames import Size

SMALLEST_SIDE = 16
LARGEST_SIDE = 8192
"""Pixels."""


def _parsed_size(value: object) -> object:
    """Accept 1280x720 beside [1280, 720]."""
    if isinstance(value, str):
        return value.lower().replace("×", "x").split("x")
    return value


def _within_bounds(size: Size) -> Size:
    if not all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in size):
        raise ValueError(f"each side has {SMALLEST_SIDE} to {LARGEST_SIDE} pixels, for example 1280x720")
    return size


PictureSize = Annotated[
    Size,
    BeforeValidator(_parsed_size),
    AfterValidator(_within_bounds),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^\s*\d+\s*[xX×]\s*\d+\s*$"},
                {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
            ]
        }
    ),
]


class OutputConfig(ConfigModel):
    """Size, rate and quality of the annotated pictures."""

    size: PictureSize = Field(
        Size(1280, 720),
        description="The processing size, `WIDTHxHEIGHT`: pictures are scaled to fit into it with their "
        "aspect kept (never enlarged), and pixel coordinates refer to it.",
    )
    max_fps: float = Field(20.0, ge=0, description="Pictures a second sent per camera at most; 0: no cap.")
    jpeg_quality: int = Field(85, ge=1, le=100, description="JPEG quality.")


class OverlayConfig(ConfigModel):
    """What is drawn when camwire starts; everyone may toggle it while it runs."""

    boxes: bool = Field(True, description="A box around each object.")
    labels: bool = Field(True, description="Class, id and score of each object.")
    traces: bool = Field(True, description="The way each object came.")
    keypoints: bool = Field(True, description="Skeletons, where the model finds keypoints.")
    masks: bool = Field(True, description="Each object's pixels, tinted, where the model finds masks.")
    zones: bool = Field(True, description="Zones of the rules, with their counts.")
    lines: bool = Field(True, description="Lines and directions of the rules, with their counts.")
