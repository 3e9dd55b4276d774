"""`camwire analyze`: a configuration's rules over a recording."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from camwire.cli.errors import WRONG_CONFIGURATION, CommandError

if TYPE_CHECKING:
    from camwire.analytics.rules.events import Event
    from camwire.config import Config
    from camwire.pipeline.dry_run import DryRun

COLUMNS = ("rule", "counted", "class", "count")


def command(
    video: Annotated[Path, typer.Argument(metavar="VIDEO", help="The recording.")],
    config: Annotated[
        Path, typer.Option(metavar="CONFIG.yaml", help="Whose model, tracker and rules to use.")
    ],
    camera: Annotated[
        str | None,
        typer.Option(metavar="ID", help="As which camera the recording counts; the first where absent."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.mp4", help="Where the annotated video goes.")
    ] = None,
    table: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE.csv", help="Where the counts go, as a table.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print counts and events as JSON.")] = False,
) -> None:
    """Try a configuration's rules out on a recording, as fast as the machine goes.

    Prints what each rule counted, and with `--json` every event. Times are seconds since the recording began;
    boxes are pixels of the processing size (`output.size`). The same recording always gives the same numbers.
    """
    from camwire.config import load
    from camwire.models import ModelError
    from camwire.monitoring.logs import setup_logging
    from camwire.sources import SourceError

    setup_logging("warning")
    settings = load(config)
    chosen = _camera(settings, camera)
    if not video.is_file():
        raise CommandError(
            f"{video}: {'a folder, not a file' if video.is_dir() else 'there is no such file'}"
        )
    try:
        run = _dry_run(settings, chosen)
        report = {"video": str(video), "camera": chosen, **_analysed(run, video, out)}
    except (ModelError, SourceError) as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"{error.filename or out}: {error.strerror}") from error
    rows = list(count_rows(report["counts"]))
    if table is not None:
        _write_table(table, rows)
    print(json.dumps(report, ensure_ascii=False) if as_json else readable(report, rows))


def _camera(config: Config, wanted: str | None) -> str:
    known = [camera.id for camera in config.cameras]
    if wanted is None:
        return known[0] if known else "recording"
    if wanted not in known:
        raise CommandError(
            f"--camera {wanted}: there is no such camera; there are {', '.join(known) or 'none'}",
            WRONG_CONFIGURATION,
        )
    return wanted


def _dry_run(config: Config, camera: str) -> DryRun:
    import cv2

    from camwire.devices.cpu import CpuDevice
    from camwire.pipeline.dry_run import DryRun
    from camwire.pipeline.nvds_rules import stream_numbers
    from camwire.server.desired import Desired

    cv2.setNumThreads(1)  # frames run side by side already
    return DryRun(
        Desired(config).document(),
        config.rules,
        camera,
        CpuDevice(),
        nvds_file=config.analytics.nvdsanalytics,
        stream=stream_numbers([each.id for each in config.cameras]).get(camera, 0),
    )


def _analysed(run: DryRun, video: Path, out: Path | None) -> dict[str, Any]:
    """Run it; returns what is to be reported."""
    from camwire.cli.progress import Progress
    from camwire.devices.cpu.film import Film
    from camwire.sources import read_pictures
    from camwire.sources.images import frames_in

    events: list[dict[str, Any]] = []
    frames, seconds = 0, 0.0
    with ExitStack() as stack:
        progress = stack.enter_context(Progress(frames_in(video), sys.stderr))
        film = None if out is None else stack.enter_context(Film(out))
        for analysed in run.frames(read_pictures(video)):
            (frame,) = analysed.batch.frames
            frames, seconds = frames + 1, frame.time
            events += map(described, analysed.events)
            if film is not None:
                film.add(run.picture(analysed), frame.time)
            progress.show(frames)
    report: dict[str, Any] = {"frames": frames, "seconds": round(seconds, 6), "counts": run.counts}
    if run.nvds_totals is not None:
        report["nvdsanalytics"] = {
            "line_totals": run.nvds_totals.line_totals,
            "most_in_roi": run.nvds_totals.most_in_roi,
            "overcrowded_frames": dict(run.nvds_totals.overcrowded_frames),
        }
    return {**report, "events": events}


def described(event: Event) -> dict[str, Any]:
    """An event as it goes into JSON; its UTC time is the recording's own here."""
    subject = event.subject
    return {
        "time_s": round(event.time, 6),
        "frame": event.sequence,
        "rule": event.rule,
        "kind": event.kind,
        "object_id": subject.object_id if subject else None,
        "class": subject.class_name if subject else None,
        "score": round(subject.score, 4) if subject else None,
        "box": [round(side, 2) for side in subject.box] if subject else None,
        "value": None if event.value is None else round(event.value, 3),
        "counts": event.counts,
    }


def count_rows(counts: dict[str, dict[str, dict[str, int]]]) -> Iterator[tuple[str, str, str, int]]:
    """Rule, what is counted, class, number; what nothing was counted of has one row, of no class."""
    for rule, by_what in counts.items():
        for what, by_class in by_what.items():
            for class_name, number in sorted(by_class.items()) or (("", 0),):
                yield rule, what, class_name, number


def _write_table(path: Path, rows: list[tuple[str, str, str, int]]) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows((COLUMNS, *rows))
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error


def readable(report: dict[str, Any], rows: list[tuple[str, str, str, int]]) -> str:
    """The counts as a table for people."""
    cells = [COLUMNS, *((rule, what, name, str(number)) for rule, what, name, number in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
    for what, by_label in report.get("nvdsanalytics", {}).items():
        lines += [f"nvdsanalytics {what} {label}: {number}" for label, number in by_label.items()]
    about = f"{report['frames']} frames, {report['seconds']:g} s, {len(report['events'])} events"
    return "\n".join([*(line.rstrip() for line in lines), about])
