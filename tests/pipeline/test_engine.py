"""What can't be applied is refused whole: what ran before goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from camwire.devices import open_device
from camwire.link.desired import DesiredModel, DesiredOutput, DesiredState, DesiredTracker
from camwire.models import ModelError
from camwire.pipeline.engine import Engine
from tests.models.files import save_dynamic

pytestmark = pytest.mark.integration


def desired(revision: int, **changes) -> DesiredState:
    settings = {
        "cameras": (),
        "model": DesiredModel(
            file="nanodet", runtime="auto", score_threshold=0.4, iou_threshold=0.5, classes=None
        ),
        "tracker": DesiredTracker(type="bytetrack", trace_length=30),
        "output": DesiredOutput(width=1280, height=720, max_fps=20.0, jpeg_quality=85),
        "toggles": {"boxes": True},
        "watched": (),
        "stats_epoch": 0,
    }
    return DesiredState(revision=revision, **(settings | changes))


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(open_device("cpu"), lambda frame, payload, rendition: True)
    engine.apply(desired(1))
    yield engine
    assert engine.stop(5)


def running(engine: Engine) -> tuple[object, ...]:
    assert engine._lanes is not None
    return engine.revision, engine.model, engine._detector, engine._tracker, engine._lanes.stages


def test_a_tracker_file_that_cannot_be_used_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    before = running(engine)
    file = tmp_path / "tracker.yml"
    file.write_text("BaseConfig: 7\n")
    with pytest.raises(ModelError, match=r"tracker.*BaseConfig"):
        engine.apply(desired(2, tracker=DesiredTracker(type="bytetrack", trace_length=30, config=str(file))))
    assert running(engine) == before


def test_rules_that_cannot_be_used_change_neither_model_nor_tracker(engine: Engine) -> None:
    before = running(engine)
    rule = {"type": "zone", "name": "door", "classes": ["unicorn"], "polygon": [[0, 0], [1, 0], [1, 1]]}
    with pytest.raises(ModelError, match="unicorn"):
        engine.apply(
            desired(
                2,
                rules=(rule,),
                model=DesiredModel(
                    file="nanodet", runtime="auto", score_threshold=0.7, iou_threshold=0.5, classes=None
                ),
                tracker=DesiredTracker(type="ocsort", trace_length=5),
            )
        )
    assert running(engine) == before
    engine.apply(desired(3))
    assert running(engine)[2:4] == before[2:4], "nothing of the refused document is left"


def test_what_stays_the_same_is_not_made_anew(engine: Engine) -> None:
    _, _, detector, tracker, _ = running(engine)
    engine.apply(desired(2, toggles={"boxes": False}))
    assert running(engine)[2:4] == (detector, tracker)
    engine.apply(desired(3, tracker=DesiredTracker(type="ocsort", trace_length=30)))
    assert running(engine)[3] is not tracker


def test_a_model_with_other_classes_begins_other_tracks(engine: Engine, tmp_path: Path) -> None:
    """Old tracks' class numbers would mean something else, or nothing."""

    def model(name: str, classes: int) -> DesiredModel:
        return DesiredModel(
            file=str(save_dynamic(tmp_path / name, classes)),
            runtime="auto",
            input_size=(64, 64),
            score_threshold=0.4,
            iou_threshold=0.5,
            classes=None,
        )

    trackers = []
    for revision, (name, classes) in enumerate([("five", 5), ("five too", 5), ("one", 1)], 2):
        engine.apply(desired(revision, model=model(f"{name}.onnx", classes)))
        trackers.append(running(engine)[3])
    assert trackers[0] is trackers[1], "the same classes: objects go on"
    assert trackers[2] is not trackers[1]
