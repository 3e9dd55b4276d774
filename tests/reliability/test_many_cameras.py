"""Many cameras lost together, a clock that is set back, a name server that never answers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from camwire.frames import Frame, Size
from camwire.sources import CameraSource
from camwire.sources.reconnect import Reconnect
from camwire.sources.status import SourceStatus
from tests.sources.cameras import camera
from tests.support.rtp_camera import RtpCamera
from tests.support.waiting import wait_for

CAMERAS = 20
BOUND = Size(640, 480)


class Sink:
    def __init__(self) -> None:
        self.frames: list[Frame] = []

    def put(self, frame: Frame) -> None:
        self.frames.append(frame)


def tries(random_numbers: list[float], until: float) -> list[float]:
    """When cameras are tried that are all refused from second 0 on, each with its own random number."""
    found = []
    for number in random_numbers:
        policy, now = Reconnect(lambda number=number: number), 0.0
        while now < until:
            policy.trying(now)
            now = policy.failed(now, "refused")
            found.append(now)
    return sorted(found)


def test_the_tries_of_cameras_lost_together_drift_apart() -> None:
    """After the first seconds no tenth of a second sees more than a third of them."""
    found = tries([index / (CAMERAS - 1) for index in range(CAMERAS)], 60.0)
    crowds = Counter(int(moment * 10) for moment in found if moment > 3.0)
    assert max(crowds.values()) <= CAMERAS / 3


def test_each_camera_draws_random_numbers_of_its_own() -> None:
    """With the same ones, however little random, all pauses were as long."""
    pauses = []
    for _ in range(CAMERAS):
        status = SourceStatus()
        for _ in range(6):
            began = time.monotonic()
            status.trying()
            retry_at = status.failed("refused")
        pauses.append(retry_at - began)
    assert max(pauses) - min(pauses) > 0.3  # of a second, over which the last ones are spread


@pytest.mark.integration
def test_a_clock_that_is_set_back_by_an_hour_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    sink, real = Sink(), time.time
    for limit in ("NETWORK_OPEN_TIMEOUT", "NETWORK_READ_TIMEOUT"):
        monkeypatch.setattr(f"camwire.sources.address.{limit}", 30.0)
    with RtpCamera(fps=20) as well:
        source = CameraSource(camera(well.url()), sink, bound=BOUND)
        source.start()
        try:
            wait_for(lambda: len(sink.frames) >= 10, "pictures")
            monkeypatch.setattr(time, "time", lambda: real() - 3600)
            before = len(sink.frames)
            wait_for(lambda: len(sink.frames) >= before + 20, "more pictures")
        finally:
            source.stop()
            assert source.join(30)
        assert well.connections == 1
    frames = sink.frames
    assert all(earlier.time < later.time for earlier, later in pairwise(frames))
    assert all(earlier.arrived <= later.arrived for earlier, later in pairwise(frames))
    assert any(later.captured < earlier.captured - 3000 for earlier, later in pairwise(frames))
    assert {frame.epoch for frame in frames} == {1}


ASKING = """
import json, socket, sys, time
from pathlib import Path
from camwire.frames import Size
from camwire.sources import CameraSource
from tests.sources.cameras import camera

class Sink:
    def put(self, frame): pass

silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
silent.bind(("127.0.0.1", 53))  # the name server: it reads, and says nothing
source = CameraSource(camera("rtsp://camera.example.test/x"), Sink(), bound=Size(640, 480))
source.start()
said, began = [], time.monotonic()
while time.monotonic() - began < float(sys.argv[1]):
    report = source.report()
    if not said or said[-1] != [report.phase, report.reason]:
        said.append([report.phase, report.reason])
    if report.phase == "retrying":
        break
    time.sleep(0.05)
Path(sys.argv[2]).write_text(json.dumps(said))  # what is printed may meet the camera's log lines
"""


def namespaces() -> bool:
    """Whether this user may make a network of his own."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return False
    return subprocess.run(["unshare", "-rmn", "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.integration
def test_a_name_server_that_never_answers_is_said(tmp_path: Path) -> None:
    if not namespaces():
        pytest.skip("making a network namespace is not permitted here")
    resolver, script, answered = (tmp_path / name for name in ("resolv.conf", "ask.py", "said.json"))
    resolver.write_text("nameserver 127.0.0.1\noptions timeout:2 attempts:2\n")
    script.write_text(ASKING)
    ask = f"{sys.executable} {script} 30 {answered}"
    inside = f"ip link set lo up && mount --bind {resolver} /etc/resolv.conf && {ask}"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    answer = subprocess.run(
        ["unshare", "-rmn", "sh", "-c", inside], capture_output=True, text=True, check=False, env=environment
    )
    assert answer.returncode == 0, answer.stderr
    said = json.loads(answered.read_text())
    assert ["connecting", "no answer for 2 s"] in said
    phase, reason = said[-1]
    assert phase == "retrying"
    assert "camera.example.test could not be looked up in 4 s: does the DNS server answer?" in reason
