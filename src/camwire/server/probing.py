"""A camera tried before it is added: a picture within seconds, or why there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count

from camwire.config.camera import CameraConfig
from camwire.config.secrets import SECRETS
from camwire.link.messages import ProbeResult
from camwire.server.desired import Desired

TIMEOUT = 15.0
"""Seconds; most cameras show a picture or refuse within three."""
AT_ONCE = 4


class TooManyProbesError(Exception):
    """As many cameras are being tried as may be at once."""


class Probing:
    """A probe is part of the desired state until it is answered, so a worker started anew goes on with it."""

    def __init__(self, desired: Desired, changed: Callable[[], None]) -> None:
        self._desired = desired
        self._changed = changed
        self._numbers = count(1)
        self._waiting: dict[str, asyncio.Future[ProbeResult]] = {}

    def answered(self, result: ProbeResult) -> None:
        """A worker has tried; the first answer counts."""
        waiting = self._waiting.get(result.probe)
        if waiting is not None and not waiting.done():
            waiting.set_result(result)

    async def try_camera(self, camera: CameraConfig, timeout: float = TIMEOUT) -> ProbeResult | None:
        """What came of it; None when nothing did within ``timeout`` seconds. Raises TooManyProbesError."""
        if len(self._waiting) >= AT_ONCE:
            raise TooManyProbesError
        SECRETS.add(camera.url)
        name = str(next(self._numbers))
        self._waiting[name] = asyncio.get_running_loop().create_future()
        self._desired.probe(name, camera)
        self._changed()
        try:
            return await asyncio.wait_for(self._waiting[name], timeout)
        except TimeoutError:
            return None
        finally:
            del self._waiting[name]
            self._desired.end_probe(name)
            self._changed()
