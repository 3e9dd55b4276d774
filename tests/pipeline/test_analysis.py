"""The rules in a worker: what they count outlives changes of the configuration."""

from dataclasses import replace

import msgspec
import pytest

from camwire.frames import Batch, Frame, Size
from camwire.link.messages import decode_downward, encode
from camwire.models import ModelError
from camwire.pipeline.analysis import Analysis, LiveCounts
from camwire.pipeline.nvds_rules import REMEMBERED_FRAMES
from camwire.server.desired import Desired
from tests.analytics.rules.scene import CLASSES, obj, tracks_of
from tests.server.configs import config

LINE = {"type": "line", "name": "door", "start": [0.5, 0], "end": [0.5, 1], "band": 0}
ZONE = {"type": "zone", "name": "all", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}
NVDS = """[property]
enable=1
config-width=1000
config-height=500
[roi-filtering-stream-0]
enable=1
roi-WHOLE=0;0;1000;0;1000;500;0;500
"""


def desired(*rules, nvdsanalytics=None, cameras=("gate",)):
    """As it comes over the link."""
    made = config(*cameras)
    text = {"rules": list(rules), "analytics": {"nvdsanalytics": nvdsanalytics}}
    whole = type(made).model_validate(
        {**made.model_dump(exclude={"cameras"}), **text, "cameras": made.cameras}
    )
    return decode_downward(encode(Desired(whole).document()))


def step(analysis, number, *objects, camera="gate"):
    size = Size(1000, 500)
    time = number / 10
    frame = Frame(camera, number, 0, None, size, size, time, time, 1e6 + time, time)
    analysis.step(Batch(number, (frame,), time), tracks_of([objects]))
    return frame


LOOPED_ZONE = ZONE | {"loitering": 0.5}


@pytest.mark.parametrize(("id_reset", "out", "entered"), [("on_eos", 0, 2), ("never", 1, 1)])
def test_where_a_files_end_resets_ids_they_are_other_objects_afterwards(id_reset, out, entered):
    """The file begins anew at once; what its last picture showed is gone all the same."""
    analysis, events = Analysis(lambda said: events.extend(said)), []
    wanted = desired(LINE, LOOPED_ZONE)
    wanted = msgspec.structs.replace(
        wanted, tracker=msgspec.structs.replace(wanted.tracker, id_reset=id_reset)
    )
    analysis.use(wanted, CLASSES, same_ids=False)
    size = Size(1000, 500)
    for number, (turn, x) in enumerate(((0, 400), (0, 410), (1, 600), (1, 610))):
        time = number % 2 / 10
        frame = Frame("gate", number, turn, None, size, size, time, number / 10, 1e6, number / 10, turn)
        analysis.step(Batch(number, (frame,), number / 10), tracks_of([[obj(1, x, 300)]]))
    counts = analysis.counts_of("gate")
    assert sum(counts["door"]["out"].values()) == out
    assert counts["all"]["entered"] == {"person": entered}
    assert counts["all"]["inside"] == {"person": 1}
    dwelt = [event.value for event in events if event.kind == "exit"]
    assert dwelt == [pytest.approx(0.1)] * (entered - 1)
    assert "loitering" not in [event.kind for event in events]


def crossed(analysis, camera="gate"):
    return analysis.counts_of(camera)["door"]["out"]


def test_after_all_objects_are_forgotten_an_id_is_somebody_else(analysis):
    step(analysis, 2, obj(1, 400, 300))
    analysis.forget_objects()
    step(analysis, 3, obj(1, 600, 300))
    assert crossed(analysis) == {"person": 1}
    step(analysis, 4, obj(1, 400, 300))
    step(analysis, 5, obj(1, 600, 300))
    assert crossed(analysis) == {"person": 2}


@pytest.fixture
def analysis():
    analysis = Analysis()
    analysis.use(desired(LINE), CLASSES, same_ids=False)
    step(analysis, 0, obj(1, 400, 300))
    step(analysis, 1, obj(1, 600, 300))
    assert crossed(analysis) == {"person": 1}
    return analysis


def test_a_change_of_another_rule_leaves_counts_and_objects(analysis):
    step(analysis, 2, obj(1, 600, 300), obj(2, 450, 300))
    analysis.use(desired(ZONE, LINE), CLASSES, same_ids=True)
    step(analysis, 3, obj(1, 600, 300), obj(2, 550, 300))
    assert crossed(analysis) == {"person": 2}
    assert analysis.counts_of("gate")["all"]["inside"] == {"person": 2}


def test_another_trackers_ids_are_other_objects(analysis):
    step(analysis, 2, obj(2, 450, 300))
    analysis.use(desired(LINE), CLASSES, same_ids=False)
    step(analysis, 3, obj(2, 550, 300))
    assert crossed(analysis) == {"person": 1}


