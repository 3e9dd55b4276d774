"""Where the link's two sockets are: in a folder that only the server's user can open."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LONGEST_PATH = 107
"""Bytes in the name of a Unix socket; the kernel allows no more."""


class NoPlaceError(Exception):
    """The link's sockets can be put nowhere; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """ZeroMQ addresses of the sockets in ``directory``."""

    directory: Path

    @property
    def control(self) -> str:
        """State down, greetings, statistics and failures up; loses nothing."""
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

    Raises NoPlaceError when no place for it can be written or has a short enough name.
    """
    endpoints = _made()
    try:
        yield endpoints
    finally:
        shutil.rmtree(endpoints.directory, ignore_errors=True)


def _made() -> Endpoints:
    places = [os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"]
    problems = []
    for place in filter(None, places):
        try:
            endpoints = Endpoints(Path(tempfile.mkdtemp(prefix="camwire-", dir=place)))
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
