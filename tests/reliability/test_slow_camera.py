"""A camera that sends rarely is not taken for a dead one."""

from __future__ import annotations

import pytest

from camwire.frames import Frame, Size
from camwire.sources import CameraSource
from tests.sources.cameras import camera
from tests.support.rtp_camera import RtpCamera
from tests.support.waiting import wait_for

pytestmark = pytest.mark.integration


class Sink:
    def __init__(self) -> None:
        self.epochs: list[int] = []

    def put(self, frame: Frame) -> None:
        self.epochs.append(frame.epoch)


def test_it_is_given_up_once_or_twice_and_then_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """All times are a quarter of the real ones: packets every 0.8 s, 0.75 s of silence are too long."""
    monkeypatch.setattr("camwire.sources.address.NETWORK_READ_TIMEOUT", 0.75)
    sink = Sink()
    with RtpCamera(fps=1.25) as slow:
        source = CameraSource(camera(slow.url()), sink, bound=Size(640, 480))
        source.start()
        try:
            wait_for(lambda: sink.epochs.count(max(sink.epochs, default=0)) >= 6, "six in a row", 30)
            assert slow.connections <= 3
            assert source.report().phase == "live"
        finally:
            source.stop()
            assert source.join(5)
