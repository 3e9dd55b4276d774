"""From a camera's configuration to the arguments of ``av.open``: a pure function."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import unquote

from camwire.config.secrets import SecretUrl
from camwire.link.desired import DesiredCamera
from camwire.sources.faults import SourceError

NETWORK_OPEN_TIMEOUT = 3.5
"""Seconds for each of FFmpeg's two steps of opening (connect and describe; first packets)."""
PLAYLIST_OPEN_TIMEOUT = 10.0
"""The same for HLS and DASH, where that is several files, one of them some seconds of video."""
NETWORK_READ_TIMEOUT = 3.0
"""Seconds without a packet after which a connection counts as dead, unless its packets come more rarely."""
FILE_TIMEOUT = 10.0
"""Seconds; files may lie on a network drive or a disk that has to spin up."""
PLAYLISTS = (".m3u8", ".mpd")
SEGMENTS_BEHIND = 2
"""Of a live HLS stream as many segments wait to be played at the beginning."""
UDP_BUFFER = 2 * 1024 * 1024
"""Bytes the kernel may hold for us: a 4K key frame comes as one burst of several hundred kB."""
HTTP_OPTIONS = {
    "analyzeduration": "1000000",
    "live_start_index": str(-SEGMENTS_BEHIND),  # of the HLS demuxer alone
}


class SourceKind(Enum):
    """What sort of place pictures come from."""

    RTSP = "rtsp"
    HTTP = "http"
    FILE = "file"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class OpenArguments:
    """What ``av.open`` is called with. The repr leaves the URL out: it may hold a password."""

    url: str = field(repr=False)
    kind: SourceKind
    place: str
    """Where it is, for people: ``host:port``, or a path. Holds no secret."""
    format: str | None
    options: dict[str, str]
    open_timeout: float
    read_timeout: float


def open_arguments(camera: DesiredCamera) -> OpenArguments:
    """How to open ``camera``. Raises SourceError for a scheme that isn't supported."""
    scheme, separator, rest = camera.url.partition("://")
    scheme = scheme.lower()
    if not separator:
        return _device(camera.url) if camera.url.startswith("/dev/") else _file(camera.url)
    if scheme == "file":
        return _file(unquote(rest.removeprefix("localhost")))
    if scheme in ("rtsp", "rtsps"):
        return _network(camera, SourceKind.RTSP, _rtsp_options(camera))
    if scheme in ("http", "https"):
        return _network(camera, SourceKind.HTTP, HTTP_OPTIONS)
    raise SourceError(
        f"addresses that begin with {scheme}:// are not supported; rtsp, rtsps, http, https, "
        "a file's path and /dev/video0 are"
    )


def _rtsp_options(camera: DesiredCamera) -> dict[str, str]:
    options = {
        "rtsp_transport": camera.transport,
        "allowed_media_types": "video",
        # What a camera is comes from its SDP; FFmpeg's usual probing costs a second of pictures.
        "probesize": "32",
        "analyzeduration": "0",
        "max_delay": str(camera.latency_ms * 1000),
    }
    if camera.transport == "udp":
        options["buffer_size"] = str(UDP_BUFFER)
        if camera.latency_ms == 0:
            options["reorder_queue_size"] = "0"
    return options


def _network(camera: DesiredCamera, kind: SourceKind, options: dict[str, str]) -> OpenArguments:
    url = SecretUrl(camera.url)
    path = camera.url.partition("?")[0].partition("#")[0]
    playlist = kind is SourceKind.HTTP and path.lower().endswith(PLAYLISTS)
    return OpenArguments(
        url=url.reveal(),
        kind=kind,
        place=url.place,
        format=None,
        options=options,
        open_timeout=PLAYLIST_OPEN_TIMEOUT if playlist else NETWORK_OPEN_TIMEOUT,
        read_timeout=NETWORK_READ_TIMEOUT,
    )


def _file(path: str) -> OpenArguments:
    return OpenArguments(
        url=f"file:{path}",  # so that FFmpeg takes no colon in a name for a protocol
        kind=SourceKind.FILE,
        place=path,
        format=None,
        options={"pattern_type": "none"},  # nor a % for a numbered series of images
        open_timeout=FILE_TIMEOUT,
        read_timeout=FILE_TIMEOUT,
    )


def _device(path: str) -> OpenArguments:
    return OpenArguments(
        url=path,
        kind=SourceKind.DEVICE,
        place=path,
        format="v4l2",
        options={},
        open_timeout=NETWORK_OPEN_TIMEOUT,
        read_timeout=NETWORK_READ_TIMEOUT,
    )
