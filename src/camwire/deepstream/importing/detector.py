"""The primary detector: [primary-gie] and nvinfer's file, as the section `model`."""

from __future__ import annotations

from collections.abc import Iterable

from camwire.config.detection import ModelConfig
from camwire.deepstream.importing.documents import Document, Entry, Group
from camwire.deepstream.importing.draft import CameraDraft, Draft, trouble
from camwire.deepstream.importing.values import boolean, integer, integers, number, path

SECTION = "model"

CLASS_KEYS = {
    "pre-cluster-threshold": "score_threshold",
    "nms-iou-threshold": "iou_threshold",
    "post-cluster-threshold": "final_threshold",
    "topk": "top_k",
}
"""In `class-attrs-…` → in `model` and its `per_class`."""
THRESHOLDS = {"score_threshold": 0.2, "iou_threshold": 0.3}
"""nvinfer's where its file says nothing; camwire's are others."""

FP32, INT8 = 0, 1
NMS = 2
DETECTOR = 0

REASONS = {
    "custom-lib-path": "camwire reads YOLO's outputs itself; `deepstream.parser` names its own library",
    "parse-bbox-func-name": "camwire reads YOLO's outputs itself",
    "parse-bbox-instance-mask-func-name": "camwire reads YOLO's masks itself; `model.task: segment`",
    "engine-create-func-name": "camwire builds engines from ONNX itself",
    "int8-calib-file": "camwire runs models that are quantised already; it calibrates none",
    "mean-file": "a mean picture has no counterpart",
    "tlt-encoded-model": "export the model as ONNX and name that file in model.file",
    "plugin-type": "Triton (nvinferserver) has no counterpart; camwire runs ONNX and TensorRT files",
    "symmetric-padding": "camwire centres pictures",
    "infer-raw-output-dir": "`camwire detect` prints detections of a file",
}
QUIET = frozenset(
    """
    gpu-id gie-unique-id unique-id nvbuf-memory-type model-color-format net-scale-factor offsets process-mode
    num-detected-classes output-blob-names workspace-size batch-size scaling-filter scaling-compute-hw
    network-input-order tensor-meta-pool-size bbox-border-color0 bbox-border-color1 bbox-border-color2
    bbox-border-color3 force-implicit-batch-dim strongly-typed symmetric-padding
    """.split()  # noqa: SIM905 - a list of words
)


def read_detector(application: Group, file: Document | None, draft: Draft) -> None:
    """``application``: [primary-gie]; what stands there goes before the same key in nvinfer's ``file``."""
    if not boolean(application.take("enable"), True):
        draft.remarks[SECTION] += [
            entry.remark("the detector was switched off; camwire always detects")
            for entry in list(application.entries.values())[:1]
        ]
        return
    infer = file.group("property") if file is not None else Group(application.file, "property", 0)
    both = _Both(application, infer)
    _take_files(both, draft)
    _take_shape(both, draft)
    _take_habits(both, draft)
    keeps_aspect, mode = both.take("maintain-aspect-ratio"), both.take("network-mode")
    if file is not None or keeps_aspect is not None:
        take_resize(keeps_aspect, draft)
    if file is not None or mode is not None:
        _take_precision(mode, draft)
    if file is not None:
        _take_thresholds(file, draft)
        for group in file.groups.values():
            draft.leave(SECTION, group, REASONS, QUIET)
    draft.leave(SECTION, application, REASONS, QUIET | {"config-file"})


class _Both:
    """Two groups read as one: the application's entry hides the file's."""

    def __init__(self, *groups: Group) -> None:
        self._groups = groups

    def take(self, key: str) -> Entry | None:
        found = [group.take(key) for group in self._groups]
        return next((entry for entry in found if entry is not None), None)


def _take_files(both: _Both, draft: Draft) -> None:
    onnx, engine, labels = (both.take(key) for key in ("onnx-file", "model-engine-file", "labelfile-path"))
    file = onnx or engine
    if file is not None:
        draft.put(SECTION, "file", draft.path(path(file)), file)
    if onnx is None and engine is not None:
        draft.remark(
            SECTION,
            engine,
            "an engine runs only on the GPU and with the TensorRT that built it; better name the ONNX file",
        )
    if labels is not None:
        draft.put(SECTION, "labels", draft.path(path(labels)), labels)


