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
    """Packets come every 2 s, and 1.25 s of silence are too long."""
    monkeypatch.setattr("camwire.sources.address.NETWORK_READ_TIMEOUT", 1.25)
    sink = Sink()
    with RtpCamera(fps=0.5) as slow:
        source = CameraSource(camera(slow.url()), sink, bound=Size(640, 480))
        source.start()
        try:
            wait_for(lambda: sink.epochs.count(max(sink.epochs, default=0)) >= 4, "four in a row", 90)
            wait_for(lambda: source.report().phase == "live", "it to be live")
            assert slow.connections <= 5
        finally:
            source.stop()
            assert source.join(30)
