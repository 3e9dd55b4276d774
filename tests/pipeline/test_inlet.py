"""A device that adopts pictures, refuses codecs and gets full, with a stand-in for the GPU."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from camwire.devices import DeviceError
from camwire.devices.cpu import CpuDevice
from camwire.frames import Batch, Detections, Frame
from camwire.link.desired import DesiredCamera
from camwire.link.pictures import Rendition
from camwire.pipeline import engine as engine_module
from camwire.pipeline.engine import Engine
from tests.pipeline.test_engine import desired
from tests.support.clips import make_clip
from tests.support.waiting import wait_for

pytestmark = pytest.mark.integration


class Adopted:
    """A picture that is the device's own."""

    def __init__(self, picture: object) -> None:
        self.picture = picture


class StandInGpu(CpuDevice):
    """Decodes in software, but otherwise behaves as a CUDA device does."""

    name = "cuda:0"
    batch_size = 4
    full: str | None = None
    unknown_codec: str | None = None
    unfit: str | None = None

    def __init__(self) -> None:
        super().__init__()
        self.settled: list[str] = []
        """The names of the threads that have."""

    def settle(self) -> None:
        self.settled.append(threading.current_thread().name)

    def hwaccel(self) -> None:
        if self.full:
            raise DeviceError(self.full)

    def refuses(self, codec: str, pixel_format: str | None) -> str | None:
        assert pixel_format == "yuv420p"
        return f"it can't decode {codec}" if codec == self.unknown_codec else None

    def adopt(self, picture: object) -> Adopted:
        if self.unfit:
            raise DeviceError(self.unfit)
        return Adopted(picture)


class Seeing:
    """A detector that notes what it is given."""

    class_names = ("person",)
    batch_sizes = ()

    def __init__(self) -> None:
        self.pictures: list[object] = []

    def describe(self) -> str:
        return "stand-in"

    def __call__(self, batch: Batch) -> Detections:
        self.pictures += [frame.picture for frame in batch.frames]
        count = len(batch)
        boxes = np.tile(np.array([10, 10, 50, 50], np.float32), (count, 1))
        return Detections(
            boxes, np.ones(count, np.float32), np.zeros(count, np.int32), np.arange(count, dtype=np.int32)
        )


@pytest.fixture
def seeing(monkeypatch: pytest.MonkeyPatch) -> Seeing:
    detector = Seeing()
    monkeypatch.setattr(engine_module, "load_detector", lambda *_: detector)
    return detector


@pytest.fixture
def gpu() -> StandInGpu:
    return StandInGpu()


@pytest.fixture
def engine(gpu: StandInGpu, seeing: Seeing) -> Iterator[Engine]:
    def publish(frame: Frame, payload: bytes, rendition: Rendition) -> bool:
        return True

    engine = Engine(gpu, publish)
    yield engine
    assert engine.stop(5)


@pytest.fixture
def camera(tmp_path: Path) -> DesiredCamera:
    clip = make_clip(tmp_path / "clip.mp4")
    return DesiredCamera(
        id="gate", url=str(clip), enabled=True, transport="tcp", latency_ms=50, drop_on_latency=False
    )


def test_the_detector_sees_adopted_pictures(engine: Engine, seeing: Seeing, camera: DesiredCamera) -> None:
    engine.apply(desired(1, cameras=(camera,)))
    wait_for(lambda: len(seeing.pictures) > 3, "frames come")
    assert all(isinstance(picture, Adopted) for picture in seeing.pictures)


def test_every_thread_of_cameras_and_lanes_settles(
    engine: Engine, gpu: StandInGpu, seeing: Seeing, camera: DesiredCamera
) -> None:
    engine.apply(desired(1, cameras=(camera,)))
    wait_for(lambda: len(gpu.settled) == gpu.lanes + 1, "every thread has begun")
    assert set(gpu.settled) == {"camera-gate", *(f"lane-{number}" for number in range(gpu.lanes))}


@pytest.mark.parametrize(
    ("trouble", "value", "reason"),
    [
        (
            "full",
            "cuda:0 has no memory left for another camera",
            "cuda:0 has no memory left for another camera",
        ),
        ("unknown_codec", "h264", "it can't decode h264"),
        ("unfit", "a picture of format 'yuv444p'", "a picture of format 'yuv444p'"),
    ],
)
def test_what_the_device_cannot_take_is_the_cameras_reason(
    engine: Engine, gpu: StandInGpu, camera: DesiredCamera, trouble: str, value: str, reason: str
) -> None:
    setattr(gpu, trouble, value)
    engine.apply(desired(1, cameras=(camera,)))
    wait_for(lambda: engine.report()[0].phase == "retrying", "it is given up for now")
    assert engine.report()[0].reason == reason
    setattr(gpu, trouble, None)
    wait_for(lambda: engine.report()[0].phase == "live", "it comes back by itself")
