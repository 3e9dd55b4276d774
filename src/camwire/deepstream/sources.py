"""From a camera to the muxer."""

from __future__ import annotations

from pathlib import Path

from camwire.deepstream.elements import Element, Link, Part
from camwire.deepstream.properties import Value
from camwire.link.messages import DesiredCamera, DesiredDeepstream

RTSP_SCHEMES = ("rtsp", "rtsps")
ANY, URI, RTSP = 0, 1, 2
"""nvurisrcbin's `type`."""
UDP, TCP = 1, 4
"""nvurisrcbin's own numbers, not rtspsrc's flags."""
PAD = "vsrc_%u"
"""The pad that appears once pictures come."""


def source_part(camera: DesiredCamera, pad: int, settings: DesiredDeepstream) -> Part:
    """nvurisrcbin, linked with the muxer's pad of that number once it has one of its own."""
    name = source_name(pad)
    return Part(
        (Element(name, "nvurisrcbin", _properties(camera, pad, settings)),),
        (Link(name, "mux", source_pad=PAD, sink_pad=f"sink_{pad}", appears=True),),
    )


def source_name(pad: int) -> str:
    return f"source_{pad}"


def _properties(camera: DesiredCamera, pad: int, settings: DesiredDeepstream) -> dict[str, Value]:
    uri = source_uri(camera.url)
    live = uri.partition("://")[0].lower() in RTSP_SCHEMES
    properties: dict[str, Value] = {
        "uri": uri,
        "type": RTSP if live else URI,
        "gpu-id": settings.gpu,
        "cudadec-memtype": 0,
        "source-id": pad,
        "disable-audio": True,
    }
    if live:
        return properties | {
            "latency": camera.latency_ms,
            "drop-on-latency": camera.drop_on_latency,
            "select-rtp-protocol": TCP if camera.transport == "tcp" else UDP,
            "rtsp-reconnect-interval": settings.reconnect_seconds,
            "rtsp-reconnect-attempts": settings.reconnect_attempts,
        }
    return properties | {"file-loop": uri.startswith("file:/")}


def source_uri(url: str) -> str:
    """A camera's URL as GStreamer wants it: files and devices have schemes there, too."""
    scheme, separator, _ = url.partition("://")
    if separator:
        return f"{scheme.lower()}{url[len(scheme) :]}"
    if url.startswith("/dev/"):
        return f"v4l2://{url}"
    return Path(url).absolute().as_uri()