def test_rules_are_not_tried_out_on_what_another_tracker_saw(analysis):
    """Its ids are other objects, and of another model the classes are others, too."""
    analysis.use(desired(LINE), CLASSES[:1], same_ids=False)
    step(analysis, 2, obj(1, 400, 300))
    tried = analysis.rehearse((LINE,), "gate", 100.0)
    assert (tried.frames, tried.counts["door"]["in"]) == (1, {})
    analysis.forget_objects()
    assert analysis.rehearse((LINE,), "gate", 100.0).frames == 0


def test_what_cannot_be_used_changes_nothing(analysis, tmp_path):
    rule = {**LINE, "classes": ["unicorn"], "name": "other"}
    with pytest.raises(ModelError, match="'unicorn', which the model doesn't know"):
        analysis.use(msgspec.structs.replace(desired(), rules=(rule,)), CLASSES, same_ids=True)
    with pytest.raises(ModelError, match="nvdsanalytics: "):
        analysis.use(desired(nvdsanalytics=str(tmp_path / "absent")), CLASSES, same_ids=True)
    assert crossed(analysis) == {"person": 1}


def test_clearing_and_forgetting(analysis):
    step(analysis, 2, obj(2, 450, 300))
    analysis.forget("gate")
    step(analysis, 0, obj(2, 550, 300))
    assert crossed(analysis) == {"person": 1}
    analysis.clear()
    assert crossed(analysis) == {}


def test_counts_for_drawing_are_those_of_now(analysis):
    counts = LiveCounts(analysis)
    assert counts.get("gate", {})["door"]["out"] == {"person": 1}
    step(analysis, 2, obj(1, 400, 300))
    assert counts.get("gate", {})["door"]["in"] == {"person": 1}
    assert counts.get("elsewhere", {}) == {}


def test_deepstreams_rules_beside_ones_own(analysis, tmp_path):
    (tmp_path / "nvds.txt").write_text(NVDS)
    analysis.use(desired(LINE, nvdsanalytics=str(tmp_path / "nvds.txt")), CLASSES, same_ids=True)
    step(analysis, 2, obj(1, 600, 300))
    assert analysis.nvdsanalytics_of("gate")["inside"] == {"WHOLE": 1}
    assert analysis.nvdsanalytics_of("gate")["objects"] == {"person": 1}
    step(analysis, 0, obj(1, 600, 300), camera="removed")
    analysis.use(desired(LINE), CLASSES, same_ids=True)
    assert analysis.nvdsanalytics_of("gate") == {}


def test_a_file_that_has_changed_in_its_place_is_read_again(analysis, tmp_path):
    file = tmp_path / "nvds.txt"
    file.write_text(NVDS)
    analysis.use(desired(nvdsanalytics=str(file)), CLASSES, same_ids=True)
    file.write_text(NVDS.replace("WHOLE", "EVERYTHING"))
    analysis.use(desired(nvdsanalytics=str(file)), CLASSES, same_ids=True)
    step(analysis, 2, obj(1, 600, 300))
    assert analysis.nvdsanalytics_of("gate")["inside"] == {"EVERYTHING": 1}


def test_what_deepstreams_rules_say_goes_with_its_own_frame(analysis, tmp_path):
    """Lanes draw frames while later ones are analysed."""
    (tmp_path / "nvds.txt").write_text(NVDS)
    analysis.use(desired(nvdsanalytics=str(tmp_path / "nvds.txt")), CLASSES, same_ids=True)
    first = step(analysis, 2, obj(1, 600, 300))
    second = step(analysis, 3, obj(1, 600, 300), obj(2, 300, 300))
    assert [sign.text for sign in analysis.annotation_of(first).signs] == ["WHOLE=1"]
    assert [sign.text for sign in analysis.annotation_of(second).signs] == ["WHOLE=2"]
    assert analysis.annotation_of(second).remarks == {0: " ROI:WHOLE", 1: " ROI:WHOLE"}
    told = analysis.nvds_frame_of(first)
    assert (told.obj_in_roi_cnt, told.obj_cnt) == ({"WHOLE": 1}, {"person": 1})
    assert told.objects[0].roi_status == ["WHOLE"]
    assert told.objects[0].obj_status == " ROI:WHOLE"
    unknown = replace(first, sequence=99)
    assert analysis.annotation_of(unknown) is None
    assert analysis.nvds_frame_of(unknown) is None
    for number in range(4, 4 + REMEMBERED_FRAMES):
        step(analysis, number)
    assert analysis.annotation_of(second) is None
    analysis.use(desired(), CLASSES, same_ids=True)
    assert analysis.annotation_of(second) is None


def test_another_worker_goes_on_counting(analysis):
    successor = Analysis()
    successor.resume(analysis.state())
    successor.use(desired(LINE, ZONE), CLASSES, same_ids=False)
    step(successor, 0, obj(1, 400, 300))
    step(successor, 1, obj(1, 600, 300))
    assert crossed(successor) == {"person": 2}


@pytest.mark.parametrize("state", [b"", b"\xc1", msgspec.msgpack.encode({"version": 99})])
def test_a_state_that_cannot_be_read_costs_the_counts_only(state):
    analysis = Analysis()
    assert analysis.state() is None
    analysis.resume(state)
    analysis.use(desired(LINE), CLASSES, same_ids=False)
    step(analysis, 0, obj(1, 400, 300))
    assert crossed(analysis) == {}


