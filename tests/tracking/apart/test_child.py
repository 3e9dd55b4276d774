"""What the tracking process answers, without the process."""

import pickle
import subprocess
import sys

from camwire.link.desired import DesiredTracker
from camwire.tracking import create
from camwire.tracking.apart.child import Answers
from camwire.tracking.apart.messages import (
    Begin,
    Done,
    Failed,
    Followed,
    Forget,
    Question,
    detections_of,
    step_of,
    tracks_of,
)
from tests.tracking.scenes import batch_of, box, frame, ids
from tests.tracking.scenes import detections_of as found


def begin(last_ids):
    tracker = create(DesiredTracker(type="bytetrack", trace_length=3))
    return Question(Begin(pickle.dumps(tracker), last_ids))


def step(answers, time, *rows, camera="a"):
    content, arrays = step_of(batch_of(frame(camera, time)), found(rows))
    return answers(Question(content), arrays)


def test_it_follows_and_ids_go_on_from_those_it_was_told():
    answers = Answers()
    assert answers(begin({"a": 41}), {}) == (Done(), {})
    step(answers, 0.0, box(100))
    content, arrays = step(answers, 0.04, box(101))
    assert content == Followed(rejected=0, last_ids=[42])
    assert ids(tracks_of(arrays)) == [42]


def test_forgetting():
    answers = Answers()
    answers(begin({}), {})
    for number in range(3):
        step(answers, number / 25, box(100))
    assert answers(Question(Forget("a")), {})[0] == Done()
    step(answers, 1.0, box(100))
    content, _ = step(answers, 1.04, box(100))
    assert content.last_ids == [2]


def test_what_the_tracker_raises_is_the_answer_and_the_next_step_is_tried():
    answers = Answers()
    content, _ = step(answers, 0.0, box(100))
    assert isinstance(content, Failed)
    assert "before it was given a tracker" in content.traceback
    answers(begin({}), {})
    question, arrays = step_of(batch_of(frame("a", 0.0)), found([box(100)]))
    content, _ = answers(Question(question), {**arrays, "scores": arrays["scores"][:0]})
    assert isinstance(content, Failed)
    assert "Traceback" in content.traceback
    assert len(detections_of(arrays)) == 1
    assert isinstance(step(answers, 0.04, box(100))[0], Followed)


def test_the_process_loads_nothing_that_tracking_by_boxes_needs_not():
    code = (
        "import camwire.tracking.apart.child, sys;"
        "print({'cv2', 'av', 'openvino', 'cupy', 'torch', 'zmq'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
