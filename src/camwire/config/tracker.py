"""The tracker: how detections of one object become one identity."""

from typing import Literal

from pydantic import Field

from camwire.config.base import ConfigModel


class TrackerConfig(ConfigModel):
    """How objects are followed from frame to frame."""

    type: Literal["bytetrack"] = Field("bytetrack", description="The algorithm.")
    trace_length: int = Field(30, ge=0, le=256, description="Points kept of an object's way, for drawing it.")
