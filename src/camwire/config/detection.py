"""The detector: which model, how sure, which classes."""

from typing import Literal

from pydantic import Field

from camwire.config.base import ConfigModel

BUNDLED_MODEL = "nanodet"


class ModelConfig(ConfigModel):
    """The model that finds objects."""

    file: str = Field(BUNDLED_MODEL, description="`nanodet` (comes with camwire) or a model file's path.")
    runtime: Literal["auto", "openvino"] = Field("auto", description="What runs the model.")
    score_threshold: float = Field(
        0.4,
        ge=0,
        le=1,
        description="An object begins with a detection of this score; weaker ones, down to half of it, only "
        "carry it on.",
    )
    iou_threshold: float = Field(
        0.5, ge=0, le=1, description="Of two boxes of one class that overlap more, the weaker is left out."
    )
    classes: tuple[str, ...] | None = Field(
        None, description="Only these classes, by name; all where absent."
    )
