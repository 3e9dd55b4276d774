"""Saved pictures and videos: what they are called, how they are written, and which of them have to go."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from urllib.parse import quote

LONGEST_FOLDER = 200
"""Characters; file systems take 255 bytes."""

_NAME = re.compile(r"\d{8}T\d{6}\.\d{3}Z-\d{9,}\.(jpg|mp4)(\.[0-9a-f]{8}\.part)?")


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


def write(path: Path, content: bytes) -> None:
    """Whoever reads the folder never finds half a file under its name, however many write it at once.

    Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{token_hex(4)}.part")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)  # on a full disk each would stay, and nobody would ever look for them
        raise


def clean_up(folder: Path, now: float, max_age: float, max_bytes: float) -> None:
    """Delete what is ours and ``surplus`` in the cameras' folders; no folder is clean. Raises OSError."""
    if folder.is_dir():
        for file in surplus(_files(folder), now, max_age, max_bytes):
            file.path.unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[SavedFile]:
    with os.scandir(folder) as cameras:
        for camera in cameras:
            if not camera.is_dir(follow_symlinks=False):
                continue
            with os.scandir(camera) as entries:
                for entry in entries:
                    if is_ours(entry.name) and entry.is_file(follow_symlinks=False):
                        with suppress(FileNotFoundError):  # a .part may have got its name meanwhile
                            status = entry.stat(follow_symlinks=False)
                            yield SavedFile(Path(entry.path), status.st_size, status.st_mtime)
