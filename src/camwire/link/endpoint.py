"""Where the link's two sockets are: in a folder that only the server's user can open."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

LONGEST_PATH = 107
"""Bytes in the name of a Unix socket; the kernel allows no more."""

PREFIX = "camwire-"
CLAIM = "server"
"""A file in the folder, locked by the server that made it."""
NEW_CLAIM = "claim"
"""Its name until it is locked."""
UNCLAIMED = 3600.0
"""Seconds after which a folder without a claim is nobody's."""


class NoPlaceError(Exception):
    """The link's sockets can be put nowhere; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """ZeroMQ addresses of the sockets in ``directory``."""

    directory: Path

    @property
    def control(self) -> str:
        """State down; greetings, statistics, failures, events and answers up."""
        return f"ipc://{self.directory}/control"

    @property
    def frames(self) -> str:
        """Pictures up; drops them when the server is slow."""
        return f"ipc://{self.directory}/frames"

    @property
    def fits(self) -> bool:
        """Whether the kernel takes these names."""
        longest = max(len(address) for address in (os.fsencode(self.control), os.fsencode(self.frames)))
        return longest - len("ipc://") <= LONGEST_PATH


@contextmanager
def private_endpoints() -> Iterator[Endpoints]:
    """Make a folder with mode 0700 for the sockets, and remove it with all that is in it.

    Folders of servers that were killed are removed as well. Raises NoPlaceError when no place can be written
    or has a short enough name.
    """
    endpoints = _made()
    try:
        with _claimed(endpoints.directory):
            yield endpoints
    finally:
        shutil.rmtree(endpoints.directory, ignore_errors=True)


@contextmanager
def _claimed(directory: Path) -> Iterator[None]:
    """Hold a lock in the folder for as long as this process lives; the kernel ends it in any case."""
    new = directory / NEW_CLAIM
    with new.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        new.rename(directory / CLAIM)  # so that nobody ever finds it there unlocked
        yield


def remove_abandoned(place: Path) -> None:
    """Remove the folders in ``place`` whose server has ended without doing so: it was killed."""
    for directory in place.glob(f"{PREFIX}*"):
        with suppress(OSError):  # it belongs to someone else, has just gone, or is in use
            status = directory.lstat()
            if status.st_uid != os.geteuid() or directory.is_symlink():
                continue
            if not (directory / CLAIM).exists():
                _remove_unclaimed(directory, age=time.time() - status.st_mtime)
                continue
            with (directory / CLAIM).open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(directory, ignore_errors=True)


def _remove_unclaimed(directory: Path, age: float) -> None:
    """Remove a folder whose server was killed before it could lock it.

    Raises OSError for one that holds anything else.
    """
    if age > UNCLAIMED:
        (directory / NEW_CLAIM).unlink(missing_ok=True)
        directory.rmdir()


def _made() -> Endpoints:
    places = [os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"]
    problems = []
    for place in filter(None, places):
        remove_abandoned(Path(place))
        try:
            endpoints = Endpoints(Path(tempfile.mkdtemp(prefix=PREFIX, dir=place)))
        except OSError as error:
            problems.append(f"{place}: {error.strerror}")
            continue
        if endpoints.fits:
            return endpoints
        endpoints.directory.rmdir()
        problems.append(f"{place}: its name is too long for a socket's")
    raise NoPlaceError(
        f"no folder for the sockets to the workers: set TMPDIR to a writable one with a short name "
        f"({'; '.join(dict.fromkeys(problems))})"
    )
