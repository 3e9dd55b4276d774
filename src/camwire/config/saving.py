"""Pictures that are kept as files."""

from typing import Literal

from pydantic import Field

from camwire.config.base import ConfigModel
from camwire.config.camera import CameraId
from camwire.config.paths import FilePath


class SavingConfig(ConfigModel):
    """Which pictures are saved, where, and for how long."""

    folder: FilePath | None = Field(
        None,
        description="Where pictures are saved, in a folder for each camera; without it none are. A relative "
        "path begins at the configuration's folder.",
    )
    every_s: float | None = Field(
        None,
        ge=0.1,
        le=86_400,
        description="Seconds between two pictures of a camera; without it pictures are saved on demand only.",
    )
    on_events: bool = Field(
        False, description="Save the picture of each event that a rule reports, of any camera."
    )
    cameras: tuple[CameraId, ...] | None = Field(
        None, description="Ids of the cameras that `every_s` is about; all where absent."
    )
    pictures: Literal["annotated", "clean"] = Field(
        "annotated", description="With what is drawn over them, or without."
    )
    recall_s: float = Field(
        10.0,
        ge=0,
        le=300,
        description="Seconds of what each camera sent that are kept in memory, so that they can be saved as "
        "a video (32 MB a camera at most); `events.clips` may make it more.",
    )
    max_days: float = Field(7.0, ge=0.01, le=36_500, description="Older pictures are deleted.")
    max_gb: float = Field(
        5.0,
        gt=0,
        le=1_000_000,
        description="Beyond so many GB in the folder the oldest pictures are deleted.",
    )
