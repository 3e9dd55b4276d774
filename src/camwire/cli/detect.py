"""`camwire detect`: what the detector sees in a picture or a video."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from camwire.cli.errors import CommandError
from camwire.cli.models import parsed_size

if TYPE_CHECKING:
    from camwire.frames import Detections, Frame
    from camwire.pipeline.detector import Detector

PART = 128
"""From this value on a mask's cell is part of the object."""


def command(
    file: Annotated[Path, typer.Argument(metavar="IMAGE|VIDEO", help="The picture or video.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a frame, each on a line.")] = False,
    model: Annotated[
        str, typer.Option(help="`nanodet`, which comes with camwire, or a model file.")
    ] = "nanodet",
    score: Annotated[float, typer.Option(min=0, max=1, help="Leave out what is less sure than this.")] = 0.4,
    classes: Annotated[
        str | None, typer.Option(metavar="NAME,NAME", help="Only these classes; all where absent.")
    ] = None,
    every: Annotated[int, typer.Option(min=1, help="Look at every k-th frame only.")] = 1,
    task: Annotated[
        Literal["auto", "detect", "pose", "segment", "obb"], typer.Option(help="As `model.task`.")
    ] = "auto",
    size: Annotated[str | None, typer.Option(metavar="WIDTHxHEIGHT", help="As `model.input_size`.")] = None,
    labels: Annotated[Path | None, typer.Option(help="As `model.labels`.")] = None,
    runtime: Annotated[
        Literal["auto", "openvino", "onnxruntime"], typer.Option(help="As `model.runtime`.")
    ] = "auto",
) -> None:
    """Print the objects in a picture or in each frame of a video: box in pixels of the file, score, class.

    JSON also has keypoints, corners of oriented boxes and masks where the model finds them.

    The exit status is 0 when the file was read to its end (or the reader of a pipe left), 1 when the file or
    the model can't be used, 2 when the command line is wrong.
    """
    from camwire.models import ModelError
    from camwire.monitoring.logs import setup_logging
    from camwire.sources import SourceError, read_pictures

    setup_logging("warning")
    if not file.is_file():
        raise CommandError(f"{file}: {'a folder, not a file' if file.is_dir() else 'there is no such file'}")
    try:
        detector = load_detector(
            model,
            score,
            _names(classes),
            task=task,
            input_size=parsed_size(size) if size is not None else None,
            labels=str(labels) if labels is not None else None,
            runtime=runtime,
        )
        frames = (frame for frame in read_pictures(file) if frame.sequence % every == 0)
        for frame, found in detections(frames, detector):
            result = described(str(file), frame, found, detector.class_names)
            print(json.dumps(result, ensure_ascii=False) if as_json else readable(result), flush=True)
    except (ModelError, SourceError) as error:
        raise CommandError(str(error)) from error


def _names(classes: str | None) -> tuple[str, ...] | None:
    return None if classes is None else tuple(name.strip() for name in classes.split(","))


def load_detector(
    model: str, score: float, classes: tuple[str, ...] | None, runtime: str = "auto", **loading: Any
) -> Detector:
    """The product's own detector on the CPU; ``loading``: more of DesiredModel. Raises ModelError."""
    import cv2

    from camwire.devices.cpu import CpuDevice
    from camwire.link.desired import DesiredModel
    from camwire.pipeline.detector import Detector

    cv2.setNumThreads(1)  # frames run side by side already
    settings = DesiredModel(
        file=model, runtime=runtime, score_threshold=score, iou_threshold=0.5, classes=classes, **loading
    )
    return Detector.load(settings, CpuDevice())


def detections(frames: Iterable[Frame], detector: Detector) -> Iterator[tuple[Frame, Detections]]:
    """Each frame with what is in it, in order; as many frames at once as there are cores."""
    from camwire.frames import Batch
    from camwire.pipeline.side_by_side import side_by_side

    def look(frame: Frame) -> tuple[Frame, Detections]:
        return frame, detector(Batch(frame.sequence, (frame,), frame.decoded))

    return side_by_side(look, frames, len(os.sched_getaffinity(0)))


def described(file: str, frame: Frame, found: Detections, class_names: tuple[str, ...]) -> dict[str, Any]:
    """One frame's result as it goes into JSON; boxes are x1, y1, x2, y2 in pixels of the file."""
    return {
        "file": file,
        "frame": frame.sequence,
        "time_s": round(frame.time, 6),
        "width": frame.size.width,
        "height": frame.size.height,
        "objects": [
            {
                "box": [round(side, 2) for side in box],
                "score": round(score, 4),
                "class_id": class_id,
                "class": class_names[class_id],
                **details(found, row),
            }
            for row, (box, score, class_id) in enumerate(
                zip(found.boxes.tolist(), found.scores.tolist(), found.classes.tolist(), strict=True)
            )
        ],
    }


def details(found: Detections, row: int) -> dict[str, Any]:
    """What some models know besides: keypoints x, y, score; the four corners of an oriented box; a mask, as
    rows of 0 and 1 over the box. Points are pixels of the file."""
    result: dict[str, Any] = {}
    if found.keypoints is not None:
        result["keypoints"] = found.keypoints[row].round(2).tolist()
    if found.corners is not None:
        result["corners"] = found.corners[row].round(2).tolist()
    if found.masks is not None:
        result["mask"] = [
            "".join("01"[value >= PART] for value in line) for line in found.masks[row].tolist()
        ]
    return result


def readable(result: dict[str, Any]) -> str:
    """One frame's result as a line for people."""
    objects = ", ".join(
        "{} {:.2f} ({:.0f},{:.0f})-({:.0f},{:.0f})".format(thing["class"], thing["score"], *thing["box"])
        for thing in result["objects"]
    )
    return f"frame {result['frame']}  {result['time_s']:.3f} s  {objects or 'nothing'}"
