"""From a camera to the muxer."""

from __future__ import annotations

from pathlib import Path

from camwire.deepstream.elements import Element, Link, Part
from camwire.deepstream.properties import Value
from camwire.link.desired import DesiredCamera, DesiredDeepstream

RTSP_SCHEMES = ("rtsp", "rtsps")
ANY, URI, RTSP = 0, 1, 2
"""nvurisrcbin's `type`."""
UDP, TCP = 1, 4
"""nvurisrcbin's own numbers, not rtspsrc's flags."""
PAD = "vsrc_%u"
"""The pad that appears once pictures come."""


def source_part(camera: DesiredCamera, pad: int, settings: DesiredDeepstream) -> Part:
    """nvurisrcbin, linked with the muxer's pad of that number once it has one of its own.

    A camera's pictures come when they come; a file's have to be held back, or it is read as fast as it goes.
    """
    source = Element(source_name(pad), "nvurisrcbin", _properties(camera, pad, settings))
    if _is_live(source_uri(camera.url)):
        return Part((source,), (_when_there(source, "mux", f"sink_{pad}"),))
    pace = Element(f"pace_{pad}", "clocksync", {"sync": True})
    to_mux = Link(pace.name, "mux", sink_pad=f"sink_{pad}")
    return Part((source, pace), (_when_there(source, pace.name), to_mux))


def _when_there(source: Element, sink: str, pad: str | None = None) -> Link:
    return Link(source.name, sink, source_pad=PAD, sink_pad=pad, appears=True)


def _is_live(uri: str) -> bool:
    return not uri.startswith("file:/")


def source_name(pad: int) -> str:
    return f"source_{pad}"


def _properties(camera: DesiredCamera, pad: int, settings: DesiredDeepstream) -> dict[str, Value]:
    uri = source_uri(camera.url)
    is_rtsp = uri.partition("://")[0].lower() in RTSP_SCHEMES
    properties: dict[str, Value] = {
        "uri": uri,
        "type": RTSP if is_rtsp else URI,
        "gpu-id": settings.gpu,
        "cudadec-memtype": 0,
        "source-id": pad,
        "disable-audio": True,
    }
    if is_rtsp:
        return properties | {
            "latency": camera.latency_ms,
            "drop-on-latency": camera.drop_on_latency,
            "select-rtp-protocol": TCP if camera.transport == "tcp" else UDP,
            "rtsp-reconnect-interval": settings.reconnect_seconds,
            "rtsp-reconnect-attempts": settings.reconnect_attempts,
        }
    return properties | {"file-loop": not _is_live(uri)}


def source_uri(url: str) -> str:
    """A camera's URL as GStreamer wants it: files and devices have schemes there, too."""
    scheme, separator, _ = url.partition("://")
    if separator:
        return f"{scheme.lower()}{url[len(scheme) :]}"
    if url.startswith("/dev/"):
        return f"v4l2://{url}"
    return Path(url).absolute().as_uri()
