"""Reading files from start to end without threads."""

from pathlib import Path

import pytest

from camwire.frames import Size
from camwire.sources import SourceError, read_pictures
from tests.support.clips import counter_of

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("name", ["h264.mp4", "h265.mp4", "b_frames.mp4"])
def test_video(clips: Path, name: str) -> None:
    frames = list(read_pictures(clips / name))
    assert [counter_of(frame.picture) for frame in frames] == list(range(50))
    assert [frame.sequence for frame in frames] == list(range(50))
    assert [frame.time for frame in frames] == pytest.approx([n / 25 for n in range(50)], abs=1e-3)
    assert {frame.size for frame in frames} == {Size(320, 240)}


@pytest.mark.parametrize("name", ["image.jpg", "image.png"])
def test_image(clips: Path, name: str) -> None:
    (frame,) = read_pictures(clips / name)
    assert counter_of(frame.picture) == 7


@pytest.mark.parametrize("name", ["rubbish.mp4", "sound.mp4", "missing.mp4"])
def test_what_is_no_video(clips: Path, name: str) -> None:
    with pytest.raises(SourceError, match=name):
        list(read_pictures(clips / name))


def test_reading_may_end_early(clips: Path) -> None:
    pictures = read_pictures(clips / "h264.mp4")
    assert next(pictures).sequence == 0
    pictures.close()  # type: ignore[attr-defined]
