"""From the desired state to a pipeline: pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import TypeAdapter

from camwire.config.rules import Rule
from camwire.deepstream.elements import Element, Graph, Part, chain
from camwire.deepstream.files.analytics import analytics_file
from camwire.deepstream.files.infer import infer_file, skipped_batches
from camwire.deepstream.files.mux import mux_file
from camwire.deepstream.files.preprocess import preprocess_file
from camwire.deepstream.files.tracker import tracker_file
from camwire.deepstream.outputs import ending, output_part
from camwire.deepstream.properties import Value
from camwire.deepstream.sources import source_part
from camwire.frames import Size
from camwire.link.desired import DesiredCamera, DesiredDeepstream, DesiredState

MUX, DETECTOR, TRACKER, ANALYTICS = "mux", "detector", "tracker", "analytics"
"""Names of elements that others have to find."""
RESET_MODES = {"never": 0, "on_reconnect": 1, "on_eos": 2}
"""nvtracker's `tracking-id-reset-mode` by camwire's `tracker.id_reset`."""
MEASURES_LATENCY = "NVDS_ENABLE_LATENCY_MEASUREMENT"
"""In the environment, whatever its value: elements attach how long they took."""
IN_BETWEEN = 2
"""Batches that may wait between two elements, so that each has a thread of its own and latency stays low."""

_rules = TypeAdapter(tuple[Rule, ...])


def build(
    desired: DesiredState,
    names: Sequence[str],
    pads: Mapping[str, int],
    folder: Path,
    least_batch: int = 0,
) -> Graph:
    """The pipeline for the enabled cameras.

    ``names``: the model's classes. ``pads``: the muxer's pad for each enabled camera, as ``assign_pads``
    gives them. ``folder``: where the files are going to be. ``least_batch``: the batch size of a pipeline
    that runs, which stays while its cameras become fewer. Raises ModelError and KeyFileError for what can't
    be written.
    """
    settings = settings_of(desired)
    cameras = enabled(desired)
    batch = max(1, settings.batch_size or 0, least_batch, len(cameras))
    picture = picture_size(desired)
    sent = None if settings.mux == "new" else picture.fitted_into(output_size(desired))
    files = {
        "labels.txt": "".join(f"{name}\n" for name in names),
    }
    if settings.detector_config is None:
        files["nvinfer.txt"] = infer_file(desired, settings, names, batch)
    if settings.preprocess != "none":
        files["nvdspreprocess.txt"] = preprocess_file(desired, settings, pads, batch)
    if settings.mux == "new":
        files["nvstreammux.txt"] = mux_file(settings, batch)
    if settings.tracker != "camwire" and desired.tracker.config is None:
        files["nvtracker.yml"] = tracker_file(settings)
    notes = _notes(settings)
    if settings.analytics == "nvdsanalytics" and desired.nvdsanalytics is None:
        # nvdsanalytics scales by itself, from the size in which rules are written.
        written = analytics_file(_rules.validate_python(desired.rules), names, pads, output_size(desired))
        files["nvdsanalytics.txt"] = written.text
        notes += written.left_out
    return Graph(
        trunk=_trunk(desired, settings, batch, picture, folder),
        sources={camera.id: source_part(camera, pads[camera.id], settings) for camera in cameras},
        outputs={
            camera.id: output_part(pads[camera.id], settings, desired.output, desired.toggles, sent)
            for camera in cameras
            if settings.osd == "native"
        },
        pads=dict(pads),
        files=files,
        batch_size=batch,
        environment=_environment(settings),
        notes=notes,
    )


def settings_of(desired: DesiredState) -> DesiredDeepstream:
    """Raises ValueError where the desired state is for another engine."""
    if desired.deepstream is None:
        raise ValueError("the desired state is for the native engine")
    return desired.deepstream


def enabled(desired: DesiredState) -> tuple[DesiredCamera, ...]:
    return tuple(camera for camera in desired.cameras if camera.enabled)


def picture_size(desired: DesiredState) -> Size:
    """The size to which the legacy muxer scales all pictures."""
    size = settings_of(desired).mux_size
    return Size(*size) if size else output_size(desired)


def output_size(desired: DesiredState) -> Size:
    """What pictures are fitted into before they are sent; rules' pixels are of this size."""
    return Size(desired.output.width, desired.output.height)


