"""From tracked objects to pictures: drawn by nvdsosd and encoded on the GPU, or handed to camwire."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from camwire.deepstream.elements import Element, Link, Part, chain
from camwire.deepstream.properties import Value
from camwire.frames import Size
from camwire.link.desired import DesiredDeepstream, DesiredOutput

DEMUX, OUT = "demux", "out"
"""Names of elements that others have to find."""
ON_GPU = "video/x-raw(memory:NVMM)"
ENCODER_FORMATS = {"nvjpegenc": "I420", "nvimageenc": "RGB"}
"""What each takes."""
BILINEAR = 1
"""nvvideoconvert's `interpolation-method`; left alone, the nearest pixel is taken."""
GPU_DRAWS = 1
"""nvdsosd's `process-mode`."""
_NEWEST_WINS: dict[str, Value] = {
    "max-size-buffers": 1,
    "max-size-bytes": 0,
    "max-size-time": 0,
    "leaky": 2,
}


def ending(settings: DesiredDeepstream) -> tuple[Element, ...]:
    """What all cameras share behind the last analysis."""
    if settings.osd == "native":
        return (Element(DEMUX, "nvstreamdemux"),)
    # What camwire's CUDA kernels draw on, and what the decoder made already.
    return _convert("to_draw", settings), _caps("drawable", "NV12"), _sink(OUT)


def output_part(
    pad: int,
    settings: DesiredDeepstream,
    output: DesiredOutput,
    toggles: Mapping[str, bool],
    size: Size | None,
) -> Part:
    """One camera's pictures, drawn on as ``toggles`` say, as JPEGs of this size; None: as the pictures come.

    A queue that keeps the newest picture alone lets no camera wait for another's drawing or encoder. nvdsosd
    draws all objects of a batch on its first picture, so it stands behind the demuxer, where a batch is one
    picture. What the demuxer hands out is the muxer's own memory: it is drawn on a converted copy.
    """
    encodable = ENCODER_FORMATS[settings.encoder]
    sides = f", width={size.width}, height={size.height}" if size else ""
    elements = (
        Element(f"latest_{pad}", "queue", _NEWEST_WINS),
        _convert(f"to_draw_{pad}", settings),
        _caps(f"drawable_{pad}", "RGBA"),
        Element(drawer_name(pad), "nvdsosd", _drawer(settings, toggles)),
        _convert(f"to_encode_{pad}", settings, {"interpolation-method": BILINEAR}),
        _caps(f"encodable_{pad}", f"{encodable}{sides}"),
        Element(f"encode_{pad}", settings.encoder, _encoder(settings, output)),
        _sink(output_name(pad)),
    )
    entry = Link(DEMUX, elements[0].name, source_pad=f"src_{pad}")
    return Part(elements, (entry, *chain(*elements)))


def _convert(
    name: str, settings: DesiredDeepstream, besides: Mapping[str, Value] = MappingProxyType({})
) -> Element:
    return Element(name, "nvvideoconvert", {"gpu-id": settings.gpu, "nvbuf-memory-type": 0, **besides})


def _caps(name: str, form: str) -> Element:
    return Element(name, "capsfilter", {"caps": f"{ON_GPU}, format={form}"})


def _drawer(settings: DesiredDeepstream, toggles: Mapping[str, bool]) -> dict[str, Value]:
    return {
        "process-mode": GPU_DRAWS,
        "gpu-id": settings.gpu,
        "display-bbox": toggles.get("boxes", True),
        "display-text": toggles.get("labels", True),
        "display-mask": toggles.get("masks", True),
    }


def drawer_name(pad: int) -> str:
    """The nvdsosd that draws on the camera's pictures."""
    return f"osd_{pad}"


def output_name(pad: int) -> str:
    """The appsink with the camera's JPEGs."""
    return f"{OUT}_{pad}"


def _encoder(settings: DesiredDeepstream, output: DesiredOutput) -> dict[str, Value]:
    if settings.encoder == "nvimageenc":
        return {"quality": output.jpeg_quality, "gpu-id": settings.gpu}
    return {"quality": output.jpeg_quality}


def _sink(name: str) -> Element:
    """Never waits for a clock and never makes anybody wait: what nobody took is replaced by what is newer."""
    return Element(
        name,
        "appsink",
        {"emit-signals": True, "max-buffers": 1, "drop": True, "sync": False, "async": False, "qos": False},
    )
