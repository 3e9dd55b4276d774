"""Messages between the server and its workers.

Downwards there is one message: the desired state, whole. Upwards: a greeting, statistics once a second, and
frames. Everything is msgpack; decoding checks types and fails with ``msgspec.ValidationError``.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

CameraPhase = Literal["disabled", "connecting", "live", "stalled", "retrying"]
"""What a camera is doing. ``stalled``: connected, but no picture for a while."""

Rendition = Literal["full", "thumbnail", "clean", "objects", "event", "event_clean"]
"""What is made of a frame: a JPEG with the overlay, a small one, one without overlay; FrameObjects.

The last two are ``full`` and ``clean`` once more, of a frame in which rules report something."""


class Message(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True):
    """Base of all messages: immutable, told apart by their class name."""


# --- server → worker -------------------------------------------------------------------------


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


class DesiredModel(msgspec.Struct, frozen=True, kw_only=True):
    file: str
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
    cameras: dict[str, DesiredDetection] = {}
    """Of the cameras that want something of their own."""


class DesiredTracker(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    trace_length: int
    config: str | None = None
    """A low-level tracker file's path, in place of ``type``."""
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
    cleared_rules: dict[str, int] = {}
    """How often each was told to count anew."""
    nvdsanalytics: str | None = None
    """DeepStream's file."""
    deepstream: DesiredDeepstream | None = None
    """What DeepStream is told; None: camwire's own pipeline does the work."""
    as_before: bool = False
    """Parts of it are those that this worker could do before, because it refused what is desired."""


class EventsKept(Message, frozen=True, kw_only=True):
    """The server has events on its disk; the worker needn't remember them any longer."""

    pid: int
    """Of the worker that sent them."""
    upto: int
    """Number of the last one."""


class RuleState(Message, frozen=True, kw_only=True):
    """What the rules have counted, in the worker's own form: up once a second, and down to a worker that was
    started again, before its desired state."""

    state: bytes
    moved: bool = False
    """Of cameras that come from another worker to one that runs."""


class Stop(Message, frozen=True, kw_only=True):
    """End in good order."""


# --- worker → server -------------------------------------------------------------------------


class Hello(Message, frozen=True, kw_only=True):
    """A worker's first message, repeated until a desired state comes."""

    worker: str
    pid: int
    device: str


class Quantiles(msgspec.Struct, frozen=True, kw_only=True):
    """Of the last seconds, in milliseconds."""

    p50: float
    p95: float


class LatencyCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Since the last clearing of statistics; the bounds are those of ``monitoring.exported``."""

    cumulated: tuple[int, ...]
    """For each bound, how many took no longer."""
    count: int
    seconds: float
    """Of all together."""


class CameraReport(msgspec.Struct, frozen=True, kw_only=True):
    """One camera, as its worker sees it. Counts run since the last clearing of statistics."""

    id: str
    phase: CameraPhase
    reason: str | None = None
    """Why it is stalled or retrying, for people; holds no secret."""
    retry_at: float | None = None
    """UTC, when the next try is due."""
    codec: str | None = None
    width: int = 0
    height: int = 0
    """The source's size in pixels."""
    input_fps: float = 0.0
    processed_fps: float = 0.0
    output_fps: float = 0.0
    frames_in: int = 0
    frames_processed: int = 0
    frames_out: int = 0
    """frames_in = frames_out + sum(drops) + frames under way."""
    drops: dict[str, int] = {}
    objects: dict[str, int] = {}
    """Objects in the newest processed frame, by class name."""
    latency_ms: dict[str, Quantiles] = {}
    """By stage: decode, queue, detect, track, analyse, render, encode, publish; total: arrived to
    published."""
    latencies: dict[str, LatencyCounts] = {}
    """By stage, too."""
    rules: dict[str, dict[str, dict[str, int]]] = {}
    """Counts by rule, what is counted, and class."""
    nvdsanalytics: dict[str, dict[str, int]] = {}
    """What DeepStream's rules say of the newest frame: `inside`, `overcrowded`, `crossed`, `objects`."""


