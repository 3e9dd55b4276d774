"""A camera tried before it is added: a picture within seconds, or why there is none."""

from __future__ import annotations

from collections.abc import Callable

from camwire.config.camera import CameraConfig
from camwire.config.secrets import SECRETS
from camwire.link.answers import ProbeResult
from camwire.server.asking import Asking
from camwire.server.desired import Desired

TIMEOUT = 15.0
"""Seconds; most cameras show a picture or refuse within three."""
AT_ONCE = 4


class Probing:
    """A probe is part of the desired state until it is answered, so a worker started anew goes on with it."""

    def __init__(self, desired: Desired, changed: Callable[[], None]) -> None:
        self._desired = desired
        self._changed = changed
        self._asking: Asking[ProbeResult] = Asking("cameras are being tried", AT_ONCE)

    def answered(self, result: ProbeResult) -> None:
        """A worker has tried."""
        self._asking.answered(result.probe, result)

    async def try_camera(self, camera: CameraConfig, timeout: float = TIMEOUT) -> ProbeResult | None:
        """What came of it; None when nothing did within ``timeout`` seconds. Raises TooManyAtOnceError."""

        def put(name: str) -> None:
            SECRETS.add(camera.url)
            self._desired.probe(name, camera)
            self._changed()

        def withdraw(name: str) -> None:
            self._desired.end_probe(name)
            self._changed()

        return await self._asking.ask(put, withdraw, timeout)