def assign_pads(desired: DesiredState, running: Mapping[str, int]) -> dict[str, int]:
    """A pad of the muxer for each enabled camera.

    A camera keeps the pad that it has in ``running``; others get the lowest that is free. With an
    nvdsanalytics file of the user's own a camera's pad is its place in the configuration, for so its streams
    are numbered.
    """
    places = desired.all_cameras or tuple(camera.id for camera in desired.cameras)
    if desired.nvdsanalytics is not None and settings_of(desired).analytics == "nvdsanalytics":
        return {camera.id: places.index(camera.id) for camera in enabled(desired)}
    pads = {camera.id: running[camera.id] for camera in enabled(desired) if camera.id in running}
    taken = set(pads.values())
    free = (number for number in range(len(places) + len(taken) + 1) if number not in taken)
    for camera in enabled(desired):
        if camera.id not in pads:
            pads[camera.id] = next(free)
    return pads


def _environment(settings: DesiredDeepstream) -> dict[str, str]:
    return {
        "USE_NEW_NVSTREAMMUX": "yes" if settings.mux == "new" else "no",
        **({MEASURES_LATENCY: "1"} if settings.measure_latency else {}),
    }


def _trunk(
    desired: DesiredState, settings: DesiredDeepstream, batch: int, picture: Size, folder: Path
) -> Part:
    """From the muxer to where the cameras part again, or camwire draws, with a queue behind each step."""
    steps = [_mux(settings, batch, picture, folder)]
    if settings.preprocess != "none":
        steps.append(
            Element("preprocess", "nvdspreprocess", {"config-file": str(folder / "nvdspreprocess.txt")})
        )
    steps.append(_detector(desired, settings, folder))
    if settings.tracker != "camwire":
        steps.append(_tracker(desired, settings, folder))
    if settings.analytics == "nvdsanalytics":
        file = desired.nvdsanalytics or str(folder / "nvdsanalytics.txt")
        steps.append(Element(ANALYTICS, "nvdsanalytics", {"config-file": file}))
    elements: list[Element] = []
    for step in steps:
        elements += [step, _queue(f"after_{step.name}")]
    elements += ending(settings)
    return Part(tuple(elements), chain(*elements))


def _queue(name: str) -> Element:
    return Element(
        name, "queue", {"max-size-buffers": IN_BETWEEN, "max-size-bytes": 0, "max-size-time": 0, "leaky": 0}
    )


def _mux(settings: DesiredDeepstream, batch: int, picture: Size, folder: Path) -> Element:
    shared: dict[str, Value] = {
        "batch-size": batch,
        "batched-push-timeout": settings.batch_timeout_us,
        "attach-sys-ts": True,
        "sync-inputs": False,
        "drop-pipeline-eos": True,
    }
    if settings.mux == "new":
        own: dict[str, Value] = {"config-file-path": str(folder / "nvstreammux.txt")}
        return Element(MUX, "nvstreammux", {**shared, **own}, new_mux=True)
    own = {
        "width": picture.width,
        "height": picture.height,
        "enable-padding": settings.padding,
        "live-source": True,
        "gpu-id": settings.gpu,
        "nvbuf-memory-type": 0,
    }
    return Element(MUX, "nvstreammux", {**shared, **own})


def _detector(desired: DesiredState, settings: DesiredDeepstream, folder: Path) -> Element:
    properties: dict[str, Value] = {
        "config-file-path": settings.detector_config or str(folder / "nvinfer.txt"),
        "input-tensor-meta": settings.preprocess != "none",
    }
    if settings.detector_config is not None:
        # What is said besides goes before the file, as with deepstream-app.
        if interval := skipped_batches(desired):
            properties["interval"] = interval
        if settings.tensor_output:
            properties["output-tensor-meta"] = True
    return Element(DETECTOR, "nvinfer", properties)


def _tracker(desired: DesiredState, settings: DesiredDeepstream, folder: Path) -> Element:
    width, height = settings.tracker_size
    return Element(
        TRACKER,
        "nvtracker",
        {
            "tracker-width": width,
            "tracker-height": height,
            "gpu-id": settings.gpu,
            "ll-lib-file": settings.tracker_library,
            "ll-config-file": desired.tracker.config or str(folder / "nvtracker.yml"),
            "tracking-id-reset-mode": RESET_MODES[desired.tracker.id_reset],
            "display-tracking-id": True,
        },
    )


def _notes(settings: DesiredDeepstream) -> tuple[str, ...]:
    """What native drawing leaves out, and whose thresholds count."""
    notes = []
    if settings.osd == "native":
        notes.append(
            "nvdsosd draws boxes, labels, traces, zones and lines; clean pictures want `osd: python`"
        )
    if settings.detector_config is not None:
        notes.append(
            "`detector_config` is used as it is; what `model` says counts for camwire's tracker only"
        )
    return tuple(notes)
