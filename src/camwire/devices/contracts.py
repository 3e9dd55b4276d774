"""What a device can do: the contracts that `cpu` and `cuda` fulfil."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from camwire.config.rules import Rule
from camwire.devices.annotations import Annotator
from camwire.frames import Batch, Float32Array, Size, Tracks, UInt8Array


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What a model wants to be fed: 8-bit pixels; scaling to floats is part of the model's graph."""

    size: Size
    channels: str
    """`RGB` or `BGR`."""
    pad_value: int
    centred: bool
    """Letterbox with bars on both sides; otherwise the picture is at the top left."""
    keep_aspect: bool = True


@dataclass(frozen=True, slots=True)
class ModelInput:
    """A batch, scaled for the model."""

    pixels: UInt8Array
    """[B, H, W, 3]."""
    scale: Float32Array
    """[B, 2] and ..."""
    offset: Float32Array
    """... [B, 2]: picture = (input - offset) / scale, for x and y."""


class Preprocessor(Protocol):
    def __call__(self, batch: Batch, spec: InputSpec) -> ModelInput:
        """Scale, letterbox and convert a whole batch."""


RuleCounts = Mapping[str, Mapping[str, int]]
"""What a rule has counted: by what is counted and by class."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """What to draw."""

    toggles: frozenset[str]
    """Names of the toggles that are on: boxes, labels, traces, keypoints, masks, zones, lines."""
    class_names: tuple[str, ...]
    rules: tuple[Rule, ...] = ()
    """Whose shapes are drawn: zones by the toggle of that name; lines and directions by `lines`."""
    counts: Mapping[str, Mapping[str, RuleCounts]] = field(default_factory=dict)
    """By camera and rule, to stand beside the shapes; what is looked up doesn't change afterwards."""
    bound: Size | None = None
    """What full pictures are fitted into, whose pixels rules may be written in; None: these are full."""
    annotator: Annotator | None = None
    """What other analytics want drawn on a frame."""


class Renderer(Protocol):
    def __call__(self, batch: Batch, chosen: Sequence[int], tracks: Tracks, overlay: Overlay) -> list[Any]:
        """Draw the frames at positions ``chosen``; returns a picture each, in the encoder's own form."""


class Encoder(Protocol):
    def __call__(self, pictures: Sequence[Any], quality: int) -> list[bytes]:
        """A JPEG for each picture."""


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """Bytes of a device's own memory, and what they are for."""

    total: int
    free: int
    network: int
    """Weights and activations, and what PyTorch keeps for reuse."""
    pictures: int
    """Drawing and encoding."""
    decoders: int
    """What has been taken since the first camera was opened and is neither of these."""


class Lender(Protocol):
    """Memory for pictures that other processes decode: ``camwire.sources.apart.shelves.Lender``, but that it
    and what it makes raise DeviceError."""

    borrower: tuple[str, ...]

    def shelf(self, place_size: int, places: int) -> Any:
        """A ``LentShelf``."""


class Device(Protocol):
    """A place where frames are decoded, scaled, drawn and encoded."""

    name: str
    preprocess: Preprocessor
    render: Renderer
    encode: Encoder
    batch_size: int
    """Frames taken together at most."""
    lanes: int
    """Batches in flight ..."""
    detecting: int
    """... and of those in detection or before it."""
    lender: Lender | None
    """For cameras that are read in other processes; None where that brings nothing."""

    @property
    def integrals(self) -> Callable[[Any], Sequence[Any]] | None:
        """Of a picture that stays on the device, the sums over its planes as CuPy's arrays.

        For trackers that look at pictures (:class:`camwire.tracking.PictureReader`); None where they read
        pictures themselves.
        """

    def settle(self) -> None:
        """What each thread of a camera or a lane does first, once."""

    def hwaccel(self) -> Any:
        """The ``av.codec.hwaccel.HWAccel`` with which to open a camera, or None for software.

        Raises DeviceError where there is no room for another camera.
        """

    def refuses(self, codec: str, pixel_format: str | None) -> str | None:
        """Why this device can't decode such video, as FFmpeg names it; None when it can."""

    def adopt(self, picture: Any) -> Any:
        """What a frame carries in place of a decoded ``av.VideoFrame``. Raises DeviceError."""

    def fault(self) -> str | None:
        """Why nothing works here any more, so that the process has to be replaced; None: all is well."""

    def memory(self) -> MemoryUse | None:
        """Where the device's own memory is; None where it has none."""
