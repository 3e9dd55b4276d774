"""A camera that is stopped and started again is the same camera: its numbers and its time go on."""

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from camwire.analytics.clock import CameraClock
from camwire.devices import open_device
from camwire.frames import Batch, Detections, Frame
from camwire.link.desired import DesiredCamera, DesiredDetection, DesiredOutput, DesiredState
from camwire.pipeline.detector import Detector
from camwire.pipeline.engine import Engine
from camwire.sources import SourceError
from camwire.sources import camera as camera_source
from tests.models.files import save_dynamic
from tests.pipeline.test_engine import desired
from tests.support.clips import make_clip
from tests.support.waiting import wait_for

pytestmark = pytest.mark.integration


class Running:
    """An engine with one camera, a file that begins anew again and again, looked at in every other frame."""

    def __init__(self, folder: Path) -> None:
        make_clip(folder / "clip.mp4", frames=20, gop=10)
        self.published: list[Frame] = []
        self.engine = Engine(open_device("cpu"), self._publish)
        self.state = desired(
            1,
            cameras=(
                DesiredCamera(
                    id="a",
                    url=str(folder / "clip.mp4"),
                    enabled=True,
                    transport="tcp",
                    latency_ms=200,
                    drop_on_latency=False,
                ),
            ),
            model=msgspec.structs.replace(
                desired(1).model,
                file=str(save_dynamic(folder / "tiny.onnx")),
                input_size=(64, 64),
                cameras={"a": DesiredDetection(detect_interval=2)},
            ),
            watched=("a",),
        )
        self.engine.apply(self.state)

    def _publish(self, frame: Frame, payload: bytes, rendition: str) -> bool:
        self.published.append(frame)
        return True

    def apply(self, **changes: object) -> None:
        self.state: DesiredState = msgspec.structs.replace(
            self.state, revision=self.state.revision + 1, **changes
        )
        self.engine.apply(self.state)

    def publish(self, more: int) -> None:
        wanted = len(self.published) + more
        wait_for(lambda: len(self.published) >= wanted, f"{more} more pictures")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path)
    yield running
    assert running.engine.stop(5)


def test_stopping_while_cameras_are_being_started_leaves_none(tmp_path: Path, monkeypatch) -> None:
    """Applying may take long: a model is loaded, threads are waited for. Stopping doesn't wait for it."""
    engine = Engine(open_device("cpu"), lambda frame, payload, rendition: True)
    reached, stopped = threading.Event(), threading.Event()
    add = engine.recorder.add

    def add_slowly(camera: str) -> None:
        add(camera)
        if camera == "c3":
            reached.set()
            assert stopped.wait(30)

    monkeypatch.setattr(engine.recorder, "add", add_slowly)
    cameras = tuple(
        DesiredCamera(
            id=f"c{number}",
            url=str(tmp_path / "absent.mp4"),
            enabled=True,
            transport="tcp",
            latency_ms=200,
            drop_on_latency=False,
        )
        for number in range(6)
    )
    applying = threading.Thread(target=engine.apply, args=(desired(1, cameras=cameras),))
    applying.start()
    assert reached.wait(30)
    assert engine.stop(5)
    stopped.set()
    applying.join(30)
    assert not applying.is_alive()
    assert set(engine._sources) == {"c0", "c1", "c2"}
    assert all(source.join(5) for source in engine._sources.values())


@pytest.mark.parametrize("end", ["remove", "stop"])
def test_cameras_that_do_not_end_are_waited_for_all_together(running: Running, monkeypatch, end: str) -> None:
    """No name server answers: looking a name up takes as long as it likes, and nothing interrupts it."""
    answered = threading.Event()

    def look_up(*_: object, **__: object) -> None:
        answered.wait(120)
        raise SourceError("no name server answers")

    monkeypatch.setattr(camera_source, "open_source", look_up)
    (camera,) = running.state.cameras
    names = [f"c{number}" for number in range(200)]
    running.apply(cameras=tuple(msgspec.structs.replace(camera, id=name) for name in names))
    ended: list[bool] = []
    steps = {
        "remove": lambda: running.apply(cameras=()),
        "stop": lambda: ended.append(running.engine.stop(1.1)),
    }
    ending = threading.Thread(target=steps[end])
    ending.start()
    try:
        wait_for(lambda: not ending.is_alive(), "the end", timeout=8)
        assert ended == ([] if end == "remove" else [False])
    finally:
        answered.set()
        ending.join()


def _off_and_on(running: Running) -> None:
    (camera,) = running.state.cameras
    running.apply(cameras=(msgspec.structs.replace(camera, enabled=False),))
    running.apply(cameras=(camera,))


def _another_size(running: Running) -> None:
    running.apply(output=DesiredOutput(width=640, height=360, max_fps=20.0, jpeg_quality=85))


def _removed_and_added(running: Running) -> None:
    cameras = running.state.cameras
    running.apply(cameras=())
    running.apply(cameras=cameras)


@pytest.mark.parametrize("restart", [_off_and_on, _another_size, _removed_and_added])
def test_a_camera_that_starts_again_goes_on(running: Running, monkeypatch, restart) -> None:
    looked: list[tuple[int, int]] = []
    look = Detector._look

    def noting(detector: Detector, batch: Batch) -> Detections:
        looked.extend((frame.epoch, frame.sequence) for frame in batch.frames)
        return look(detector, batch)

    monkeypatch.setattr(Detector, "_look", noting)
    running.publish(25)
    restart(running)
    before, last = len(looked), running.published[-1]
    running.publish(8)
    assert len(looked) - before >= 3, "every other frame is looked at, as before"
    numbers = [(frame.epoch, frame.sequence, frame.turn) for frame in running.published]
    assert numbers == sorted(numbers)
    assert len({sequence for _, sequence, _ in numbers}) == len(numbers)
    clock = CameraClock()
    times = [clock.tick(frame) for frame in running.published]
    first_new = next(n for n, frame in enumerate(running.published) if frame.sequence > last.sequence)
    assert times[first_new] > times[first_new - 1], "no rule's clock stands still"
