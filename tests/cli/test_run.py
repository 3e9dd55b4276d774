import subprocess
import sys

import pytest

from camwire.cli.run import worker_options
from camwire.config import Config
from camwire.config.camera import CameraConfig
from camwire.server.mps.sharing import SOURCES_APART

CAMERAS = (CameraConfig(id="gate", url="rtsp://gate/"),)


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        ({}, ["--engine", "native"]),
        ({"engine": "deepstream"}, ["--engine", "deepstream"]),
        ({"cores_per_gpu_worker": 4}, ["--engine", "native", "--cores", "4"]),
    ],
)
def test_workers_are_told_what_they_must_know_at_their_start(settings: dict, options: list[str]) -> None:
    config = Config(cameras=CAMERAS).model_copy(update=settings)
    assert worker_options(config) == options


@pytest.mark.integration
def test_a_worker_knows_what_it_is_told_beside_a_daemon_for_mps() -> None:
    """Far enough to see that its server isn't there."""
    options = ["--name", "cuda:0", "--device", "cuda:0", "--link", "/tmp", "--parent", "1", SOURCES_APART]
    ended = subprocess.run(
        [sys.executable, "-m", "camwire", "worker", *options], capture_output=True, text=True, timeout=240
    )
    assert (ended.returncode, "process 1, which this worker was for, is gone" in ended.stderr) == (1, True)
