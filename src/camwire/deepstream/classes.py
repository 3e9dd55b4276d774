"""The classes of the model that nvinfer runs: it can't be asked, so they are known beforehand."""

from __future__ import annotations

from pathlib import Path

from camwire.link.desired import DesiredModel
from camwire.models.coco import COCO_CLASSES
from camwire.models.labels import read_labels


def class_names(model: DesiredModel) -> tuple[str, ...]:
    """The labels file's, or COCO's. Raises ModelError when the file can't be read."""
    return COCO_CLASSES if model.labels is None else read_labels(Path(model.labels))
