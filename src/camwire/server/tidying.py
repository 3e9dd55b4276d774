"""Folders of pictures and videos are kept within their bounds whether or not anything new comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import structlog

SOON = 30.0
"""Seconds between two times at least."""
LATE = 600.0
"""Seconds between two times at most: what is there gets old, too."""

log = structlog.get_logger()


class Tidying:
    """Has one folder cleaned up at the start, soon after something was written, and now and then."""

    def __init__(self, clean_up: Callable[[float], None], soon: float = SOON, late: float = LATE) -> None:
        """``clean_up`` gets UTC, runs in a thread, and may raise OSError."""
        self._clean_up = clean_up
        self._soon, self._late = soon, late
        self._written = asyncio.Event()

    def written(self) -> None:
        """There is more in the folder, or there are other bounds."""
        self._written.set()

    async def run(self) -> None:
        """For ever."""
        while True:
            self._written.clear()
            try:
                await asyncio.to_thread(self._clean_up, time.time())
            except OSError as error:
                log.error("old pictures can't be deleted", path=error.filename, reason=error.strerror)
            await asyncio.sleep(self._soon)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._late - self._soon):
                    await self._written.wait()
