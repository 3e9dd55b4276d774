"""What goes between a worker and its tracking process comes out as it went in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from camwire.children import Remark
from camwire.frames import Batch, Detections, Frame, Size, Tracks
from camwire.tracking.apart import messages
from camwire.tracking.apart.messages import Begin, Done, Failed, Followed, Forget

FLOATS = st.floats(width=32)
SEEN = st.builds(
    Frame,
    camera=st.text(max_size=20),
    sequence=st.integers(0, 2**40),
    epoch=st.integers(0, 2**31),
    picture=st.just(object()),
    source_size=st.builds(Size, st.integers(2, 8192), st.integers(2, 8192)),
    size=st.builds(Size, st.integers(2, 8192), st.integers(2, 8192)),
    time=st.floats(0, 1e9),
    arrived=st.floats(0, 1e9),
    captured=st.floats(0, 2e9),
    decoded=st.floats(0, 1e9),
    turn=st.integers(0, 2**31),
)
BATCHES = st.builds(
    Batch,
    ticket=st.integers(0, 2**40),
    frames=st.lists(SEEN, max_size=5).map(tuple),
    formed=st.floats(0, 1e9),
)


def array(dtype, *shape):
    elements = FLOATS if np.dtype(dtype).kind == "f" else None
    return arrays.arrays(dtype, shape, elements=elements)


@st.composite
def detections(draw):
    """Boxes may be columns of wider rows, as detectors on a GPU give them."""
    rows, frames = draw(st.integers(0, 6)), draw(st.integers(0, 4))
    return Detections(
        boxes=draw(array(np.float32, rows, 7))[:, 2:6],
        scores=draw(array(np.float32, rows, 7))[:, 0],
        classes=draw(array(np.int32, rows)),
        frame_index=draw(array(np.int32, rows)),
        detected=draw(st.none() | array(np.bool_, frames)),
        keypoints=draw(st.none() | array(np.float32, rows, 2, 3)),
        masks=draw(st.none() | array(np.uint8, rows, 2, 2)),
        corners=draw(st.none() | array(np.float32, rows, 4, 2)),
        weights=draw(st.none() | array(np.float32, rows)),
    )


@st.composite
def tracks(draw):
    rows, points = draw(st.integers(0, 6)), draw(st.integers(0, 4))
    return Tracks(
        boxes=draw(array(np.float32, rows, 4)),
        scores=draw(array(np.float32, rows)),
        classes=draw(array(np.int32, rows)),
        ids=draw(array(np.int64, rows)),
        frame_index=draw(array(np.int32, rows)),
        detections=draw(array(np.int32, rows)),
        ages=draw(array(np.int32, rows)),
        velocities=draw(array(np.float32, rows, 2)),
        traces=draw(array(np.float32, rows, points, 2)),
    )


def joined(parts):
    return memoryview(b"".join(bytes(memoryview(part)) for part in parts))


def same(first, second):
    return (
        first.dtype == second.dtype
        and first.shape == second.shape
        and np.array_equal(first, second, equal_nan=first.dtype.kind == "f")
    )


@given(batch=BATCHES, found=detections())
def test_a_step_arrives_with_all_that_trackers_read(batch, found):
    message = joined(messages.pack_question(*messages.step_of(batch, found)))
    question, came = messages.unpack_question(message)
    for sent, frame in zip(batch.frames, messages.batch_of(question.content).frames, strict=True):
        for name in ("camera", "epoch", "turn", "size", "time", "arrived"):
            assert getattr(frame, name) == getattr(sent, name)
        assert isinstance(frame.size, Size)
        assert frame.picture is None
    arrived = messages.detections_of(came)
    for name in ("boxes", "scores", "classes", "frame_index"):
        assert same(getattr(arrived, name), getattr(found, name))
    for name in ("detected", "weights"):
        sent = getattr(found, name)
        assert getattr(arrived, name) is None if sent is None else same(getattr(arrived, name), sent)
    assert (arrived.keypoints, arrived.masks, arrived.corners) == (None, None, None)


@given(tracks=tracks(), rejected=st.integers(0, 2**40), last=st.lists(st.integers(0, 2**60)))
def test_tracks_come_back_whole_each_array_in_memory_of_its_own(tracks, rejected, last):
    parts = messages.pack_answer(Followed(rejected, last), messages.arrays_of(tracks))
    answer, came = messages.unpack_answer(joined(parts))
    assert answer.content == Followed(rejected, last)
    back = messages.tracks_of(came)
    bases = set()
    for name in messages.REPORTED:
        array = getattr(back, name)
        assert same(array, getattr(tracks, name))
        assert array.flags.writeable
        bases.add(id(root(array)))
    assert len(bases) == len(messages.REPORTED)
    assert (back.keypoints, back.masks, back.corners) == (None, None, None)


def root(array):
    while isinstance(array, np.ndarray) and array.base is not None:
        array = array.base
    return array.obj if isinstance(array, memoryview) else array


@pytest.mark.parametrize("content", [Begin(b"\x80", {"a": 7, "ü": 2**40}), Forget("gate")])
def test_other_questions(content):
    question, came = messages.unpack_question(joined(messages.pack_question(content)))
    assert (question.content, came) == (content, {})


@pytest.mark.parametrize("content", [Done(), Failed("Traceback …")])
def test_other_answers_and_what_is_to_be_logged(content):
    remark = Remark("warning", "boxes rejected", {"box": [1.0, 2.0], "camera": "a", "size": Size})
    answer, came = messages.unpack_answer(joined(messages.pack_answer(content, remarks=[remark])))
    assert (answer.content, came) == (content, {})
    [line] = answer.remarks
    assert (line.level, line.event, line.values["box"]) == ("warning", "boxes rejected", [1.0, 2.0])
    assert line.values["size"] == str(Size), "what is no plain value goes as text"
