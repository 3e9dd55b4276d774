"""nvdspreprocess, nvinfer, nvtracker and nvdsanalytics."""

from __future__ import annotations

import configparser
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from ruamel.yaml import YAML

from camwire.analytics.nvdsanalytics.engine import NvdsAnalytics
from camwire.analytics.nvdsanalytics.load import load
from camwire.analytics.nvdsanalytics.notices import NvdsConfigError
from camwire.deepstream.files import keys
from camwire.frames import Batch, Size, Tracks
from camwire.frames import Frame as CamwireFrame
from tests.support.deepstream_stand_ins.base import NVMM, Gst, Stage, pads, properties_of
from tests.support.deepstream_stand_ins.planes import converted, pictures
from tests.support.deepstream_stand_ins.store import Frame, Object, Part, batch_of, frames_of

BRIGHT = 180
"""Luma from which on a pixel belongs to the object."""
SMALLEST = 20
"""Pixels."""


def read_ini(path: str | None, known: dict[str, frozenset[str]]) -> dict[str, dict[str, str]]:
    """The file's groups; raises ValueError for keys that DeepStream doesn't know."""
    parser = configparser.RawConfigParser(delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    if path is None or not parser.read(path, encoding="utf-8"):
        raise ValueError(f"no configuration at {path}")
    groups = {section: dict(parser.items(section)) for section in parser.sections()}
    for group, values in groups.items():
        pattern = next((one for one in known if re.fullmatch(one, group)), None)
        if pattern is None:
            raise ValueError(f"unknown group {group}")
        unknown = {key for key in values if not key.startswith("roi-params-src-")} - known[pattern]
        if unknown:
            raise ValueError(f"unknown keys {unknown}")
    return groups


class _Analysis(Stage):
    measured = True

    def tell_latency(self, buffer: Any, milliseconds: float) -> None:
        batch_of(buffer).latencies.append((self.get_name(), milliseconds))


@pads(*Stage.templates(NVMM, NVMM))
class Preprocess(_Analysis, Gst.Element):
    """Makes the network's input of whole pictures or of their parts, on the CPU."""

    kind = "nvdspreprocess"
    __gtype_name__ = "CamwireStandInPreprocess"
    __gproperties__ = properties_of(kind)
    do_change_state = Stage.do_change_state

    def prepare(self) -> str | None:
        known = {
            "property": keys.PREPROCESS_PROPERTY,
            "user-configs": keys.PREPROCESS_USER,
            r"group-\d+": keys.PREPROCESS_GROUP,
        }
        try:
            groups = read_ini(self.values["config-file"], known)
        except ValueError as error:
            return str(error)
        own = groups["property"]
        self.side = int(own["processing-width"]), int(own["processing-height"])
        self.keeps_aspect = own["maintain-aspect-ratio"] == "1"
        self.kind_of_number = {"0": np.float32, "7": np.float16}[own["tensor-data-type"]]
        self.name_of_tensor = own["tensor-name"]
        self.factor = float(groups["user-configs"]["pixel-normalization-factor"])
        self.rois = rois_of(groups)
        self.interval, self.batches = int(groups["group-0"]["interval"]), 0
        return None

    def work(self, buffer: Any) -> Any:
        batch = batch_of(buffer)
        self.batches += 1
        if (self.batches - 1) % (self.interval + 1):
            return buffer
        rows = []
        for position, (frame, picture) in enumerate(
            zip(batch.frames, pictures(buffer, batch.frames, "I420"), strict=True)
        ):
            rgb = converted(picture, "I420", "RGB")
            for part in self.rois.get(frame.pad, [(0, 0, *frame.size)]):
                row, scale, offset = self._row(rgb, part)
                rows.append(row)
                batch.parts.append(Part(position, (*map(float, part), *scale, *offset)))
        batch.tensor, batch.tensor_name = np.ascontiguousarray(np.stack(rows)), self.name_of_tensor
        return buffer

    def _row(
        self, rgb: np.ndarray, part: tuple[int, int, int, int]
    ) -> tuple[np.ndarray, tuple[float, float], tuple[float, float]]:
        """[C, H, W] of a part of a picture, with its scales and offsets."""
        left, top, width, height = part
        cut = rgb[top : top + height, left : left + width]
        inner = self.side
        if self.keeps_aspect:
            scale = min(self.side[0] / width, self.side[1] / height)
            inner = int(width * scale), int(height * scale)
        offset = (self.side[0] - inner[0]) // 2, (self.side[1] - inner[1]) // 2
        whole = np.zeros((self.side[1], self.side[0], 3), np.uint8)
        whole[offset[1] : offset[1] + inner[1], offset[0] : offset[0] + inner[0]] = cv2.resize(cut, inner)
        row = (whole.transpose(2, 0, 1) * self.factor).astype(self.kind_of_number)
        return row, (inner[0] / width, inner[1] / height), (float(offset[0]), float(offset[1]))


def rois_of(groups: dict[str, dict[str, str]]) -> dict[int, list[tuple[int, int, int, int]]]:
    """By the muxer's pad: left, top, width, height."""
    found = {}
    for group, values in groups.items():
        if group.startswith("group-") and values["process-on-roi"] == "1":
            for pad in values["src-ids"].split(";"):
                sides = list(map(int, values[f"roi-params-src-{pad}"].split(";")))
                found[int(pad)] = [(*sides[at : at + 4],) for at in range(0, len(sides), 4)]
    return found  # type: ignore[return-value]


@pads(*Stage.templates(NVMM, NVMM))
class Infer(_Analysis, Gst.Element):
    """Finds one bright box in each picture: an object of class 0."""

    kind = "nvinfer"
    __gtype_name__ = "CamwireStandInInfer"
    __gproperties__ = properties_of(kind)
    do_change_state = Stage.do_change_state

    def prepare(self) -> str | None:
        known = {"property": keys.INFER_PROPERTY, r"class-attrs-(all|\d+)": keys.INFER_CLASS}
        try:
            groups = read_ini(self.values["config-file-path"], known)
        except ValueError as error:
            return str(error)
        self.interval = int(groups["property"].get("interval", 0))
        self.puts_out = groups["property"].get("output-tensor-meta") == "1"
        self.batches = 0
        return None

    def work(self, buffer: Any) -> Any:
        looks = self.batches % (self.interval + 1) == 0
        self.batches += 1
        if self.values["input-tensor-meta"]:
            looks = batch_of(buffer).tensor is not None
        frames = frames_of(buffer)
        if looks:
            for frame, picture in zip(frames, pictures(buffer, frames, "I420"), strict=True):
                frame.inferred = True
                frame.objects = found(picture[: frame.size[1]])
                if self.puts_out:
                    frame.outputs = np.array([one.box for one in frame.objects], np.float32).reshape(-1, 4)
        return buffer


def found(luma: np.ndarray) -> list[Object]:
    rows, columns = np.nonzero(luma > BRIGHT)
    if len(rows) < SMALLEST:
        return []
    box = float(columns.min()), float(rows.min()), float(columns.max() + 1), float(rows.max() + 1)
    return [Object(0, 0.9, box)]


@pads(*Stage.templates(NVMM, NVMM))
class Tracker(_Analysis, Gst.Element):
    """Each camera's one object keeps its id while it is seen; ids go on for the whole instance."""

    kind = "nvtracker"
    __gtype_name__ = "CamwireStandInTracker"
    __gproperties__ = properties_of(kind)
    do_change_state = Stage.do_change_state

    def prepare(self) -> str | None:
        path = self.values["ll-config-file"]
        try:
            first, _, rest = Path(path).read_text(encoding="utf-8").partition("\n")
            if first != "%YAML:1.0":
                return f"{path} doesn't begin with %YAML:1.0"
            for section, values in YAML(typ="safe").load(rest).items():
                unknown = set(values) - keys.TRACKER[section]
                if unknown:
                    return f"unknown keys {unknown}"
        except (OSError, KeyError) as error:
            return f"{path}: {error!r}"
        self.ids: dict[int, int] = {}
        self.next = 0
        return None

    def work(self, buffer: Any) -> Any:
        for frame in frames_of(buffer):
            if not frame.objects:
                self.ids.pop(frame.pad, None)
            for one in frame.objects:
                if frame.pad not in self.ids:
                    self.ids[frame.pad] = self.next
                    self.next += 1
                one.id = self.ids[frame.pad]
                one.text = f"{one.class_id} {one.id}"
        return buffer


@pads(*Stage.templates(NVMM, NVMM))
class Analytics(_Analysis, Gst.Element):
    """camwire's own reading of DeepStream's rules."""

    kind = "nvdsanalytics"
    __gtype_name__ = "CamwireStandInAnalytics"
    __gproperties__ = properties_of(kind)
    do_change_state = Stage.do_change_state

    def prepare(self) -> str | None:
        try:
            self.rules = NvdsAnalytics(load(Path(self.values["config-file"])).settings)
        except NvdsConfigError as error:
            return str(error)
        return None

    def work(self, buffer: Any) -> Any:
        frames = frames_of(buffer)
        batch = Batch(0, tuple(camwire_frame(frame) for frame in frames), 0.0)
        streams = {str(frame.pad): frame.pad for frame in frames}
        results = self.rules.step(batch, tracks_of(frames), streams)
        for frame, result in zip(frames, results, strict=True):
            frame.analytics = result
        return buffer


def camwire_frame(frame: Frame) -> CamwireFrame:
    size = Size(*frame.size)
    return CamwireFrame(str(frame.pad), 0, 0, None, size, size, frame.pts / 1e9, 0.0, 0.0, 0.0)


def tracks_of(frames: list[Frame]) -> Tracks:
    rows = [(index, one) for index, frame in enumerate(frames) for one in frame.objects]
    count = len(rows)
    return Tracks(
        boxes=np.array([one.box for _, one in rows], np.float32).reshape(count, 4),
        scores=np.array([one.score for _, one in rows], np.float32),
        classes=np.array([one.class_id for _, one in rows], np.int32),
        ids=np.array([one.id for _, one in rows], np.uint64).astype(np.int64),
        frame_index=np.array([index for index, _ in rows], np.int32),
        detections=np.arange(count, dtype=np.int32),
        ages=np.zeros(count, np.int32),
        velocities=np.zeros((count, 2), np.float32),
        traces=np.empty((count, 0, 2), np.float32),
    )
