"""`camwire track` as people and scripts call it."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from camwire.cli import detect
from camwire.cli import track as cli_track
from camwire.tracking import motchallenge

CAMWIRE = [sys.executable, "-c", "import sys; from camwire.cli import main; sys.exit(main())"]
pytestmark = pytest.mark.integration


def track(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CAMWIRE, "track", *map(str, arguments)], capture_output=True, text=True, timeout=240, check=False
    )


def walk(path: Path, frames: int = 12, score: float = 0.9) -> Path:
    """One object that moves 3 pixels a frame."""
    lines = [f"{n},-1,{20 + 3 * n},30,24,36,{score},-1,-1,-1\n" for n in range(1, frames + 1)]
    path.write_text("".join(lines))
    return path


def film(path: Path, frames: int = 12) -> Path:
    """The same object as a patch of noise."""
    rng = np.random.default_rng(0)
    patch = rng.integers(0, 255, (36, 24, 3), np.uint8)
    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.time_base = 160, 96, Fraction(1, 25)
        stream.bit_rate = 4_000_000
        for n in range(1, frames + 1):
            pixels = np.full((96, 160, 3), 110, np.uint8)
            pixels[30:66, 20 + 3 * n : 44 + 3 * n] = patch
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode())
    return path


def read(path: Path) -> dict[int, list[float]]:
    """id, left, top, width, height by frame; each frame has one object at most."""
    rows = [[float(value) for value in line.split(",")] for line in path.read_text().splitlines()]
    assert len({row[0] for row in rows}) == len(rows)
    assert all(row[7:] == [-1, -1, -1] for row in rows)
    return {int(row[0]): row[1:6] for row in rows}


@pytest.mark.parametrize("name", ["bytetrack", "ocsort"])
def test_text_to_text(tmp_path, name):
    result = track(
        "--detections", walk(tmp_path / "det.txt"), "--tracker", name, "--out", tmp_path / "out.txt"
    )
    assert (result.returncode, result.stderr) == (0, "")
    tracks = read(tmp_path / "out.txt")
    assert list(tracks) == list(range(1, 13))
    for frame, (number, *box) in tracks.items():
        assert number == 1
        np.testing.assert_allclose(box, (20 + 3 * frame, 30, 24, 36), atol=3)


def test_dcf_follows_in_the_pictures_between_detections(tmp_path):
    result = track(
        *("--detections", walk(tmp_path / "det.txt"), "--video", film(tmp_path / "film.mp4")),
        *("--tracker", "dcf", "--every", 4, "--out", tmp_path / "out.txt"),
    )
    assert (result.returncode, result.stderr) == (0, "")
    tracks = read(tmp_path / "out.txt")
    assert set(range(6, 13)) <= set(tracks)
    for frame, (number, *box) in tracks.items():
        assert number == 1
        np.testing.assert_allclose(box, (20 + 3 * frame, 30, 24, 36), atol=4)


def test_a_deepstream_file_as_the_tracker(tmp_path):
    config = tmp_path / "config_tracker_IOU.yml"
    config.write_text("%YAML:1.0\nTargetManagement:\n  probationAge: 0\n  useUniqueID: 0\n")
    out = tmp_path / "out.txt"
    result = track("--detections", walk(tmp_path / "det.txt"), "--tracker", config, "--out", out)
    assert result.returncode == 0
    assert "TargetManagement.useUniqueID" in result.stderr
    assert list(read(out)) == list(range(1, 13))


def test_a_video_alone_is_detected_too(tmp_path):
    out = tmp_path / "out.txt"
    result = track("--video", film(tmp_path / "film.mp4", frames=3), "--out", out)
    assert (result.returncode, result.stderr) == (0, "")
    read(out)


@pytest.mark.parametrize("name", ["bytetrack", "ocsort", "sort"])
def test_what_the_detector_is_sure_enough_of_is_followed(tmp_path, monkeypatch, name):
    """As `camwire detect` shows it: the bundled detector is less sure than those of papers."""
    found = motchallenge.read(walk(tmp_path / "det.txt", score=0.45)).detections()
    monkeypatch.setattr(detect, "load_detector", lambda model, score, classes: None)
    monkeypatch.setattr(detect, "detections", lambda pictures, detector: zip(pictures, found, strict=True))
    out = tmp_path / "out.txt"
    cli_track.command(out, video=film(tmp_path / "film.mp4"), tracker=name)
    assert set(range(4, 13)) <= set(read(out))


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ([], 2, "nothing to follow: give --detections, --video or both"),
        (["--detections", "absent.txt"], 1, "absent.txt: No such file or directory"),
        (
            ["--detections", "bad.txt"],
            1,
            "bad.txt:2: 3 columns; expected frame,id,left,top,width,height,confidence",
        ),
        (["--detections", "det.txt", "--tracker", "magic"], 2, "trackers are bytetrack, ocsort, sort"),
        (["--detections", "det.txt", "--tracker", "dcf"], 1, "this tracker looks at pictures"),
        (["--detections", "det.txt", "--tracker", "bad.txt"], 2, "bad.txt: no low-level tracker file"),
    ],
)
def test_mistakes_are_explained(tmp_path, monkeypatch, arguments, status, message):
    monkeypatch.chdir(tmp_path)
    walk(Path("det.txt"))
    Path("bad.txt").write_text("1,-1,0,0,9,9,1\n2,-1,3\n")
    result = track(*arguments, "--out", "out.txt")
    assert (result.returncode, "Traceback" in result.stderr) == (status, False)
    assert message in result.stderr


@pytest.mark.parametrize(("score", "used"), [(None, 0.1), (0.0, 0.0), (0.3, 0.3)])
def test_a_score_of_zero_is_one(tmp_path, monkeypatch, score, used):
    asked = []
    monkeypatch.setattr(detect, "load_detector", lambda model, score, classes: asked.append(score))
    monkeypatch.setattr(detect, "detections", lambda pictures, detector: [])
    list(cli_track._input(None, film(tmp_path / "film.mp4"), 25, "nanodet", score))
    assert asked == [used]
