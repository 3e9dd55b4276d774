"""Decode with DeepStream's own elements, from NVIDIA's wheel of nvv4l2decoder and nvvideoconvert.

    pip install nvidia-deepstream-videodecode-cu13 nvidia-npp nvidia-cuda-runtime
    python benchmarks/deepstream_decode.py CLIP.h264 [--streams 4] [--properties]

Wants GStreamer with h264parse (Debian: gstreamer1.0-plugins-bad) and an NVIDIA GPU; CLIP is H.264 as a raw
stream (Annex B). It is decoded by the source half of the DeepStream engine's pipeline, h264parse !
nvv4l2decoder ! nvvideoconvert, once into pictures that stay on the GPU and once into system memory, where the
first picture's mean colour is printed, beside PyAV's where that is installed. GStreamer is called through
ctypes: PyGObject isn't needed.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import sys
import time
from collections.abc import Iterator
from ctypes import POINTER, Structure, byref, c_char_p, c_int, c_size_t, c_uint, c_uint64, c_void_p
from pathlib import Path

ON_GPU = "video/x-raw(memory:NVMM),format=RGBA"
IN_MEMORY = "video/x-raw,format=RGBA"
TIME_OUT_NS = 20_000_000_000
PLAYING, NULL, READ = 4, 1, 1

WHEEL_LIBRARIES = (
    *("libnvbuf_fdmap.so", "libnvbufsurface.so", "libnvbufsurftransform.so", "libnvdsbufferpool.so"),
    *("libnvds_meta.so", "libnvdsgst_meta.so", "libnvdsgst_helper.so", "libcuvidv4l2.so", "libnvv4l2.so"),
)
"""In the order in which they need each other."""


class Map(Structure):
    _fields_ = (
        *(("memory", c_void_p), ("flags", c_int), ("data", c_void_p), ("size", c_size_t)),
        *(("maxsize", c_size_t), ("private", c_void_p * 8)),
    )


class ParamSpec(Structure):
    """The beginning of GLib's GParamSpec."""

    _fields_ = (
        *(("type_instance", c_void_p), ("name", c_char_p), ("flags", c_int)),
        *(("value_type", c_size_t), ("owner_type", c_size_t)),
    )


class GStreamer:
    """The few functions that this needs. Raises RuntimeError with GStreamer's own words."""

    def __init__(self) -> None:
        self.core = ctypes.CDLL("libgstreamer-1.0.so.0", mode=ctypes.RTLD_GLOBAL)
        self.app = ctypes.CDLL("libgstapp-1.0.so.0")
        self.objects = ctypes.CDLL("libgobject-2.0.so.0")
        pointers = (
            *(self.core.gst_parse_launch, self.core.gst_bin_get_by_name, self.core.gst_sample_get_caps),
            *(self.core.gst_sample_get_buffer, self.core.gst_element_factory_make),
            *(self.core.gst_element_get_bus, self.core.gst_bus_timed_pop_filtered),
            *(self.app.gst_app_sink_try_pull_sample, self.objects.g_param_spec_get_default_value),
        )
        for function in pointers:
            function.restype = c_void_p
        for function in (
            self.core.gst_caps_to_string,
            self.objects.g_type_name,
            self.core.gst_version_string,
        ):
            function.restype = c_char_p
        self.objects.g_object_class_list_properties.restype = POINTER(POINTER(ParamSpec))
        self.objects.g_strdup_value_contents.restype = c_char_p
        self.core.gst_structure_get_type.restype = c_size_t
        self.core.gst_init(None, None)
        self._structure = self.core.gst_structure_get_type()

    def pipeline(self, description: str) -> c_void_p:
        error = c_void_p()
        made = self.core.gst_parse_launch(description.encode(), byref(error))
        if not made or error:
            raise RuntimeError(f"{description}: {self.words(error)}")
        return c_void_p(made)

    def words(self, error: c_void_p) -> str:
        """GError: domain, code, message."""
        return (
            ctypes.string_at(c_void_p.from_address(error.value + 8).value or 0).decode()
            if error
            else "failed"
        )

    def samples(self, pipeline: c_void_p, sink: str) -> Iterator[c_void_p]:
        element = c_void_p(self.core.gst_bin_get_by_name(pipeline, sink.encode()))
        while sample := self.app.gst_app_sink_try_pull_sample(element, c_uint64(TIME_OUT_NS)):
            yield c_void_p(sample)
            self.core.gst_mini_object_unref(c_void_p(sample))
        self.raise_error(pipeline)

    def raise_error(self, pipeline: c_void_p) -> None:
        bus = c_void_p(self.core.gst_element_get_bus(pipeline))
        message = self.core.gst_bus_timed_pop_filtered(bus, c_uint64(0), c_int(2))  # errors
        if message:
            error, debug = c_void_p(), c_char_p()
            self.core.gst_message_parse_error(c_void_p(message), byref(error), byref(debug))
            raise RuntimeError(f"{self.words(error)} ({(debug.value or b'').decode()})")

    def caps(self, sample: c_void_p) -> str:
        return str(self.core.gst_caps_to_string(c_void_p(self.core.gst_sample_get_caps(sample))).decode())

    def content(self, sample: c_void_p) -> bytes:
        buffer, view = c_void_p(self.core.gst_sample_get_buffer(sample)), Map()
        if not self.core.gst_buffer_map(buffer, byref(view), READ):
            raise RuntimeError("the buffer can't be read")
        try:
            return ctypes.string_at(view.data, view.size)
        finally:
            self.core.gst_buffer_unmap(buffer, byref(view))

    def properties(self, factory: str) -> Iterator[tuple[str, str, str]]:
        """Name, type and default of each of an element's properties."""
        element = self.core.gst_element_factory_make(factory.encode(), None)
        if not element:
            raise RuntimeError(f"there is no element {factory}")
        count = c_uint()
        specs = self.objects.g_object_class_list_properties(c_void_p.from_address(element), byref(count))
        for index in range(count.value):
            spec = specs[index]
            if spec.contents.value_type == self._structure:
                continue  # GStreamer complains of an empty structure's text
            kind = self.objects.g_type_name(c_size_t(spec.contents.value_type)).decode()
            default = self.objects.g_param_spec_get_default_value(spec)
            yield (
                spec.contents.name.decode(),
                kind,
                self.objects.g_strdup_value_contents(c_void_p(default)).decode(),
            )