class DeviceMemory(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of a GPU's memory, and what they are for; ``devices.contracts.MemoryUse`` says more."""

    total: int
    free: int
    network: int
    pictures: int
    decoders: int


class Statistics(Message, frozen=True, kw_only=True):
    """Once a second."""

    worker: str
    pid: int
    device: str
    revision: int
    """Of the desired state that this worker runs; 0 before the first."""
    cameras: tuple[CameraReport, ...]
    model: str
    """The model, its runtime and its precision, in words."""
    cpu_percent: float
    rss_bytes: int
    device_memory: DeviceMemory | None = None
    """None for devices without memory of their own."""
    elements: dict[str, float] = {}
    """Figures of the engine's own parts, by name."""
    stuck: str | None = None
    """Why this worker should be replaced: it can talk, but no longer work."""


class Failure(Message, frozen=True, kw_only=True):
    """The worker can't do what is desired and says why; what ran before goes on."""

    worker: str
    revision: int
    reason: str
    as_before: bool = False
    """Of the document that it can't do."""


class ProbeResult(Message, frozen=True, kw_only=True):
    """What came of a probe: a picture, or the reason why there is none, for people and without a secret."""

    worker: str
    probe: str
    reason: str | None = None
    codec: str | None = None
    width: int = 0
    height: int = 0
    """The source's size in pixels."""
    jpeg: bytes = b""


class LinkedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a rule reports."""

    id: str
    """Unique; an event that is sent again has the same."""
    time: float
    """UTC, of the frame."""
    camera: str
    rule: str
    kind: str
    body: dict[str, Any]
    """What else there is to say of it, as plain values."""


class ClipMade(Message, frozen=True, kw_only=True):
    """What came of a clip: an MP4 file, or the reason why there is none."""

    worker: str
    clip: str
    reason: str | None = None
    mp4: bytes = b""
    seconds: float = 0.0


class EventPicture(Message, frozen=True, kw_only=True):
    """The picture of a frame in which rules report something."""

    worker: str
    camera: str
    sequence: int
    captured: float
    """UTC."""
    rendition: Rendition
    jpeg: bytes


class Events(Message, frozen=True, kw_only=True):
    """Events in their order, sent again until the server has said that it keeps them."""

    worker: str
    pid: int
    upto: int
    """Number of the last one; numbers count a worker's events."""
    events: tuple[LinkedEvent, ...]


class Rehearsed(Message, frozen=True, kw_only=True):
    """What came of a rehearsal; ``reason``: why it was impossible."""

    worker: str
    rehearsal: str
    reason: str | None = None
    since: float = 0.0
    until: float = 0.0
    """UTC of the first and the last frame."""
    frames: int = 0
    """0: nothing was recorded."""
    counts: dict[str, dict[str, dict[str, int]]] = {}
    """By rule, what is counted, and class."""
    events: tuple[LinkedEvent, ...] = ()


class NvdsObject(msgspec.Struct, frozen=True, kw_only=True):
    """What DeepStream's rules say of an object; named as DeepStream's metadata is."""

    roi_status: list[str]
    oc_status: list[str]
    lc_status: list[str]
    """Lines crossed in this very frame."""
    dir_status: str
    obj_status: str


class NvdsFrame(msgspec.Struct, frozen=True, kw_only=True):
    """What DeepStream's rules say of a frame, by label; named as DeepStream's metadata is."""

    oc_status: dict[str, bool]
    obj_in_roi_cnt: dict[str, int]
    obj_lc_curr_cnt: dict[str, int]
    obj_lc_cum_cnt: dict[str, int]
    obj_cnt: dict[str, int]
    """By class name."""
    objects: dict[int, NvdsObject]
    """Those of which there is something to say, by place among the frame's objects."""


class FrameObjects(msgspec.Struct, frozen=True, kw_only=True):
    """The tracked objects of a frame, one entry each in every list."""

    ids: list[int]
    classes: list[str]
    scores: list[float]
    boxes: list[list[float]]
    """x1, y1, x2, y2 in pixels of the full picture."""
    nvdsanalytics: NvdsFrame | None = None
    """None where no such rules run."""


class FrameHeader(Message, frozen=True, kw_only=True):
    """Goes before what was made of a frame, as the first part of a two-part message."""

    camera: str
    sequence: int
    epoch: int
    width: int
    height: int
    captured: float
    """UTC."""
    arrived: float
    published: float
    """Monotonic seconds, comparable between processes of one machine."""
    rendition: Rendition = "full"


Downward = DesiredState | EventsKept | RuleState | Stop
Upward = Hello | Statistics | Failure | ProbeResult | Rehearsed | ClipMade | EventPicture | Events | RuleState


def of_event(rendition: Rendition) -> Rendition:
    """``full`` or ``clean``, as it is called when it is the picture of an event."""
    return "event_clean" if rendition == "clean" else "event"


_encoder = msgspec.msgpack.Encoder()
_downward: msgspec.msgpack.Decoder[Downward] = msgspec.msgpack.Decoder(Downward)
_upward: msgspec.msgpack.Decoder[Upward] = msgspec.msgpack.Decoder(Upward)
_header = msgspec.msgpack.Decoder(FrameHeader)
_objects = msgspec.msgpack.Decoder(FrameObjects)


def encode(message: Message) -> bytes:
    return _encoder.encode(message)


def decode_downward(data: bytes) -> Downward:
    """Raises msgspec.ValidationError or msgspec.DecodeError on anything else."""
    return _downward.decode(data)


def decode_upward(data: bytes) -> Upward:
    """Raises msgspec.ValidationError or msgspec.DecodeError on anything else."""
    return _upward.decode(data)


def encode_objects(objects: FrameObjects) -> bytes:
    return _encoder.encode(objects)


def decode_objects(data: bytes | memoryview) -> FrameObjects:
    """Raises msgspec.ValidationError or msgspec.DecodeError on anything else."""
    return _objects.decode(data)


def decode_header(data: bytes) -> FrameHeader:
    """Raises msgspec.ValidationError or msgspec.DecodeError on anything else."""
    return _header.decode(data)
