"""The folder for the files that DeepStream's elements read. It belongs to one process, and outlives none.

A process that is killed can't remove its folder, so the next one does: each holds a lock on its own, which
ends with the process however that ends.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

PREFIX = "camwire-deepstream-"


class OwnFolder:
    """Made anew in the folder for temporary files, from which what killed processes left is removed."""

    def __init__(self, parent: Path | None = None) -> None:
        parent = Path(tempfile.gettempdir()) if parent is None else parent
        for left in parent.glob(f"{PREFIX}*"):
            _remove_if_left(left)
        self._lock: int | None = None
        while self._lock is None:  # another process may take it for left before it is locked
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
            self._lock = _locked(self.path)

    def remove(self) -> None:
        if self._lock is not None:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)
            self._lock = None


def _remove_if_left(folder: Path) -> None:
    if (lock := _locked(folder)) is not None:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _locked(folder: Path) -> int | None:
    """The descriptor that holds the lock on a folder; None where it is gone, locked or somebody else's."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        here = os.stat(folder)
        held = os.fstat(descriptor)
        if (here.st_dev, here.st_ino, held.st_uid) == (held.st_dev, held.st_ino, os.geteuid()):
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None
