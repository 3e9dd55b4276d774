"""Every property that the engine may set, by element: what DeepStream 9.1 and GStreamer say of it.

``nvstreammux`` is two elements in one name: DeepStream takes the new one where the environment says
``USE_NEW_NVSTREAMMUX=yes``, which is ``NEW_MUX`` here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from camwire.deepstream.properties import Certainty, Kind, Property, Value

NEW_MUX = "nvstreammux (new)"
"""The key of the new muxer's properties in ``TABLE``."""

_MEMORY = {0: "default", 1: "pinned", 2: "device", 3: "unified"}


def _known(certainty: Certainty, rows: Iterable[tuple[Any, ...]]) -> tuple[Property, ...]:
    """Rows of name, kind, default and, by name, what else there is to say."""
    return tuple(
        Property(name, kind, default, certainty, **(more[0] if more else {}))
        for name, kind, default, *more in rows
    )


_BOOL, _INT, _UINT, _UINT64, _ENUM, _STRING, _CAPS = (
    *(Kind.BOOL, Kind.INT, Kind.UINT, Kind.UINT64),
    *(Kind.ENUM, Kind.STRING, Kind.CAPS),
)

_TABLES: Mapping[str, tuple[Property, ...]] = {
    "nvurisrcbin": _known(
        Certainty.SOURCE,
        [
            ("uri", _STRING, None),
            ("type", _ENUM, 0, {"choices": {0: "auto", 1: "uri", 2: "rtsp"}}),
            ("num-extra-surfaces", _UINT, 1),
            ("gpu-id", _UINT, 0),
            ("cudadec-memtype", _ENUM, 0, {"choices": {0: "device", 1: "pinned", 2: "unified"}}),
            ("drop-frame-interval", _UINT, 0, {"high": 30, "unit": "frames"}),
            ("dec-skip-frames", _ENUM, 0, {"choices": {0: "all", 1: "non-reference", 2: "key frames only"}}),
            ("low-latency-mode", _BOOL, False),
            (
                "select-rtp-protocol",
                _ENUM,
                7,
                {
                    "choices": {
                        0: "unknown",
                        1: "UDP",
                        2: "UDP multicast",
                        4: "TCP",
                        7: "UDP, multicast or TCP",
                        10: "HTTP",
                        20: "TLS",
                    }
                },
            ),
            ("latency", _UINT, 100, {"unit": "ms"}),
            ("drop-on-latency", _BOOL, True),
            ("udp-buffer-size", _UINT, 524_288, {"unit": "bytes"}),
            (
                "buffer-mode",
                _ENUM,
                3,
                {"choices": {0: "none", 1: "slave", 2: "buffer", 3: "auto", 4: "synced"}},
            ),
            ("rtsp-reconnect-interval", _UINT, 0, {"unit": "s"}),
            ("init-rtsp-reconnect-interval", _UINT, 0, {"unit": "s"}),
            ("rtsp-reconnect-attempts", _INT, -1, {"low": -1}),
            ("file-loop", _BOOL, False),
            ("leaky", _ENUM, 0, {"choices": {0: "no", 1: "upstream", 2: "downstream"}}),
            ("max-size-buffers", _UINT, 200, {"unit": "buffers"}),
            ("disable-audio", _BOOL, True),
            ("disable-passthrough", _BOOL, False),
            ("source-id", _INT, -1, {"low": -1}),
        ],
    ),
    "nvstreammux": (
        *_known(
            Certainty.DOCUMENTATION,
            [
                ("batch-size", _UINT, 0),
                ("batched-push-timeout", _INT, -1, {"low": -1, "unit": "µs"}),
                ("width", _UINT, 0, {"unit": "pixels"}),
                ("height", _UINT, 0, {"unit": "pixels"}),
                ("enable-padding", _BOOL, False),
                ("live-source", _BOOL, False),
                ("gpu-id", _UINT, 0),
                ("nvbuf-memory-type", _ENUM, 0, {"choices": _MEMORY}),
                ("buffer-pool-size", _UINT, 4, {"unit": "buffers"}),
                ("num-surfaces-per-frame", _UINT, 1, {"low": 1, "high": 4}),
                ("compute-hw", _ENUM, 0, {"choices": {0: "default", 1: "GPU", 2: "VIC"}}),
                ("attach-sys-ts", _BOOL, True),
                ("max-latency", _UINT64, 0, {"unit": "ns"}),
                ("sync-inputs", _BOOL, False),
                ("async-process", _BOOL, True),
                ("drop-pipeline-eos", _BOOL, False),
            ],
        ),
        *_known(
            Certainty.REMEMBERED,
            [("interpolation-method", _ENUM, 1, {"choices": {0: "nearest", 1: "bilinear", 6: "default"}})],
        ),
    ),
    NEW_MUX: _known(
        Certainty.SOURCE,
        [
            ("batch-size", _UINT, 0),
            ("batched-push-timeout", _INT, 33_000, {"low": 1, "unit": "µs"}),
            ("num-surfaces-per-frame", _UINT, 1),
            ("config-file-path", _STRING, None),
            ("attach-sys-ts", _BOOL, True),
            ("max-latency", _UINT64, 0, {"unit": "ns"}),
            ("sync-inputs", _BOOL, False),
            ("frame-num-reset-on-eos", _BOOL, False),
            ("frame-num-reset-on-stream-reset", _BOOL, False),
            ("frame-duration", _UINT64, 2**64 - 1, {"unit": "ms"}),
            ("drop-pipeline-eos", _BOOL, False),
        ],
    ),
    "nvdspreprocess": _known(
        Certainty.SOURCE,
        [
            ("unique-id", _UINT, 15),
            ("enable", _BOOL, True),
            ("gpu-id", _UINT, 0),
            ("process-on-frame", _BOOL, True),
            ("operate-on-gie-id", _INT, -1, {"low": -1}),
            ("target-unique-ids", _STRING, ""),
            ("config-file", _STRING, None),
        ],
    ),
    "nvinfer": _known(
        Certainty.DOCUMENTATION,
        [
            ("config-file-path", _STRING, None),
            ("unique-id", _UINT, 15),
            ("batch-size", _UINT, 1, {"low": 1, "high": 1024}),
            ("interval", _UINT, 0, {"unit": "batches"}),
            ("gpu-id", _UINT, 0),
            ("model-engine-file", _STRING, None),
            ("input-tensor-meta", _BOOL, False),
            ("output-tensor-meta", _BOOL, False),
        ],
    ),
    "nvtracker": _known(
        Certainty.SOURCE,
        [
            ("tracker-width", _UINT, 960, {"unit": "pixels"}),
            ("tracker-height", _UINT, 544, {"unit": "pixels"}),
            ("gpu-id", _UINT, 0),
            ("ll-lib-file", _STRING, None),
            ("ll-config-file", _STRING, None),
            ("display-tracking-id", _BOOL, True),
            ("tracking-id-reset-mode", _UINT, 1, {"high": 3}),
            ("compute-hw", _ENUM, 0, {"choices": {0: "default", 1: "GPU", 2: "VIC"}}),
            ("input-tensor-meta", _BOOL, False),
            ("tensor-meta-gie-id", _UINT, 0),
            ("user-meta-pool-size", _UINT, 32, {"unit": "buffers"}),
            ("sub-batches", _STRING, ""),
            ("sub-batch-err-recovery-trial-cnt", _INT, 0, {"low": -1}),
            ("operate-on-class-ids", _STRING, ""),
        ],
    ),
    "nvdsanalytics": _known(
        Certainty.SOURCE,
        [("unique-id", _UINT, 17), ("enable", _BOOL, True), ("config-file", _STRING, None)],
    ),
    "nvdsosd": _known(
        Certainty.SOURCE,
        [
            ("display-clock", _BOOL, False),
            ("display-text", _BOOL, True),
            ("display-bbox", _BOOL, True),
            ("display-mask", _BOOL, True),
            ("clock-font", _STRING, "Serif"),
            ("clock-font-size", _UINT, 12, {"high": 60, "unit": "points"}),
            ("process-mode", _ENUM, 1, {"choices": {0: "CPU", 1: "GPU"}}),
            ("gpu-id", _UINT, 0),
        ],
    ),
    "nvvideoconvert": _known(
        Certainty.LIBRARY,
        [
            ("gpu-id", _UINT, 0),
            ("nvbuf-memory-type", _ENUM, 0, {"choices": _MEMORY}),
            ("src-crop", _STRING, None, {"unit": "left:top:width:height"}),
            ("dest-crop", _STRING, None, {"unit": "left:top:width:height"}),
            ("output-buffers", _UINT, 4, {"low": 1, "unit": "buffers"}),
            ("disable-passthrough", _BOOL, False),
            (
                "interpolation-method",
                _ENUM,
                6,
                {
                    "choices": {
                        **dict(enumerate(("nearest", "bilinear", "cubic", "super", "lanczos", "nicest"))),
                        6: "nearest, by default",
                    }
                },
            ),
        ],
    ),
    "nvstreamdemux": _known(Certainty.DOCUMENTATION, [("per-stream-eos", _BOOL, False)]),
    "nvjpegenc": _known(Certainty.REMEMBERED, [("quality", _INT, 85, {"low": 0, "high": 100})]),
    "nvimageenc": _known(
        Certainty.SOURCE,
        [("quality", _UINT, 90, {"low": 0, "high": 100}), ("gpu-id", _UINT, 0)],
    ),
    "queue": _known(
        Certainty.GSTREAMER,
        [
            ("max-size-buffers", _UINT, 200, {"unit": "buffers"}),
            ("max-size-bytes", _UINT, 10_485_760, {"unit": "bytes"}),
            ("max-size-time", _UINT64, 1_000_000_000, {"unit": "ns"}),
            ("leaky", _ENUM, 0, {"choices": {0: "no", 1: "upstream", 2: "downstream"}}),
        ],
    ),
    "clocksync": _known(Certainty.GSTREAMER, [("sync", _BOOL, True)]),
    "capsfilter": _known(Certainty.GSTREAMER, [("caps", _CAPS, None)]),
    "appsink": _known(
        Certainty.GSTREAMER,
        [
            ("emit-signals", _BOOL, False),
            ("max-buffers", _UINT, 0, {"unit": "buffers"}),
            ("drop", _BOOL, False),
            ("sync", _BOOL, True),
            ("async", _BOOL, True),
            ("qos", _BOOL, False),
        ],
    ),
}

TABLE: Mapping[str, Mapping[str, Property]] = {
    element: {one.name: one for one in rows} for element, rows in _TABLES.items()
}
"""By element and property."""


def problems_with(kind: str, properties: Mapping[str, Value]) -> list[str]:
    """What an element of this kind (a key of ``TABLE``) can't take, in words."""
    known = TABLE.get(kind)
    if known is None:
        return [f"there is no element {kind}"]
    return [
        f"{kind}: {problem}"
        for name, value in properties.items()
        if (problem := known[name].problem_with(value) if name in known else f"it has no property {name}")
    ]
