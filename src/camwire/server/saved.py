"""Saved pictures and videos: what they are called, and which of them have to go."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

LONGEST_FOLDER = 200
"""Characters; file systems take 255 bytes."""

_NAME = re.compile(r"\d{8}T\d{6}\.\d{3}Z-\d{9,}\.(jpg|mp4)(\.part)?")


@dataclass(frozen=True, slots=True)
class SavedFile:
    path: Path
    size: int
    """Bytes."""
    modified: float
    """UTC."""


def folder_name(camera: str) -> str:
    """A camera's folder: its id, percent-encoded where a file system may not take it; no two are alike."""
    name = quote(camera, safe="").replace(".", "%2E")
    if len(name) <= LONGEST_FOLDER:
        return name
    return f"{name[: LONGEST_FOLDER - 33]}~{hashlib.sha256(camera.encode()).hexdigest()[:32]}"


def file_name(captured: float, sequence: int, suffix: str = ".jpg") -> str:
    """`20261122T143103.250Z-000000812.jpg`: in the order of names is in the order of time."""
    moment = datetime.fromtimestamp(captured, UTC)
    return f"{moment:%Y%m%dT%H%M%S}.{moment.microsecond // 1000:03d}Z-{sequence:09d}{suffix}"


def is_ours(name: str) -> bool:
    """Whether a file, by its name, is a picture or a video of ours; others' are never deleted."""
    return _NAME.fullmatch(name) is not None


def surplus(files: Iterable[SavedFile], now: float, max_age: float, max_bytes: float) -> list[SavedFile]:
    """Those older than ``max_age`` seconds, and the oldest beyond ``max_bytes``; oldest first."""
    newest_first = sorted(files, key=lambda file: (file.modified, file.path.name), reverse=True)
    kept = 0
    for index, file in enumerate(newest_first):
        kept += file.size
        if kept > max_bytes or now - file.modified > max_age:
            return newest_first[index:][::-1]
    return []
