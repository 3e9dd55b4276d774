"""MOTChallenge text in and out."""

from io import StringIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.config.tracker import TrackerConfig
from camwire.tracking import create
from camwire.tracking.motchallenge import MotChallengeError, read, write
from tests.tracking.scenes import box, run

NUMBER = st.floats(-1000, 1000, width=32)
ROWS = st.lists(
    st.tuples(st.integers(1, 9), NUMBER, NUMBER, NUMBER, NUMBER, st.floats(0, 1, width=32)), max_size=8
)


@given(ROWS)
def test_frames_come_in_order_with_all_their_boxes(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("mot") / "det.txt"
    path.write_text("".join(f"{f},-1,{x!r},{y!r},{w!r},{h!r},{s!r},-1,-1,-1\n" for f, x, y, w, h, s in rows))
    frames = list(read(path).detections())
    assert len(frames) == max((row[0] for row in rows), default=0)
    for number, found in enumerate(frames, 1):
        expected = [(x, y, x + w, y + h, s) for f, x, y, w, h, s in rows if f == number]
        table = np.array(expected, np.float64).reshape(-1, 5)
        np.testing.assert_allclose(found.boxes, table[:, :4], rtol=1e-5, atol=1e-3)
        np.testing.assert_allclose(found.scores, table[:, 4], rtol=1e-6)
        assert found.frame_index.tolist() == [0] * len(table)


def test_classes_from_2016_on(tmp_path):
    path = tmp_path / "gt.txt"
    path.write_text("1,3,10,20,30,40,1,7,0.5\n\n1,4,10,20,30,40,0.5\n")
    boxes = read(path)
    assert (boxes.ids.tolist(), boxes.classes.tolist()) == ([3, 4], [7, 0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,-1,0,0,1,1\n", "1: 6 columns"),
        ("1,-1,0,0,1,1,1\n1,x,0,0,1,1,1\n", "2: could not convert string to float: 'x'"),
        ("0,-1,0,0,1,1,1\n", "1: frame 0; frames are whole numbers from 1"),
        ("1.5,-1,0,0,1,1,1\n", "1: frame 1.5"),
    ],
)
def test_mistakes_say_where(tmp_path, text, message):
    path = tmp_path / "det.txt"
    path.write_text(text)
    with pytest.raises(MotChallengeError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}:{message}")


def test_tracks_are_written_by_id():
    last = run(create(TrackerConfig(type="bytetrack")), [[box(300), box(100, score=0.75)]] * 3)[-1]
    file = StringIO()
    write(file, 3, last)
    assert file.getvalue() == (
        "3,1,80.00,250.00,40.00,100.00,0.7500,-1,-1,-1\n3,2,280.00,250.00,40.00,100.00,0.9000,-1,-1,-1\n"
    )
