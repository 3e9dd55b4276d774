"""The whole configuration."""

from typing import Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from camwire.config.base import ConfigModel
from camwire.config.camera import CameraConfig
from camwire.config.detection import ModelConfig
from camwire.config.output import OutputConfig, OverlayConfig
from camwire.config.server import ServerConfig
from camwire.config.tracker import TrackerConfig

DUPLICATE_ID = "duplicate_camera_id"
"""The type of the validation error of that kind."""


class Config(ConfigModel):
    """Everything camwire is told. Only `cameras` has no default."""

    cameras: tuple[CameraConfig, ...] = Field(
        description="The cameras, in the order in which they are shown."
    )
    model: ModelConfig = Field(ModelConfig(), description="The model that finds objects.")
    tracker: TrackerConfig = Field(TrackerConfig(), description="How objects are followed.")
    output: OutputConfig = Field(OutputConfig(), description="The pictures that go out.")
    overlay: OverlayConfig = Field(OverlayConfig(), description="What is drawn on them at first.")
    server: ServerConfig = Field(ServerConfig(), description="Where people and programs connect.")

    @model_validator(mode="after")
    def _camera_ids_are_unique(self) -> Self:
        seen: set[str] = set()
        for camera in self.cameras:
            if camera.id in seen:
                raise PydanticCustomError(DUPLICATE_ID, "two cameras have the same id; ids are unique")
            seen.add(camera.id)
        return self
