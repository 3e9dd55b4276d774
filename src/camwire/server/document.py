"""Where the configuration's text is kept: in its file, or in memory where camwire was started without one."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from camwire.config import Config, load, load_text
from camwire.config.editing import literal
from camwire.config.loading import read
from camwire.config.named_files import Stamp, stamp_of

UNREADABLE: Stamp = (-1, -1, -1)
"""Of a file that may not be read. Once it may be, it has another, though nothing in it has changed."""


class CannotWriteError(Exception):
    """The configuration's file can't be written; the message says why and what to do."""


class OvertakenError(Exception):
    """Somebody else has written meanwhile."""


class Document(Protocol):
    name: str
    """For people."""
    folder: Path
    """Where relative paths begin."""

    def load(self) -> Config:
        """What the text says now. Raises ConfigError."""

    def read(self) -> str:
        """The text. Raises ConfigError where there is none."""

    def parse(self, text: str) -> Config:
        """What another text in this one's place would say. Raises ConfigError."""

    def write(self, text: str, over: Stamp | None) -> Stamp | None:
        """Replace the text that has the stamp ``over``, whole or not at all; returns the stamp of this one.

        Raises CannotWriteError, and OvertakenError where there is another text by now.
        """

    def stamp(self) -> Stamp | None:
        """Tells one content from the next without reading it; None while it can't be told."""


class FileDocument:
    """A YAML file. Replaced in one step, so that nobody ever reads half of it."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path
        self.folder = path.absolute().parent

    def load(self) -> Config:
        return load(self.name)

    def read(self) -> str:
        return read(self._path)

    def parse(self, text: str) -> Config:
        return load_text(text, self.name, folder=self.folder)

    def write(self, text: str, over: Stamp | None) -> Stamp | None:
        target = self._path.resolve()  # a link stays a link
        temporary: str | None = None
        try:
            status = target.stat()
            handle, temporary = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode())
                file.flush()
                with suppress(PermissionError):  # root's affair; else it is ours from now on
                    os.fchown(file.fileno(), status.st_uid, status.st_gid)
                os.fchmod(file.fileno(), status.st_mode & 0o777)
                os.fsync(file.fileno())
            stamp = stamp_of(temporary)
            if self.stamp() != over:  # here: that it is on the disk may have taken long
                raise OvertakenError
            Path(temporary).replace(target)
            temporary = None
            return stamp
        except OSError as error:
            raise CannotWriteError(
                f"{self.name} can't be written: {error.strerror}; nothing was changed. "
                "Give camwire's user the right to write in its folder, or change the file by hand"
            ) from None
        finally:
            if temporary is not None:
                with suppress(OSError):
                    Path(temporary).unlink()

    def stamp(self) -> Stamp | None:
        stamp = stamp_of(self._path)
        return stamp if stamp is None or os.access(self._path, os.R_OK) else UNREADABLE


class MemoryDocument:
    """Holds changes as long as the process runs."""

    name = "the configuration in memory"

    def __init__(self, config: Config) -> None:
        self._text = _rendered(config)
        self.folder = Path.cwd()

    def load(self) -> Config:
        return self.parse(self._text)

    def read(self) -> str:
        return self._text

    def parse(self, text: str) -> Config:
        return load_text(text, self.name, environment={})

    def write(self, text: str, over: Stamp | None) -> Stamp | None:  # noqa: ARG002 - nobody else writes it
        self._text = text
        return self.stamp()

    def stamp(self) -> Stamp | None:
        return 0, 0, 0


def as_text(value: Any) -> Any:
    """A plain value as it has to stand in a document: none of its text is taken for a variable."""
    if isinstance(value, str):
        return literal(value)
    if isinstance(value, dict):
        return {key: as_text(item) for key, item in value.items()}
    return [as_text(item) for item in value] if isinstance(value, list) else value


def _rendered(config: Config) -> str:
    """Never shown: it holds the cameras' passwords."""
    values = config.model_dump(mode="json", exclude_defaults=True)
    values["cameras"] = [
        {**camera.model_dump(mode="json", exclude_defaults=True), "url": camera.url.reveal()}
        for camera in config.cameras
    ]
    if sinks := config.sinks.revealed():
        values["sinks"] = sinks
    return json.dumps(as_text(values), indent=1)
