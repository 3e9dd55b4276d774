"""The whole configuration."""

from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from camwire.config.analytics import AnalyticsConfig
from camwire.config.base import ConfigModel
from camwire.config.camera import CameraConfig
from camwire.config.coco import COCO_CLASSES
from camwire.config.deepstream import DeepstreamConfig, unfit_for_deepstream
from camwire.config.detection import BUNDLED_MODEL, ModelConfig
from camwire.config.devices import DeviceChoice, DeviceNames
from camwire.config.events import EventsConfig
from camwire.config.output import OutputConfig, OverlayConfig
from camwire.config.rules import Rule, duplicate_names, unknown_cameras, unknown_classes
from camwire.config.saving import SavingConfig
from camwire.config.server import ServerConfig
from camwire.config.sinks import SinksConfig
from camwire.config.tracker import TrackerConfig

DUPLICATE_ID = "duplicate_camera_id"
"""The type of the validation error of that kind."""
UNFIT_RULE = "unfit_rule"
"""Of a rule that is right by itself, but not beside the others, the cameras or the model."""


class Config(ConfigModel):
    """Everything camwire is told. Only `cameras` has no default."""

    cameras: tuple[CameraConfig, ...] = Field(
        description="The cameras, in the order in which they are shown."
    )
    device: DeviceChoice = Field(
        "auto",
        description="Where the work is done: `cpu`, `cuda` (every NVIDIA GPU, cameras spread over them), "
        "`cuda:0`, `cuda:1`, …; `auto`: `cuda` where it works and runs the model, else `cpu`. A change takes "
        "effect at the next start.",
    )
    devices: DeviceNames | None = Field(
        None, description="Several devices by name, in place of `device`: `[cuda:0, cuda:2]`."
    )
    workers_per_gpu: int | None = Field(
        None,
        ge=1,
        le=4,
        description="Processes on each GPU, which share its cameras. Where absent: one; two from 24 "
        "cameras a GPU on, with which one interpreter can't keep up; where `mps` is in use one for each 32 "
        "cameras, four at most. Each holds the model in memory.",
    )
    cores_per_gpu_worker: int | None = Field(
        None,
        ge=1,
        le=1024,
        description="Cores of the processor that the threads of such a process keep to, each process to "
        "others. Where absent: all. The threads take turns with one lock, and turns cost less on few cores: "
        "[performance](../performance.md#few-cores) says when that helped and when it did not.",
    )
    mps: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Whether cameras are read and decoded in processes of their own, which share a GPU with "
        "its worker through NVIDIA's MPS: [several processes on one GPU]"
        "(../explanation/cuda.md#several-processes-on-one-gpu). `auto`: from 12 cameras a GPU on, where it "
        "works; `on`: always, and without it camwire doesn't start; `off`: never. A change takes effect at "
        "the next start.",
    )
    engine: Literal["native", "deepstream"] = Field(
        "native",
        description="What does the work: camwire's own pipeline, or NVIDIA DeepStream where it is installed.",
    )
    deepstream: DeepstreamConfig = Field(
        DeepstreamConfig(), description="What DeepStream is told, with `engine: deepstream`."
    )
    model: ModelConfig = Field(ModelConfig(), description="The model that finds objects.")
    tracker: TrackerConfig = Field(TrackerConfig(), description="How objects are followed.")
    rules: tuple[Rule, ...] = Field((), description="What is counted, measured and reported of the objects.")
    analytics: AnalyticsConfig = Field(AnalyticsConfig(), description="Rules taken over from DeepStream.")
    output: OutputConfig = Field(OutputConfig(), description="The pictures that go out.")
    overlay: OverlayConfig = Field(OverlayConfig(), description="What is drawn on them at first.")
    saving: SavingConfig = Field(SavingConfig(), description="Pictures that are kept as files.")
    events: EventsConfig = Field(EventsConfig(), description="What the rules reported.")
    sinks: SinksConfig = Field(SinksConfig(), description="Where events are sent on to.")
    server: ServerConfig = Field(ServerConfig(), description="Where people and programs connect.")

    @model_validator(mode="after")
    def _camera_ids_are_unique(self) -> Self:
        seen: set[str] = set()
        for camera in self.cameras:
            if camera.id in seen:
                raise PydanticCustomError(DUPLICATE_ID, "two cameras have the same id; ids are unique")
            seen.add(camera.id)
        return self

    @model_validator(mode="after")
    def _rules_fit(self) -> Self:
        problems = [f"two rules have the name {name!r}" for _, name in duplicate_names(self.rules)]
        problems += [
            f"a rule is for the camera {camera!r}, which isn't configured"
            for _, _, camera in unknown_cameras(self.rules, (camera.id for camera in self.cameras))
        ]
        problems += [
            f"a rule is for the class {name!r}, which the model doesn't know"
            for _, _, name in unknown_classes(self.rules, known_classes(self.model) or self._named_classes())
        ]
        if problems:
            raise PydanticCustomError(UNFIT_RULE, "{problems}", {"problems": "; ".join(problems)})
        return self

    @model_validator(mode="after")
    def _fits_its_engine(self) -> Self:
        problems = unfit_for_deepstream(self)
        if self.mps == "on" and self.engine == "deepstream":
            problems.append("`mps: on` is for `engine: native`: DeepStream has one process a GPU")
        if problems:
            raise ValueError(f"for `engine: deepstream`: {'; '.join(problems)}")
        return self

    def _named_classes(self) -> set[str]:
        """Where the model's classes aren't known yet, every class that is named may be one."""
        return {name for rule in self.rules for name in rule.classes or ()}


def known_classes(model: ModelConfig) -> tuple[str, ...] | None:
    """The model's classes by name; None where only its file can tell."""
    return COCO_CLASSES if model.file == BUNDLED_MODEL and model.labels is None else None
