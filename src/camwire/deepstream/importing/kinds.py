"""Which of DeepStream's files a file is, told from its groups and keys."""

from __future__ import annotations

from enum import Enum

from camwire.deepstream.importing.documents import Document


class Kind(Enum):
    """What a file configures."""

    APPLICATION = "deepstream-app"
    INFER = "nvinfer"
    PREPROCESS = "nvdspreprocess"
    ANALYTICS = "nvdsanalytics"
    TRACKER = "low-level tracker"
    MUX = "nvstreammux"


_TRACKER_GROUPS = {"BaseConfig", "TargetManagement", "DataAssociator", "StateEstimator", "NvDCF"}
_SIGNS = {
    Kind.ANALYTICS: {"config-width", "config-height", "obj-cnt-win-in-ms"},
    Kind.PREPROCESS: {"network-input-shape", "processing-width", "tensor-name", "scaling-buf-pool-size"},
    Kind.MUX: {"algorithm-type", "overall-max-fps-n", "overall-min-fps-n", "max-same-source-frames"},
    Kind.INFER: {
        *("onnx-file", "model-engine-file", "net-scale-factor", "labelfile-path", "gie-unique-id"),
        *(
            "num-detected-classes",
            "network-mode",
            "parse-bbox-func-name",
            "custom-lib-path",
            "tlt-encoded-model",
        ),
    },
}
"""Keys of the group `property` that only this kind of file has; earlier kinds go first."""


def kind_of(document: Document) -> Kind | None:
    """None for a file that none of DeepStream's known elements reads."""
    names = document.groups.keys()
    if names & _TRACKER_GROUPS:
        return Kind.TRACKER
    if "property" in names:
        keys = document.groups["property"].entries.keys()
        return next((kind for kind, signs in _SIGNS.items() if keys & signs), None)
    sources = [name for name in names if name.startswith("source")]
    return Kind.APPLICATION if sources or "primary-gie" in names or "streammux" in names else None
