import pytest

from camwire.cli.run import worker_options
from camwire.config import Config
from camwire.config.camera import CameraConfig

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
