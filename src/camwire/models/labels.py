"""Names of classes: from a labels file, or those that detectors usually have."""

from __future__ import annotations

from pathlib import Path

from camwire.models.coco import COCO_CLASSES
from camwire.models.contract import ModelError

LARGEST = 1 << 20
"""Bytes."""


UNUSED_CATEGORIES = frozenset({0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83})
"""COCO's category numbers go from 1 to 90; these have no class."""


def _by_category() -> tuple[str, ...]:
    names = iter(COCO_CLASSES)
    return tuple(f"category {n}" if n in UNUSED_CATEGORIES else next(names) for n in range(91))


COCO_CATEGORIES = _by_category()
"""COCO's classes by category number, as DETR and RF-DETR number them."""


def read_labels(file: Path) -> tuple[str, ...]:
    """A class a line, in the order of their numbers, UTF-8; empty lines at the end don't count.

    Raises ModelError when it can't be read.
    """
    try:
        with file.open("rb") as stream:
            text = stream.read(LARGEST).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ModelError(
            f"labels {file}: not UTF-8 text; accepted is a file with a class name a line"
        ) from None
    except OSError as error:
        raise ModelError(f"labels {file}: can't be read: {error.strerror}") from None
    names = tuple(line.strip() for line in text.rstrip().splitlines())
    if not names or not all(names):
        raise ModelError(
            f"labels {file}: line {names.index('') + 1 if names else 1} is empty; a class name a line"
        )
    return names


def usual_names(count: int) -> tuple[str, ...]:
    """COCO's for 80 classes, COCO's by category number for 91, else numbers."""
    if count == len(COCO_CLASSES):
        return COCO_CLASSES
    if count == len(COCO_CATEGORIES):
        return COCO_CATEGORIES
    return tuple(f"class {number}" for number in range(count))


def class_names(
    file: Path, labels: tuple[str, ...] | None, declared: tuple[str, ...] | None, count: int
) -> tuple[str, ...]:
    """Names of a model's ``count`` classes: the labels file's, the metadata's or the usual ones.

    Raises ModelError when there are more or fewer names than classes.
    """
    for names, origin in ((labels, "the labels file"), (declared, "its metadata")):
        if names is not None:
            if len(names) != count:
                raise ModelError(f"model {file}: it has {count} classes, but {origin} names {len(names)}")
            return names
    return usual_names(count)
