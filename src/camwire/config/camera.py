"""Cameras: where pictures come from."""

import re
import unicodedata
from difflib import get_close_matches
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from camwire.config.base import ConfigModel
from camwire.config.detection import ClassConfig, ClassNames
from camwire.config.paths import can_be_expanded
from camwire.config.secrets import SecretUrl

LONGEST_ID = 255
"""Bytes of UTF-8; the wire protocol gives a camera id's length in one byte."""


def _fits_wire(camera_id: str) -> str:
    size = len(camera_id.encode())
    if not 1 <= size <= LONGEST_ID:
        raise ValueError(f"a camera id has 1 to {LONGEST_ID} bytes of UTF-8, this one has {size}")
    return camera_id


def _can_be_shown(camera_id: str) -> str:
    if any(unicodedata.category(character) == "Cc" for character in camera_id):
        raise ValueError("a camera id has no control characters: it stands in URLs, in logs and on the page")
    return camera_id


CameraId = Annotated[str, AfterValidator(_fits_wire), AfterValidator(_can_be_shown)]

SCHEMES = ("rtsp", "rtsps", "http", "https")

_CREDENTIALS_WITHOUT_SCHEME = re.compile(r"//.*:.*@|([a-z]+:/)?[^/]*:[^/]*@", re.IGNORECASE)


def _can_be_opened(url: SecretUrl) -> SecretUrl:
    if not url.scheme:
        if _CREDENTIALS_WITHOUT_SCHEME.match(url.reveal()):
            raise ValueError("a URL begins with its scheme and two slashes, for example rtsp://")
        can_be_expanded(url.reveal())
        return url
    if url.scheme not in SCHEMES:
        close = get_close_matches(url.scheme, SCHEMES, n=1)
        meant = f"; did you mean {close[0]}?" if close else ""
        raise ValueError(
            f"a URL begins with one of {', '.join(SCHEMES)} and ://; a file is given by its path alone{meant}"
        )
    if url.is_masked:
        raise ValueError("*** stands where the URL's user name, password or key was hidden: write them out")
    if not url.host:
        raise ValueError("the URL has no host; it looks like rtsp://user:password@192.0.2.7:554/stream")
    return url


CameraUrl = Annotated[SecretUrl, AfterValidator(_can_be_opened)]


class CameraConfig(ConfigModel):
    """One camera, file or device."""

    id: CameraId = Field(
        description="Names the camera to programs; 1 to 255 bytes, no control characters, unique."
    )
    name: str | None = Field(None, description="Names the camera to people; the id where absent.")
    url: CameraUrl = Field(
        description="`rtsp://`, `rtsps://`, `http://`, `https://`, a file's path (video or still image; "
        "looped), or a USB camera as `/dev/video0`. A relative path begins at the configuration's folder. "
        "Take a password from the environment: `rtsp://user:${CAMERA_PASSWORD}@host/stream`."
    )
    enabled: bool = Field(True, description="A disabled camera is known and shown, but not opened.")
    transport: Literal["tcp", "udp"] = Field("tcp", description="How RTSP carries the pictures.")
    latency_ms: int = Field(
        50, ge=0, le=10_000, description="How long packets that came out of order (UDP) are waited for."
    )
    drop_on_latency: bool = Field(
        True,
        description="Leave pictures out that are older than `latency_ms` behind the newest packet, rather "
        "than let the delay grow.",
    )
    detect_interval: int = Field(
        1,
        ge=1,
        le=1000,
        description="The detector sees every k-th picture; the tracker carries the objects through the rest.",
    )
    score_threshold: float | None = Field(None, ge=0, le=1, description="As in `model`, for this camera.")
    iou_threshold: float | None = Field(None, ge=0, le=1, description="As in `model`, for this camera.")
    classes: ClassNames | None = Field(None, description="As in `model`, for this camera.")
    per_class: tuple[ClassConfig, ...] | None = Field(
        None, description="As in `model`, for this camera; goes before it."
    )

    @property
    def label(self) -> str:
        """The name for people."""
        return self.name or self.id
