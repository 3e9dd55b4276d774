"""The files that a configuration names and workers read: which, and whether one has changed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from camwire.config.detection import BUNDLED_MODEL
from camwire.config.root import Config

Stamp = tuple[int, int, int]
"""Changes whenever a file's content does."""


def named_files(config: Config) -> dict[str, str]:
    """Paths by their place in the configuration; those of `deepstream` where that engine runs."""
    files = {
        "model.file": None if config.model.file == BUNDLED_MODEL else config.model.file,
        "model.labels": config.model.labels,
        "tracker.config": config.tracker.config,
        "analytics.nvdsanalytics": config.analytics.nvdsanalytics,
    }
    if config.engine == "deepstream":
        files["deepstream.detector_config"] = config.deepstream.detector_config
        files["deepstream.reid_model"] = config.deepstream.reid_model
    return {place: file for place, file in files.items() if file is not None}


def stamp_of(file: str | Path) -> Stamp | None:
    """Tells one content from the next without reading it; None while it can't be told."""
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def stamps_of(config: Config) -> Mapping[str, Stamp | None]:
    """By the places of ``named_files``."""
    return {place: stamp_of(file) for place, file in named_files(config).items()}
