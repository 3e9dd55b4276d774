"""The configuration that runs: held here alone, changed as a whole or not at all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import structlog

from camwire.config import Changes, Config, ConfigError, compare
from camwire.config.camera import CameraConfig
from camwire.config.editing import append, remove, set_values
from camwire.config.named_files import Stamp, stamps_of
from camwire.server.document import CannotWriteError, Document, OvertakenError, as_text

LOOK_EVERY = 1.0
"""Seconds between two looks at the file."""
TRIES = 10
"""Times that a change is made anew because somebody else has just written the file."""

log = structlog.get_logger()

Edit = Callable[[str, Config], str]
"""Text and what it says → changed text. Raises CannotEditError, UnknownCameraError."""

RESTART_SECTIONS = frozenset(
    ("server", "device", "devices", "workers_per_gpu", "cores_per_gpu_worker", "mps", "engine")
)
"""What is looked at once, at the start."""


class UnknownCameraError(LookupError):
    """There is no camera with this id."""


class BrokenFileError(Exception):
    """The file has come to hold mistakes, so that nothing can be added to it; ``problems`` says which."""

    def __init__(self, error: ConfigError) -> None:
        super().__init__(str(error))
        self.problems = error.problems


class Configuration:
    """``apply`` is told each new configuration, in the event loop's thread."""

    def __init__(self, document: Document, apply: Callable[[Config], None]) -> None:
        """Raises ConfigError."""
        self.document = document
        seen = document.stamp()  # before it is read: what is written meanwhile is seen later
        self.config = document.load()
        self.problems: tuple[str, ...] = ()
        """What keeps the file as it is now from being used; what ran before goes on."""
        self._apply = apply
        self._changing = asyncio.Lock()
        self._files = stamps_of(self.config)
        """As they were when they were last handed on."""
        self._seen = seen, self._files

    async def reload(self) -> Changes:
        """Use what the document says now. Raises ConfigError; then all goes on as before."""
        async with self._changing:
            self._seen = self._look()
            try:
                config = await asyncio.to_thread(self.document.load)
            except ConfigError as error:
                self.problems = tuple(map(str, error.problems))
                log.error("the configuration is not used, what ran goes on", problems=self.problems)
                raise
            return self._use(config)

    async def change(self, edit: Edit) -> Changes:
        """Edit the text, and use what it then says. Others' changes of the file are used along with it.

        Raises BrokenFileError where the file is no good as it is, ConfigError where it would not be any more,
        CannotEditError, CannotWriteError and UnknownCameraError; then all is as before.
        """
        async with self._changing:
            config, stamp = await asyncio.to_thread(self._changed, edit)
            self._seen = stamp, stamps_of(self.config)
            return self._use(config)

    async def try_out(self, values: Mapping[str, Any]) -> CameraConfig:
        """A camera of these settings as it would be in this configuration. Raises ConfigError."""
        text = json.dumps({"cameras": [as_text({**values, "id": "tried"})]})
        config = await asyncio.to_thread(self.document.parse, text)
        return config.cameras[0]

    def _changed(self, edit: Edit) -> tuple[Config, Stamp | None]:
        """What the document says now, and its stamp. With hundreds of cameras this takes seconds, in which
        somebody may save the file: then it is made anew, from what the file says by then."""
        for _ in range(TRIES):
            seen = self.document.stamp()
            before, said = self._good()
            text = edit(before, said)
            config = self.document.parse(text)
            with suppress(OvertakenError):
                return config, self.document.write(text, seen)
        raise CannotWriteError(f"somebody else writes {self.document.name} all the time; nothing was changed")

    def _good(self) -> tuple[str, Config]:
        """The text, and what it says."""
        try:
            text = self.document.read()
            return text, self.document.parse(text)
        except ConfigError as error:
            raise BrokenFileError(error) from None

    def _use(self, config: Config) -> Changes:
        self.problems = ()
        changes, files = compare(self.config, config), stamps_of(config)
        if changes or files != self._files:
            self.config = config
            changed_files = sorted(place for place, stamp in files.items() if self._files.get(place) != stamp)
            self._files, self._seen = files, (self._seen[0], files)
            log.info(
                "configuration changes",
                added=changes.added,
                removed=changes.removed,
                changed=changes.changed,
                sections=changes.sections,
                files=changed_files,
            )
            for section in sorted(RESTART_SECTIONS.intersection(changes.sections)):
                log.warning("a section takes effect when camwire is started again", section=section)
            self._apply(config)
        return changes

    async def follow(self) -> None:
        """Reload, for ever, when the file, or one that it names, has changed and then stayed for one look."""
        previous = self._seen
        while True:
            await asyncio.sleep(LOOK_EVERY)
            seen = self._look()
            if seen[0] is not None and seen == previous and seen != self._seen:
                await self.try_reload()
            previous = seen

    def _look(self) -> tuple[Stamp | None, Mapping[str, Stamp | None]]:
        return self.document.stamp(), stamps_of(self.config)

    async def try_reload(self) -> None:
        """Reload; what is wrong has been logged."""
        try:
            await self.reload()
        except ConfigError:
            return


def add_camera(values: Mapping[str, Any]) -> Edit:
    """A new camera at the end."""
    return lambda text, _: append(text, ("cameras",), as_text(dict(values)))


def change_camera(camera: str, values: Mapping[str, Any]) -> Edit:
    """Other settings for a camera; those left out stay."""
    return lambda text, config: set_values(text, ("cameras", position(config, camera)), as_text(dict(values)))


def remove_camera(camera: str) -> Edit:
    return lambda text, config: remove(text, ("cameras", position(config, camera)))


def change_section(section: str, values: Mapping[str, Any]) -> Edit:
    """Other settings in a section; those left out stay."""
    return lambda text, _: set_values(text, (section,), as_text(dict(values)))


def position(config: Config, camera: str) -> int:
    """A camera's place in the list. Raises UnknownCameraError."""
    for index, known in enumerate(config.cameras):
        if known.id == camera:
            return index
    raise UnknownCameraError(camera)
