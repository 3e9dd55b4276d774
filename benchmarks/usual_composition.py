"""What one writes first: OpenCV, ONNX Runtime, `trackers`, supervision; one thread a camera.

Runs in an environment of its own, because these packages do not fit beside camwire's:

    python3 -m venv rivals
    rivals/bin/pip install opencv-python-headless onnxruntime onnx trackers supervision
    rivals/bin/python benchmarks/usual_composition.py CLIP [--cameras N] [--side 640] [--frames 100]

The model is camwire's bundled one. It is fully convolutional, so that its graph runs at 640×640, the size at
which people run detectors. Prints one line of JSON with the frames a second, all cameras together.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
import supervision as sv
from trackers import ByteTrackTracker

MODEL = (
    Path(__file__).resolve().parent.parent / "src" / "camwire" / "models" / "weights" / "nanodet_g_416.onnx"
)
MEAN = np.array([103.53, 116.28, 123.675], np.float32)
STD = np.array([57.375, 57.12, 58.395], np.float32)
THRESHOLD = 0.4


def session(side: int) -> onnxruntime.InferenceSession:
    model = onnx.load(MODEL)
    for axis in (2, 3):
        model.graph.input[0].type.tensor_type.shape.dim[axis].dim_value = side
    for output in model.graph.output:
        output.type.tensor_type.shape.dim[1].ClearField("dim_value")
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def letterboxed(picture: np.ndarray, side: int) -> tuple[np.ndarray, float]:
    height, width = picture.shape[:2]
    ratio = side / max(height, width)
    scaled = cv2.resize(picture, (round(width * ratio), round(height * ratio)))
    padded = cv2.copyMakeBorder(
        scaled,
        0,
        side - scaled.shape[0],
        0,
        side - scaled.shape[1],
        cv2.BORDER_CONSTANT,
        value=(114, 114, 114),
    )
    return ((padded.astype(np.float32) - MEAN) / STD).transpose(2, 0, 1)[None], ratio


def decoded(outputs: list[np.ndarray], side: int, ratio: float) -> sv.Detections:
    scores = {array.shape[1]: array[0] for array in outputs if array.shape[2] == 80}
    distances = {array.shape[1]: array[0] for array in outputs if array.shape[2] == 44}
    boxes, best, classes = [], [], []
    for stride in (8, 16, 32):
        cells = side // stride
        score = scores[cells * cells]
        top = score.max(1)
        kept = np.flatnonzero(top > THRESHOLD)
        bins = distances[cells * cells][kept].reshape(-1, 4, 11)
        weights = np.exp(bins - bins.max(2, keepdims=True))
        sides = (weights / weights.sum(2, keepdims=True) @ np.arange(11)) * stride
        x, y = (kept % cells + 0.5) * stride, (kept // cells + 0.5) * stride
        boxes.append(np.stack([x - sides[:, 0], y - sides[:, 1], x + sides[:, 2], y + sides[:, 3]], 1))
        best.append(top[kept])
        classes.append(score[kept].argmax(1))
    found = sv.Detections(
        xyxy=np.concatenate(boxes).astype(np.float32) / ratio,
        confidence=np.concatenate(best),
        class_id=np.concatenate(classes),
    )
    return found.with_nms(0.5)


class Camera(threading.Thread):
    def __init__(self, clip: str, side: int, model: onnxruntime.InferenceSession, most: int) -> None:
        super().__init__()
        self.most = most
        self.video = cv2.VideoCapture(clip)
        self.side = side
        self.model = model
        self.frames = 0

    def run(self) -> None:
        tracker = ByteTrackTracker()
        boxes, labels, traces = sv.BoxAnnotator(), sv.LabelAnnotator(), sv.TraceAnnotator()
        while self.frames < self.most:
            ok, picture = self.video.read()
            if not ok:
                return
            fed, ratio = letterboxed(picture, self.side)
            found = decoded(self.model.run(None, {self.model.get_inputs()[0].name: fed}), self.side, ratio)
            tracked = tracker.update(found)
            names = [
                f"{c} #{i} {s:.2f}"
                for c, i, s in zip(tracked.class_id, tracked.tracker_id, tracked.confidence, strict=True)
            ]
            scene = boxes.annotate(picture, tracked)
            scene = labels.annotate(scene, tracked, names)
            traces.annotate(scene, tracked)
            cv2.imencode(".jpg", scene, [cv2.IMWRITE_JPEG_QUALITY, 85])
            self.frames += 1


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip")
    parser.add_argument("--cameras", type=int, default=1)
    parser.add_argument("--side", type=int, default=640)
    parser.add_argument("--frames", type=int, default=100, help="read at most so many of each camera")
    arguments = parser.parse_args()
    model = session(arguments.side)
    cameras = [
        Camera(arguments.clip, arguments.side, model, arguments.frames) for _ in range(arguments.cameras)
    ]
    begin = time.monotonic()
    for camera in cameras:
        camera.start()
    for camera in cameras:
        camera.join()
    wall = time.monotonic() - begin
    print(json.dumps({"fps": sum(camera.frames for camera in cameras) / wall}))


if __name__ == "__main__":
    main()
