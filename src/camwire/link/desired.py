"""What a worker is to do, as one whole document."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from camwire.link.message import Message
from camwire.link.pictures import Rendition


class DesiredCamera(msgspec.Struct, frozen=True, kw_only=True):
    """A camera as the worker is to run it. Its repr leaves the URL out: it may hold a password."""

    id: str
    url: str
    enabled: bool
    transport: Literal["tcp", "udp"]
    latency_ms: int
    drop_on_latency: bool

    def __repr__(self) -> str:
        return f"DesiredCamera(id={self.id!r})"


class DesiredClass(msgspec.Struct, frozen=True, kw_only=True):
    """Thresholds of one class, by name or number; None: as for all classes."""

    name: str
    score_threshold: float | None = None
    iou_threshold: float | None = None
    final_threshold: float | None = None
    top_k: int | None = None


class DesiredDetection(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be detected in a camera's pictures; None: as the model's settings say."""

    detect_interval: int = 1
    score_threshold: float | None = None
    iou_threshold: float | None = None
    classes: tuple[str, ...] | None = None
    per_class: tuple[DesiredClass, ...] | None = None


Stamps = tuple[tuple[int, int, int] | None, ...]
"""One for each file that is named. One that has changed in its place has another stamp, and is read again."""


class DesiredModel(msgspec.Struct, frozen=True, kw_only=True):
    file: str
    stamps: Stamps = ()
    """Of the model's file and the labels'."""
    runtime: str
    precision: str = "auto"
    task: str = "auto"
    input_size: tuple[int, int] | None = None
    """Width and height."""
    resize: str = "auto"
    labels: str | None = None
    """A file."""
    score_threshold: float
    iou_threshold: float
    final_threshold: float = 0.0
    top_k: int | None = None
    classes: tuple[str, ...] | None
    per_class: tuple[DesiredClass, ...] | None = None
    cameras: dict[str, DesiredDetection] = msgspec.field(default_factory=dict)
    """Of the cameras that want something of their own."""


class DesiredTracker(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    trace_length: int
    config: str | None = None
    """A low-level tracker file's path, in place of ``type``."""
    stamps: Stamps = ()
    id_reset: str = "never"


class DesiredOutput(msgspec.Struct, frozen=True, kw_only=True):
    width: int
    height: int
    max_fps: float
    jpeg_quality: int
    thumbnail_width: int = 480
    thumbnail_height: int = 270


class DesiredRoi(msgspec.Struct, frozen=True, kw_only=True):
    camera: str
    left: int
    top: int
    width: int
    height: int


class DesiredDeepstream(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration's section of that name; `config/deepstream.py` says what each value means."""

    gpu: int = 0
    mux: Literal["legacy", "new"] = "legacy"
    mux_size: tuple[int, int] | None = None
    padding: bool = True
    batch_size: int | None = None
    batch_timeout_us: int = 33_000
    reconnect_seconds: int = 5
    reconnect_attempts: int = -1
    watchdog_seconds: float = 10.0
    preprocess: Literal["none", "fp32", "fp16"] = "none"
    rois: tuple[DesiredRoi, ...] = ()
    tensor_name: str = "input"
    tensor_output: bool = False
    tensor_function: str | None = None
    measure_latency: bool = False
    parser: str
    detector_config: str | None = None
    tracker: Literal["camwire", "iou", "nvsort", "nvdeepsort", "nvdcf_perf", "nvdcf_accuracy"] = "nvdcf_perf"
    tracker_size: tuple[int, int] = (640, 384)
    tracker_library: str
    reid_model: str | None = None
    analytics: Literal["camwire", "nvdsanalytics"] = "camwire"
    osd: Literal["native", "python"] = "native"
    encoder: Literal["nvjpegenc", "nvimageenc"] = "nvjpegenc"


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """A camera that is to be tried once; the answer is a ProbeResult."""

    id: str
    camera: DesiredCamera


class DesiredClip(msgspec.Struct, frozen=True, kw_only=True):
    """A video of what a camera sent between two moments (UTC), the second of which may be still to come; the
    answer is a ClipMade."""

    id: str
    camera: str
    since: float
    until: float


class DesiredRehearsal(msgspec.Struct, frozen=True, kw_only=True):
    """Rules that are to be tried out once on a camera's last seconds; the answer is a Rehearsed."""

    id: str
    camera: str
    seconds: float
    rules: tuple[dict[str, Any], ...]


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What someone wants of a camera, and how often at most; 0: as ``output.max_fps`` says."""

    camera: str
    rendition: Rendition
    max_fps: float = 0.0


class DesiredState(Message, frozen=True, kw_only=True):
    """Everything a worker is to do, as one document. The worker compares it with what runs."""

    revision: int
    cameras: tuple[DesiredCamera, ...]
    """This worker's."""
    all_cameras: tuple[str, ...] = ()
    """Where there are several workers: the ids of all cameras, in the configuration's order."""
    model: DesiredModel
    tracker: DesiredTracker
    output: DesiredOutput
    toggles: dict[str, bool]
    watched: tuple[str, ...]
    """Ids of the cameras whose full pictures someone wants as often as they come."""
    views: tuple[View, ...] = ()
    """What is wanted besides. Nothing is drawn or encoded that is in neither."""
    stats_epoch: int
    """Grows when someone clears the statistics: the worker then starts counting anew."""
    probes: tuple[Probe, ...] = ()
    """Stay until they are answered."""
    event_pictures: tuple[Rendition, ...] = ()
    """What is made of frames in which rules report something: ``full``, ``clean``, or both."""
    rehearsals: tuple[DesiredRehearsal, ...] = ()
    """So do these, ..."""
    clips: tuple[DesiredClip, ...] = ()
    """... and these."""
    recall_s: float = 0.0
    """Seconds of what each camera sent that are kept for clips."""
    rules: tuple[dict[str, Any], ...] = ()
    """As the configuration has them."""
    cleared_rules: dict[str, int] = msgspec.field(default_factory=dict)
    """How often each was told to count anew."""
    nvdsanalytics: str | None = None
    """DeepStream's file."""
    nvdsanalytics_stamps: Stamps = ()
    deepstream: DesiredDeepstream | None = None
    """What DeepStream is told; None: camwire's own pipeline does the work."""
    as_before: bool = False
    """Parts of it are those that this worker could do before, because it refused what is desired."""
