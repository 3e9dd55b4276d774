"""Stand-ins for DeepStream's elements on real GStreamer: the same names, properties, pads, caps features.

``memory:NVMM`` is system memory here. Batches are what the muxer makes of I420 pictures, one behind the
other in a buffer; what DeepStream keeps in its batch metadata is in ``store``. Each element does its work
simply: the detector finds one bright box, the tracker follows it, nvdsanalytics applies camwire's own reading
of DeepStream's rules, the encoder is OpenCV's.

What they prove: graphs, pads, caps, threads, events, errors, restarts. What they don't: anything about a GPU,
or that NVIDIA's elements do what the specification says.

``available`` says whether GStreamer's Python binding is there; ``register`` has to be called once a process,
before a pipeline is made.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from pathlib import Path

SYSTEM_PACKAGES = Path("/usr/lib/python3/dist-packages")


def make_binding_importable(folder: Path) -> None:
    """Make the system's binding, and nothing else of the system's Python, importable by this process.

    ``folder`` gets a link to it; as PYTHONPATH it does the same for another process.
    """
    link = folder / "gi"
    if not link.exists():
        link.symlink_to(SYSTEM_PACKAGES / "gi")
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def available(folder: Path) -> bool:
    """Whether the binding can be imported, by ``make_binding_importable`` or as it is."""
    if importlib.util.find_spec("gi") is None and (SYSTEM_PACKAGES / "gi").is_dir():
        make_binding_importable(folder)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the binding's importer is an old one
            importlib.import_module("gi").require_version("Gst", "1.0")
            for module in ("GLib", "GObject", "Gst"):
                importlib.import_module(f"gi.repository.{module}")
    except (ImportError, ValueError):
        return False
    return True


def register(*, new_mux: bool = False) -> None:
    """Register all stand-ins under DeepStream's names."""
    from tests.support.deepstream_stand_ins import analysis, mux, pictures, sources
    from tests.support.deepstream_stand_ins.base import Gst

    elements = {
        "nvurisrcbin": sources.UriSource,
        "nvstreammux": mux.NewMux if new_mux else mux.LegacyMux,
        "nvdspreprocess": analysis.Preprocess,
        "nvinfer": analysis.Infer,
        "nvtracker": analysis.Tracker,
        "nvdsanalytics": analysis.Analytics,
        "nvvideoconvert": pictures.Convert,
        "nvdsosd": pictures.Draw,
        "nvstreamdemux": pictures.Demux,
        "nvjpegenc": pictures.JpegEncoder,
        "nvimageenc": pictures.ImageEncoder,
    }
    for name, kind in elements.items():
        assert Gst.Element.register(None, name, Gst.Rank.NONE, kind), name
