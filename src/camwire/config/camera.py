"""Cameras: where pictures come from."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from camwire.config.base import ConfigModel
from camwire.config.secrets import SecretUrl

LONGEST_ID = 255
"""Bytes of UTF-8; the wire protocol gives a camera id's length in one byte."""


def _fits_wire(camera_id: str) -> str:
    size = len(camera_id.encode())
    if not 1 <= size <= LONGEST_ID:
        raise ValueError(f"a camera id has 1 to {LONGEST_ID} bytes of UTF-8, this one has {size}")
    return camera_id


CameraId = Annotated[str, AfterValidator(_fits_wire)]


class CameraConfig(ConfigModel):
    """One camera, file or device."""

    id: CameraId = Field(description="Names the camera to programs; 1 to 255 bytes, unique.")
    name: str | None = Field(None, description="Names the camera to people; the id where absent.")
    url: SecretUrl = Field(
        description="`rtsp://`, `rtsps://`, `http://`, `https://`, a file's path (video or still image; "
        "looped), or a USB camera as `/dev/video0`. Take a password from the environment: "
        "`rtsp://user:${CAMERA_PASSWORD}@host/stream`."
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

    @property
    def label(self) -> str:
        """The name for people."""
        return self.name or self.id