def test_events_are_told_in_order():
    told = []
    analysis = Analysis(told.extend)
    analysis.use(desired(LINE, ZONE), CLASSES, same_ids=False)
    step(analysis, 0, obj(1, 400, 300))
    step(analysis, 1, obj(1, 600, 300))
    assert [(event.rule, event.kind) for event in told] == [("all", "enter"), ("door", "out")]


def test_a_camera_that_comes_from_another_worker_goes_on_counting_and_so_do_the_others(analysis):
    """Even one that has been here before."""
    other = Analysis()
    other.use(desired(LINE), CLASSES, same_ids=False)
    for number in range(4):
        step(other, number, obj(1, 600 if number % 2 else 400, 300), camera="yard")
    assert crossed(other, "yard") == {"person": 2}
    step(analysis, 2, obj(7, 400, 300), camera="yard")
    analysis.take_over(other.state())
    step(analysis, 3, obj(7, 600, 300), camera="yard")
    assert crossed(analysis, "yard") == {"person": 2}, "who was there is unknown"
    step(analysis, 3, obj(1, 400, 300))
    step(analysis, 4, obj(1, 600, 300))
    assert crossed(analysis) == {"person": 2}
    step(analysis, 4, obj(7, 400, 300), camera="yard")
    step(analysis, 5, obj(7, 600, 300), camera="yard")
    assert crossed(analysis, "yard") == {"person": 3}


@pytest.mark.parametrize("state", [b"\xff", msgspec.msgpack.encode({"version": 0})])
def test_what_another_worker_counted_and_nobody_can_read_changes_nothing(analysis, state):
    analysis.take_over(state)
    step(analysis, 2, obj(1, 400, 300))
    assert crossed(analysis) == {"person": 1}


CROSSING = """[property]
enable=1
config-width=1000
config-height=500
""" + "".join(
    f"""[line-crossing-stream-{number}]
enable=1
mode=loose
line-crossing-DOOR=400;250;600;250;500;0;500;499
"""
    for number in range(3)
)


@pytest.fixture
def crossings(tmp_path):
    """A worker with two cameras at which DeepStream's rules have counted one crossing each."""
    (tmp_path / "nvds.txt").write_text(CROSSING)
    file = str(tmp_path / "nvds.txt")
    analysis = Analysis()
    analysis.use(desired(nvdsanalytics=file, cameras=("gate", "yard")), CLASSES, same_ids=False)
    for camera in ("gate", "yard"):
        walk(analysis, camera, 1)
        assert totals(analysis, camera) == 1
    return analysis, file


def walk(analysis, camera, object_id, began=0):
    for number in range(25):
        step(analysis, began + number, obj(object_id, 200 + 24 * number, 300), camera=camera)


def totals(analysis, camera):
    """Crossings since the stream began."""
    result = analysis._nvds.newest(camera)
    return None if result is None else result.line_totals["DOOR"]


def test_deepstreams_counts_go_on_where_a_camera_keeps_its_stream(crossings):
    analysis, file = crossings
    analysis.use(desired(nvdsanalytics=file, cameras=("gate", "yard", "shed")), CLASSES, same_ids=True)
    for camera in ("gate", "yard", "shed"):
        walk(analysis, camera, 2, began=30)
    assert [totals(analysis, camera) for camera in ("gate", "yard", "shed")] == [2, 2, 1]
    analysis.use(desired(nvdsanalytics=file, cameras=("gate", "shed")), CLASSES, same_ids=True)
    assert totals(analysis, "yard") is None
    for camera in ("gate", "shed"):
        walk(analysis, camera, 3, began=60)
    assert totals(analysis, "gate") == 3
    assert totals(analysis, "shed") == 1, "another stream, with rules of its own"


def test_deepstreams_clock_goes_on_when_a_camera_was_stopped_and_begins_at_0_again(crossings):
    """Were it to stand still, no track would ever end."""
    analysis, _ = crossings
    step(analysis, 3000, *(obj(number, 300, 300) for number in range(10, 20)))
    analysis.forget("gate")
    size = Size(1000, 500)
    for number in range(20):
        frame = Frame("gate", number, 0, None, size, size, float(number), 100.0 + number, 0.0, 0.0)
        analysis.step(Batch(number, (frame,), 0.0), tracks_of([[obj(30 + number, 300, 300)]]))
    tracks = analysis._nvds._engine._contexts[0]._tracks
    assert len(tracks) <= 10, "those that were seen in the last eight seconds"


def test_another_trackers_ids_are_other_objects_to_deepstreams_rules_too(crossings):
    analysis, file = crossings
    analysis.use(desired(nvdsanalytics=file, cameras=("gate", "yard")), CLASSES, same_ids=False)
    walk(analysis, "gate", 1, began=30)
    assert totals(analysis, "gate") == 2
