"""Which GPUs work here, for the server: a short-lived process, so that the server itself touches none.

    python -m camwire.pipeline.available < model.json

Reads the configuration's ``model`` as JSON and prints a JSON object: ``gpus``, ``obstacle``, ``model``.
"""

from __future__ import annotations

import json
import sys

from camwire.config.detection import ModelConfig
from camwire.devices import DeviceError
from camwire.link.desired import DesiredModel
from camwire.models import ModelError
from camwire.pipeline.detector import overrides_of
from camwire.runtimes.networks import network_obstacle


def available(model: ModelConfig) -> dict[str, object]:
    """See ``camwire.server.devices.Found``."""
    gpus, obstacle = usable_gpus()
    return {"gpus": gpus, "obstacle": obstacle, "model": model_obstacle(model) if gpus else None}


def usable_gpus() -> tuple[list[str], str | None]:
    """The names of the GPUs that can be opened, and why the next one can't."""
    from camwire.devices.cuda.context import count_gpus, open_context

    gpus: list[str] = []
    try:
        for index in range(count_gpus()):
            open_context(index)
            gpus.append(f"cuda:{index}")
    except DeviceError as error:
        return gpus, str(error)
    return gpus, None if gpus else "NVIDIA's driver finds no GPU"


def model_obstacle(model: ModelConfig) -> str | None:
    """Why the model can't run on GPUs; None when it can."""
    settings = DesiredModel(
        file=model.file,
        runtime=model.runtime,
        task=model.task,
        input_size=model.input_size,
        resize=model.resize,
        labels=model.labels,
        score_threshold=model.score_threshold,
        iou_threshold=model.iou_threshold,
        classes=None,
    )
    try:
        return network_obstacle(settings.file, settings.runtime, overrides_of(settings))
    except ModelError as error:
        return str(error)


if __name__ == "__main__":
    json.dump(available(ModelConfig.model_validate_json(sys.stdin.buffer.read())), sys.stdout)
