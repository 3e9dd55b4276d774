"""The detector: which model, how sure, which classes."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from camwire.config.base import ConfigModel
from camwire.config.output import PictureSize
from camwire.config.paths import FilePath

BUNDLED_MODEL = "nanodet"


def _numbers_as_text(value: object) -> object:
    """A class may be given by its number, which YAML makes an integer."""
    if isinstance(value, Iterable) and not isinstance(value, str):
        return tuple(str(item) if type(item) is int else item for item in value)
    return value


ClassNames = Annotated[tuple[str, ...], BeforeValidator(_numbers_as_text)]


class ClassConfig(ConfigModel):
    """Thresholds of one class; what is left out is as for all classes."""

    name: Annotated[str, BeforeValidator(lambda value: str(value) if type(value) is int else value)] = Field(
        description="The class, by name or number."
    )
    score_threshold: float | None = Field(None, ge=0, le=1, description="As in `model`, for this class.")
    iou_threshold: float | None = Field(None, ge=0, le=1, description="As in `model`, for this class.")
    final_threshold: float | None = Field(None, ge=0, le=1, description="As in `model`, for this class.")
    top_k: int | None = Field(None, ge=1, description="As in `model`, for this class.")


class ModelConfig(ConfigModel):
    """The model that finds objects."""

    file: FilePath = Field(
        BUNDLED_MODEL, description="`nanodet` (comes with camwire) or a model file's path."
    )
    runtime: Literal["auto", "openvino", "onnxruntime", "tensorrt", "torch"] = Field(
        "auto", description="What runs the model; `auto`: what is fastest for the device and the file."
    )
    precision: Literal["auto", "full"] = Field(
        "auto",
        description="`auto`: half precision where the device is faster in it; `full`: 32 bits. Models that "
        "are quantised to 8 bits run as they come.",
    )
    task: Literal["auto", "detect", "pose", "segment", "obb"] = Field(
        "auto", description="What the model does; `auto`: as its file says. `obb`: oriented boxes."
    )
    input_size: PictureSize | None = Field(
        None, description="The model's largest input, `WIDTHxHEIGHT`; as its file says where absent."
    )
    resize: Literal["auto", "letterbox", "stretch"] = Field(
        "auto",
        description="How pictures come to the input's shape: with bars, or distorted; `auto`: as the kind of "
        "model wants it.",
    )
    labels: FilePath | None = Field(
        None, description="A file with the classes' names, one a line; as the model's file says where absent."
    )
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
    final_threshold: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Detections at or below this score are left out after overlapping ones have been.",
    )
    top_k: int | None = Field(
        None, ge=1, description="As many detections of a class in a picture at most, the surest ones."
    )
    classes: ClassNames | None = Field(
        None, description="Only these classes, by name or number; all where absent."
    )
    per_class: tuple[ClassConfig, ...] | None = Field(
        None, description="Classes with thresholds of their own."
    )