def _take_shape(both: _Both, draft: Draft) -> None:
    if entry := both.take("infer-dims"):
        sides = integers(entry)
        if len(sides) == 3:
            take_input_size(sides[2], sides[1], entry, draft)
        else:
            draft.remark(SECTION, entry, "is no channels;height;width")


def take_resize(keeps_aspect: Entry | None, draft: Draft) -> None:
    """``keeps_aspect``: maintain-aspect-ratio, of nvinfer or nvdspreprocess; both stretch without it."""
    draft.put(SECTION, "resize", "letterbox" if boolean(keeps_aspect, False) else "stretch", keeps_aspect)


def take_interval(entry: Entry, cameras: Iterable[CameraDraft], draft: Draft) -> None:
    """``entry``: so many batches are left out between two."""
    for camera in cameras:
        draft.put_camera(camera, "detect_interval", integer(entry) + 1, entry)


def take_input_size(width: int, height: int, entry: Entry, draft: Draft) -> None:
    draft.put(SECTION, "input_size", f"{width}x{height}", entry)


def _take_habits(both: _Both, draft: Draft) -> None:
    tensors = boolean(both.take("input-tensor-meta"), False)
    if (entry := both.take("interval")) and integer(entry) != 0:
        if tensors:
            draft.remark(SECTION, entry, "has no effect on tensors of nvdspreprocess, whose own counts")
        else:
            take_interval(entry, draft.cameras, draft)
    if entry := both.take("output-tensor-meta"):
        draft.put("deepstream", "tensor_output", boolean(entry, False), entry)
    if (entry := both.take("cluster-mode")) and integer(entry) not in (0, NMS):
        draft.remark(SECTION, entry, "camwire thins boxes out as cluster-mode 2 (NMS) does")
    if (entry := both.take("network-type")) and integer(entry) != DETECTOR:
        draft.remark(SECTION, entry, "was no detector; set model.task where the model's file doesn't say")
    _take_classes(both, draft)


def _take_precision(entry: Entry | None, draft: Draft) -> None:
    mode = integer(entry) if entry is not None else FP32
    draft.put(SECTION, "precision", "full" if mode == FP32 else "auto", entry)
    if entry is not None and mode == INT8:
        draft.remark(SECTION, entry, "8 bits come with the model's file: quantise it before")


def _take_classes(both: _Both, draft: Draft) -> None:
    out, count = both.take("filter-out-class-ids"), both.take("num-detected-classes")
    if out is None:
        return
    if count is None or not 0 < integer(count) <= 10_000:
        draft.remark(SECTION, out, "name the classes that stay in model.classes")
        return
    gone = set(integers(out))
    draft.put(SECTION, "classes", [str(k) for k in range(integer(count)) if k not in gone], out)


def _take_thresholds(file: Document, draft: Draft) -> None:
    everything = {**THRESHOLDS, **_thresholds(file.group("class-attrs-all"), draft)}
    for key, value in everything.items():
        draft.put(SECTION, key, value, None)
    classes = []
    for group in file.numbered("class-attrs-"):
        own = {"name": group.name.removeprefix("class-attrs-"), **_thresholds(group, draft)}
        if len(own) > 1:
            classes.append(own)
    if classes:
        draft.put(SECTION, "per_class", classes, None)


def _thresholds(group: Group, draft: Draft) -> dict[str, float]:
    """camwire's keys; a value that no threshold can have is left out with a remark."""
    found: dict[str, float] = {}
    for key, name in CLASS_KEYS.items():
        entry = group.take(key)
        if entry is None or (key == "topk" and integer(entry) < 0):
            continue  # topk=-1: all
        value = integer(entry) if key == "topk" else number(entry)
        if problem := trouble(ModelConfig, {name: value}):
            draft.remark(SECTION, entry, f"can't be {name}: {problem}")
        else:
            found[name] = value
    return found
