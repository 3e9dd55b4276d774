"""The DeepStream engine: what NVIDIA's elements are told beyond what both engines share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from camwire.config.base import ConfigModel
from camwire.config.camera import CameraId
from camwire.config.output import PictureSize
from camwire.config.paths import FilePath
from camwire.frames import Size

if TYPE_CHECKING:
    from camwire.config.root import Config

LIBRARIES = "/opt/nvidia/deepstream/deepstream/lib"
"""Where DeepStream's own installer puts its libraries."""


def _names_a_function(text: str) -> str:
    module, _, function = text.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), function)):
        raise ValueError("expected module:function, for example my_tensors:look")
    return text


FunctionName = Annotated[str, AfterValidator(_names_a_function)]
"""A Python function: ``module:function``."""


class RoiConfig(ConfigModel):
    """A part of a camera's picture that nvdspreprocess cuts out, in pixels of the muxer's picture."""

    camera: CameraId = Field(description="The camera's id.")
    left: int = Field(ge=0, description="Pixels from the left.")
    top: int = Field(ge=0, description="Pixels from the top.")
    width: int = Field(ge=2, description="Pixels.")
    height: int = Field(ge=2, description="Pixels.")


class DeepstreamConfig(ConfigModel):
    """Used with `engine: deepstream` alone."""

    gpu: int = Field(
        0, ge=0, description="The number of the GPU; a worker on `device: cuda:1` uses that one."
    )
    mux: Literal["legacy", "new"] = Field(
        "legacy",
        description="Which nvstreammux: `legacy` scales all pictures to one size, `new` leaves each its own.",
    )
    mux_size: PictureSize | None = Field(
        None,
        description="The size to which `legacy` scales, for example 1920x1080; `output.size` where absent.",
    )
    padding: bool = Field(
        True,
        description="Keep the pictures' aspect when `legacy` scales, with black bars; else stretch them.",
    )
    batch_size: int | None = Field(
        None,
        ge=1,
        le=1024,
        description="Cameras that fit into the pipeline: adding more builds it anew. As many as are enabled "
        "where absent. A muxer that isn't full waits for `batch_timeout_us`.",
    )
    batch_timeout_us: int = Field(
        33_000,
        ge=1,
        le=1_000_000,
        description="Microseconds that a batch waits to be full; 1000000 by the cameras' pictures a second.",
    )
    reconnect_seconds: int = Field(
        5, ge=0, description="Seconds without data after which nvurisrcbin connects again; 0: never."
    )
    reconnect_attempts: int = Field(
        -1,
        ge=-1,
        description="How often nvurisrcbin tries before camwire builds the source anew; -1: for ever.",
    )
    watchdog_seconds: float = Field(
        10.0,
        ge=1,
        le=600,
        description="Seconds without a picture after which a source, or the whole pipeline, is built anew.",
    )
    preprocess: Literal["none", "fp32", "fp16"] = Field(
        "none",
        description="Have nvdspreprocess make the model's input, in this precision, instead of nvinfer.",
    )
    rois: tuple[RoiConfig, ...] = Field(
        (), description="Parts of pictures that are inferred instead of the whole; wants `preprocess`."
    )
    tensor_name: str = Field("input", min_length=1, description="The model's input, for `preprocess`.")
    tensor_output: bool = Field(False, description="Have nvinfer attach the model's raw output.")
    tensor_function: FunctionName | None = Field(
        None,
        description="A Python function, `module:function`, that gets each batch's tensors while the pipeline "
        "runs; wants `preprocess`, `tensor_output` or a `detector_config` that attaches them.",
    )
    measure_latency: bool = Field(
        False, description="Have DeepStream measure how long each element takes for a batch."
    )
    parser: FilePath = Field(
        "/usr/local/lib/libcamwire_parser.so",
        description="The library that reads the model's output, built from `deepstream/parser`.",
    )
    detector_config: FilePath | None = Field(
        None, description="An nvinfer file of your own, used as it is in place of what `model` says."
    )
    tracker: Literal["camwire", "iou", "nvsort", "nvdeepsort", "nvdcf_perf", "nvdcf_accuracy"] = Field(
        "nvdcf_perf",
        description="nvtracker with the values of this preset, or with the file in `tracker.config`; "
        "`camwire`: what the section `tracker` says.",
    )
    tracker_size: PictureSize = Field(
        Size(640, 384),
        description="The size in which nvtracker looks at pictures; sides are multiples of 32.",
    )
    tracker_library: FilePath = Field(
        f"{LIBRARIES}/libnvds_nvmultiobjecttracker.so", description="nvtracker's low-level library."
    )
    reid_model: FilePath | None = Field(
        None, description="An ONNX file for re-identification; `nvdeepsort` needs one."
    )
    analytics: Literal["camwire", "nvdsanalytics"] = Field(
        "camwire",
        description="Who applies the rules: camwire, or nvdsanalytics with a file written from `rules` or "
        "with the one in `analytics.nvdsanalytics`.",
    )
    osd: Literal["native", "python"] = Field(
        "native",
        description="Who draws: nvdsosd, with JPEGs made on the GPU, or camwire's overlay with all that it "
        "can draw.",
    )
    encoder: Literal["nvjpegenc", "nvimageenc"] = Field(
        "nvjpegenc", description="What makes JPEGs with `osd: native`."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.mux == "new" and self.mux_size is not None:
            raise ValueError("`mux: new` leaves every camera its own size; `mux_size` is for `mux: legacy`")
        if self.rois and self.preprocess == "none":
            raise ValueError("`rois` are cut out by nvdspreprocess; add `preprocess: fp32`")
        attached = self.preprocess != "none" or self.tensor_output or self.detector_config is not None
        if self.tensor_function is not None and not attached:
            raise ValueError("`tensor_function` gets no tensors without `preprocess` or `tensor_output`")
        if self.tracker == "nvdeepsort" and self.reid_model is None:
            raise ValueError("`nvdeepsort` needs `reid_model`, an ONNX file for re-identification")
        if any(side % 32 for side in self.tracker_size):
            raise ValueError("each side of `tracker_size` is a multiple of 32, for example 640x384")
        return self


def unfit_for_deepstream(config: Config) -> list[str]:
    """What the configuration asks for that DeepStream's elements can't do, in words; empty without them."""
    if config.engine != "deepstream":
        return []
    model, problems = config.model, []
    if model.file == "nanodet" and config.deepstream.detector_config is None:
        problems.append(
            "`model.file` has to be a YOLO model as ONNX or TensorRT engine: nvinfer has no NanoDet"
        )
    if model.task not in ("auto", "detect"):
        problems.append(f"`model.task: {model.task}` is for `engine: native`; nvinfer's parser reads boxes")
    if len({camera.detect_interval for camera in config.cameras}) > 1:
        problems.append("`detect_interval` is one for all cameras: nvinfer counts batches")
    own = ("score_threshold", "iou_threshold", "classes", "per_class")
    problems += [
        f"camera {camera.id!r}: `{name}` can't differ between cameras; say it in `model`"
        for camera in config.cameras
        for name in own
        if getattr(camera, name) is not None
    ]
    settings = config.deepstream
    if settings.tracker == "camwire" and settings.analytics == "nvdsanalytics":
        problems.append(
            "`deepstream.analytics: nvdsanalytics` goes by nvtracker's ids; choose another "
            "`deepstream.tracker` than `camwire`, or `analytics: camwire`"
        )
    known = {camera.id for camera in config.cameras}
    problems += [
        f"`deepstream.rois` names the camera {roi.camera!r}, which isn't configured"
        for roi in config.deepstream.rois
        if roi.camera not in known
    ]
    size = settings.mux_size or config.output.size
    problems += [
        f"`deepstream.rois`: a part of {roi.camera!r} begins outside the muxer's picture, which is "
        f"{size.width}x{size.height}"
        for roi in config.deepstream.rois
        if settings.mux == "legacy" and (roi.left >= size.width or roi.top >= size.height)
    ]
    return problems
