"""The pictures that go out."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from camwire.config.base import ConfigModel
from camwire.frames import Size


def _parsed_size(value: object) -> object:
    """Accept 1280x720 beside [1280, 720]."""
    if isinstance(value, str):
        return value.lower().replace("×", "x").split("x")
    return value


PictureSize = Annotated[Size, BeforeValidator(_parsed_size)]


class OutputConfig(ConfigModel):
    """Size, rate and quality of the annotated pictures."""

    size: PictureSize = Field(
        Size(1280, 720),
        description="The processing size: pictures are scaled to fit into it with their aspect kept (never "
        "enlarged), and pixel coordinates refer to it.",
    )
    max_fps: float = Field(20.0, ge=0, description="Pictures a second sent per camera at most; 0: no cap.")
    jpeg_quality: int = Field(85, ge=1, le=100, description="JPEG quality.")


class OverlayConfig(ConfigModel):
    """What is drawn when camwire starts; everyone may toggle it while it runs."""

    boxes: bool = Field(True, description="A box around each object.")
    labels: bool = Field(True, description="Class, id and score of each object.")
    traces: bool = Field(True, description="The way each object came.")
