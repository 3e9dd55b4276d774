"""Open a source with FFmpeg and find out what it is."""

from __future__ import annotations

import errno
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import av
from av.container import InputContainer
from av.stream import Discard
from av.video.stream import VideoStream

from camwire.sources.address import OpenArguments, SourceKind
from camwire.sources.faults import LoginRefusedError, SourceError, lookup_fault, opening_fault
from camwire.sources.pace import LONGEST_PATIENCE

DEFAULT_RATE = 25.0
"""Pictures a second of a file that doesn't say."""
_LENIENT: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
"""Metadata that isn't UTF-8 is no reason to fail; from 19 on PyAV sees to that by itself."""
_UNTIMED_FORMATS = frozenset({"mpjpeg", "mjpeg", "image2pipe"})
"""Live formats without timestamps: FFmpeg invents some for 25 pictures a second."""
_SEGMENTED_FORMATS = frozenset({"hls", "dash"})


@dataclass(frozen=True, slots=True)
class OpenSource:
    """An open container and its video stream."""

    container: InputContainer
    video: VideoStream
    recorded: bool
    """It has an end, and may be played again from its start: a file, over HTTP or not."""
    bursts: bool
    """It is live, and comes in files of some seconds each (HLS, DASH)."""
    still: bool
    """A single image."""
    timed: bool
    """Its timestamps mean something."""
    interval: float
    """Nominal seconds between pictures."""

    @property
    def codec(self) -> str:
        """FFmpeg's name for what is sent (`av1`), not for what decodes it (`libdav1d`)."""
        return self.video.codec_context.codec.canonical_name

    @property
    def pixel_format(self) -> str | None:
        """As the stream was probed: `yuv420p`."""
        return self.video.codec_context.pix_fmt


def open_source(arguments: OpenArguments, *, hwaccel: Any = None, threads: int = 1) -> OpenSource:
    """Open and probe; blocks no longer than the timeouts. Raises SourceError.

    ``threads``: decoder threads; 0 lets FFmpeg choose, at the cost of a picture's delay each.
    """
    container = _open_container(arguments, hwaccel)
    fault = _fault_of(container, arguments.place)
    if fault is not None:
        container.close()
        raise SourceError(fault)
    segmented = container.format.name in _SEGMENTED_FORMATS
    video = _best_of(container) if segmented else container.streams.video[0]
    video.codec_context.thread_count = threads
    video.codec_context.thread_type = "SLICE" if threads == 1 else "AUTO"
    still = _is_still(container.format.name)
    recorded = still or _is_recorded(container, arguments.kind)
    rate = video.average_rate or video.guessed_rate
    return OpenSource(
        container=container,
        video=video,
        recorded=recorded,
        bursts=segmented and not recorded,
        still=still,
        timed=recorded or container.format.name not in _UNTIMED_FORMATS,
        interval=1 / float(rate) if rate else 1 / DEFAULT_RATE,
    )


def _open_container(arguments: OpenArguments, hwaccel: Any) -> InputContainer:
    started = time.monotonic()
    try:
        container: InputContainer = av.open(
            arguments.url,
            format=arguments.format,
            options=arguments.options,
            # How long reading may take changes with the pace (`interrupt.patience`): this is the most.
            timeout=(arguments.open_timeout, max(arguments.read_timeout, LONGEST_PATIENCE)),
            hwaccel=hwaccel,
            **_LENIENT,
        )
        return container
    except (av.FFmpegError, OSError, ValueError, RuntimeError) as error:
        if (
            hwaccel is not None
            and isinstance(error, av.FFmpegError)
            and getattr(error, "filename", None) is None
        ):
            # Not about the source: PyAV names the source in its errors.
            fault = f"the device that is to decode can't be used: {error.strerror}"
        else:
            fault = _explain(error, arguments, time.monotonic() - started)
        login_refused = isinstance(error, av.error.HTTPUnauthorizedError)
    # Raised out here so that the exception doesn't carry FFmpeg's, which holds the URL.
    raise (LoginRefusedError if login_refused else SourceError)(fault)


def _explain(error: Exception, arguments: OpenArguments, seconds: float) -> str:
    local = arguments.kind in (SourceKind.FILE, SourceKind.DEVICE)
    if not local and getattr(error, "errno", None) == errno.EIO:  # what FFmpeg says of names it can't resolve
        host = re.sub(r":\d+$", "", arguments.place)
        if seconds >= arguments.open_timeout:  # and asking again would take as long again
            return lookup_fault(host, seconds)
        if not _resolves(host):
            return f"the host name {host} is unknown"
    return opening_fault(error, arguments.place, local=local, seconds=seconds, timeout=arguments.open_timeout)


def _resolves(host: str) -> bool:
    try:
        socket.getaddrinfo(host.strip("[]"), None)
    except (OSError, UnicodeError):
        return False
    return True


def _best_of(container: InputContainer) -> VideoStream:
    """Of a playlist's versions of the same video the largest; the others aren't fetched any more."""
    best = max(container.streams.video, key=_rank)
    for stream in container.streams:
        if stream is not best:
            stream.discard = Discard.all
    return best


def _rank(video: VideoStream) -> tuple[int, int]:
    """By pixels, and of as many by bits, which the playlist tells."""
    if cast(object, video.codec_context) is None:  # as above
        return 0, 0
    bits = video.metadata.get("variant_bitrate", "")
    return video.codec_context.width * video.codec_context.height, int(bits) if bits.isdecimal() else 0


def _fault_of(container: InputContainer, place: str) -> str | None:
    """What keeps an open container from being a source of pictures."""
    if not container.streams.video:
        return f"{place} has no video track"
    # PyAV's types say that there always is a codec context; without a decoder there is none.
    if cast(object, container.streams.video[0].codec_context) is None:
        return f"the video codec of {place} is not supported"
    return None


def _is_still(format_name: str) -> bool:
    return format_name == "image2" or format_name.endswith("_pipe")


def _is_recorded(container: InputContainer, kind: SourceKind) -> bool:
    if kind is SourceKind.HTTP:
        return container.duration is not None and container.duration > 0
    return kind is SourceKind.FILE


HwAccelFactory = Callable[[], Any]
"""Gives the ``av.codec.hwaccel.HWAccel`` to open with, or None for software."""
