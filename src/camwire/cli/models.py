"""`camwire models inspect`: what a model's file is, and how camwire would run it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from camwire.cli.errors import CommandError

if TYPE_CHECKING:
    from camwire.models import Graph, Model


def command(
    action: Annotated[  # noqa: ARG001 - one so far
        Literal["inspect"], typer.Argument(help="`inspect`: say what the file is.")
    ],
    file: Annotated[str, typer.Argument(metavar="FILE", help="A model's file, or `nanodet`.")],
    task: Annotated[
        Literal["auto", "detect", "pose", "segment", "obb"], typer.Option(help="As `model.task`.")
    ] = "auto",
    size: Annotated[str | None, typer.Option(metavar="WIDTHxHEIGHT", help="As `model.input_size`.")] = None,
    labels: Annotated[Path | None, typer.Option(help="As `model.labels`.")] = None,
) -> None:
    """Look at a model's file and say what it is: task, layout, input, classes, and what would run it.

    The exit status is 0 when camwire can use the file, 1 when it can't; then the message says what was found
    and what is accepted.
    """
    from camwire.link.desired import DesiredModel
    from camwire.models import ModelError, load_model
    from camwire.pipeline.detector import overrides_of
    from camwire.runtimes import explain_runtime

    settings = DesiredModel(
        file=file,
        runtime="auto",
        task=task,
        input_size=parsed_size(size) if size is not None else None,
        labels=str(labels) if labels is not None else None,
        score_threshold=0.4,
        iou_threshold=0.5,
        classes=None,
    )
    try:
        model = load_model(file, overrides_of(settings))
        runtime = explain_runtime(model.graph)
    except ModelError as error:
        raise CommandError(str(error)) from error
    for name, value in description(model).items():
        print(f"{name:12} {value}")
    print(f"{'on cpu':12} {runtime}")


def parsed_size(text: str) -> tuple[int, int]:
    """`640x384`. Raises CommandError."""
    parts = text.lower().replace("×", "x").split("x")
    if len(parts) != 2 or not all(part.isdecimal() and int(part) for part in parts):
        raise CommandError(f"--size {text}: not WIDTHxHEIGHT, for example 640x384", exit_status=2)
    return int(parts[0]), int(parts[1])


def description(model: Model) -> dict[str, str]:
    """What there is to say about a model, line by line."""
    graph = model.graph
    return {
        "file": str(graph.file),
        "model": model.name,
        "task": model.task,
        "read as": model.reading,
        "input": _input(graph),
        "outputs": ", ".join(map(str, graph.outputs)),
        "classes": _classes(model.classes),
        "suppression": "yes" if model.overlapping else "none: every box is another object",
    }


def _input(graph: Graph) -> str:
    spec = graph.input
    smaller = f", or smaller in steps of {graph.step}" if graph.step else ""
    fitted = ("letterboxed" + (" in the middle" if spec.centred else "")) if spec.keep_aspect else "stretched"
    precision = ", parts in 8 bits" if graph.quantised else ""
    batch = f"batches of {graph.batch}" if graph.batch else "any batch"
    return (
        f"{graph.dtype} {graph.layout} {spec.size.width}×{spec.size.height}{smaller}, {spec.channels}, "
        f"{fitted}, {batch}{precision}"
    )


def _classes(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:6])
    return f"{len(names)}: {shown}{', …' if len(names) > 6 else ''}"
