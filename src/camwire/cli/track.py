"""`camwire track`: follow what was detected, from file to file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from camwire.cli.errors import CommandError

if TYPE_CHECKING:
    from camwire.frames import Detections, Frame, Tracks
    from camwire.tracking import Tracker

DETECTORS_SCORE = 0.1
"""Trackers make something of weak detections, too."""


def command(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the tracks go.")],
    detections: Annotated[
        Path | None,
        typer.Option(
            "--detections", metavar="FILE", help="MOTChallenge text; the detector runs where absent."
        ),
    ] = None,
    video: Annotated[
        Path | None, typer.Option("--video", metavar="FILE", help="The pictures, for the detector or `dcf`.")
    ] = None,
    tracker: Annotated[
        str,
        typer.Option(
            "--tracker", metavar="NAME|CONFIG", help="A tracker or a DeepStream low-level tracker file."
        ),
    ] = "bytetrack",
    fps: Annotated[float, typer.Option(min=0.001, help="Frames a second, where there is no video.")] = 25.0,
    every: Annotated[int, typer.Option(min=1, help="Use the detections of every k-th frame only.")] = 1,
    model: Annotated[
        str, typer.Option(help="`nanodet`, which comes with camwire, or a model file.")
    ] = "nanodet",
    score: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Detections below are left out; where absent, the detector's below 0.1. Of the detector's, "
            "one of 0.4 begins an object, as in `model.score_threshold`.",
        ),
    ] = None,
) -> None:
    """Follow objects through detections or a video and write their tracks as MOTChallenge text.

    Frames count from 1. A line is frame, id, left, top, width, height, score, and -1 three times; boxes are
    pixels of the detections' or the video's own size.
    """
    from camwire.models import ModelError
    from camwire.monitoring.logs import setup_logging
    from camwire.sources import SourceError
    from camwire.tracking import motchallenge

    setup_logging("warning")
    if detections is None and video is None:
        raise CommandError("nothing to follow: give --detections, --video or both", 2)
    follower = _tracker(tracker, own_detector=detections is None)
    try:
        pairs = _input(detections, video, fps, model, score)
        with out.open("w", encoding="utf-8") as file:
            for number, frame, found in _thinned(pairs, every):
                motchallenge.write(file, number, _step(follower, frame, found))
    except (ModelError, SourceError, motchallenge.MotChallengeError) as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}") from error


def _tracker(name: str, *, own_detector: bool) -> Tracker:
    """Trackers of papers have thresholds for their own detectors, beside whose scores camwire's are low."""
    from camwire.config.detection import ModelConfig
    from camwire.config.tracker import TrackerConfig
    from camwire.tracking import create, known

    path = Path(name)
    if name not in known() and not path.is_file():
        trackers = ", ".join(known())
        raise CommandError(f"--tracker {name}: no such file, and no tracker; trackers are {trackers}", 2)
    what = {"type": name} if name in known() else {"config": name}
    try:
        begins_at = ModelConfig().score_threshold if own_detector else None
        return create(TrackerConfig.model_validate({**what, "trace_length": 0}), score_threshold=begins_at)
    except ValueError as error:
        raise CommandError(str(error), 2) from error


def _input(
    detections: Path | None, video: Path | None, fps: float, model: str, score: float | None
) -> Iterator[tuple[Frame, Detections]]:
    """Every frame with what is to be followed in it."""
    from camwire.cli import detect
    from camwire.frames import Detections
    from camwire.sources import read_pictures
    from camwire.tracking import motchallenge

    if detections is None:
        assert video is not None
        least = DETECTORS_SCORE if score is None else score
        return detect.detections(read_pictures(video), detect.load_detector(model, least, None))
    found = (_at_least(each, score or 0.0) for each in motchallenge.read(detections).detections())
    if video is None:
        return zip(_blank_frames(fps), found, strict=False)
    return zip(read_pictures(video), chain(found, repeat(Detections.empty())), strict=False)


def _at_least(found: Detections, score: float) -> Detections:
    rows = found.scores >= score
    return replace(
        found,
        boxes=found.boxes[rows],
        scores=found.scores[rows],
        classes=found.classes[rows],
        frame_index=found.frame_index[rows],
    )


def _blank_frames(fps: float) -> Iterator[Frame]:
    """Frames without pictures; what their size is doesn't matter as long as it stays the same."""
    from itertools import count

    from camwire.frames import Frame, Size

    size = Size(1, 1)
    for number in count():
        time = number / fps
        yield Frame("detections", number, 0, None, size, size, time, time, time, time)


def _thinned(
    pairs: Iterable[tuple[Frame, Detections]], every: int
) -> Iterator[tuple[int, Frame, Detections]]:
    """Frames numbered from 1; those that the detector is to skip have nothing detected in them."""
    import numpy as np

    from camwire.frames import Detections

    skipped = replace(Detections.empty(), detected=np.zeros(1, np.bool_))
    for number, (frame, found) in enumerate(pairs, 1):
        yield number, frame, found if number % every == 1 or every == 1 else skipped


def _step(tracker: Tracker, frame: Frame, found: Detections) -> Tracks:
    from camwire.frames import Batch
    from camwire.tracking import NoPictureError

    try:
        return tracker.step(Batch(frame.sequence, (frame,), frame.decoded), found)
    except NoPictureError as error:
        raise CommandError(f"{error}; give --video") from error