def load_wheel() -> Path:
    """Load NVIDIA's libraries and tell GStreamer where they lie; returns their folder."""
    for place in map(Path, sys.path):
        folder = place / "nvidia" / "deepstream_videodecode" / "_libs"
        if folder.is_dir():
            break
    else:
        sys.exit("nvidia-deepstream-videodecode-cu13 is not installed; see this file's beginning")
    os.environ["GST_PLUGIN_PATH"] = f"{folder}{os.pathsep}{os.environ.get('GST_PLUGIN_PATH', '')}"
    os.environ["LIBV4L2_PLUGIN_DIR"] = str(folder / "v4l_plugins")
    for pattern in ("libcudart.so.13", "libnppc.so.13", "libnppig.so.13", "libnppidei.so.13"):
        places = [path for place in map(Path, sys.path) for path in place.glob(f"nvidia/*/lib/{pattern}")]
        ctypes.CDLL(str(places[0]) if places else pattern, mode=ctypes.RTLD_GLOBAL)
    for name in WHEEL_LIBRARIES:
        ctypes.CDLL(str(folder / name), mode=ctypes.RTLD_GLOBAL)
    return folder


def branch(clip: Path, caps: str, index: int) -> str:
    return (
        f"filesrc location={clip} ! h264parse ! nvv4l2decoder ! nvvideoconvert ! {caps} ! "
        f"appsink name=sink{index} sync=false max-buffers=4"
    )


def decode(gstreamer: GStreamer, clip: Path, caps: str, streams: int) -> tuple[int, float, str, bytes | None]:
    """Pictures of all streams, seconds, their caps, and the first picture where it is in system memory."""
    started = time.perf_counter()
    pipeline = gstreamer.pipeline(" ".join(branch(clip, caps, index) for index in range(streams)))
    gstreamer.core.gst_element_set_state(pipeline, PLAYING)
    count, found, first = 0, "", None
    try:
        readers = [gstreamer.samples(pipeline, f"sink{index}") for index in range(streams)]
        while readers:
            for reader in readers[:]:
                sample = next(reader, None)
                if sample is None:
                    readers.remove(reader)
                    continue
                count += 1
                if not found:
                    found = gstreamer.caps(sample)
                    first = gstreamer.content(sample) if caps == IN_MEMORY else None
    finally:
        gstreamer.core.gst_element_set_state(pipeline, NULL)
    return count, time.perf_counter() - started, found, first


def mean_colour(rgba: bytes) -> list[float]:
    import numpy as np

    pixels = np.frombuffer(rgba, np.uint8).reshape(-1, 4)
    return [round(float(value), 2) for value in pixels[:, :3].mean(axis=0)]


def expected_colour(clip: Path) -> list[float] | None:
    try:
        import av
    except ImportError:
        return None
    with av.open(str(clip)) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24")
    return [round(float(value), 2) for value in picture.reshape(-1, 3).mean(axis=0)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("--streams", type=int, default=1)
    parser.add_argument("--properties", action="store_true", help="list the elements' properties, too")
    arguments = parser.parse_args()
    load_wheel()
    gstreamer = GStreamer()
    print(gstreamer.core.gst_version_string().decode())
    if arguments.properties:
        for factory in ("nvv4l2decoder", "nvvideoconvert"):
            for name, kind, default in gstreamer.properties(factory):
                print(f"{factory}.{name}: {kind} = {default}")
    for caps in (ON_GPU, IN_MEMORY):
        count, seconds, found, first = decode(gstreamer, arguments.clip, caps, arguments.streams)
        print(f"{count} pictures in {seconds:.2f} s: {count / seconds:.0f} a second; {found}")
        if first is not None:
            print(f"mean colour {mean_colour(first)}; PyAV's {expected_colour(arguments.clip)}")


if __name__ == "__main__":
    main()
