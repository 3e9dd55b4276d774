"""`camwire detect` as people and programs call it."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from camwire.pipeline.side_by_side import side_by_side
from tests.support.street import cyclist_in

CAMWIRE = [sys.executable, "-c", "import sys; from camwire.cli import main; sys.exit(main())"]


def detect(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CAMWIRE, "detect", *map(str, arguments)], capture_output=True, text=True, timeout=240, check=False
    )


def film(path: Path, frames: int = 6) -> Path:
    """Noise that moves, 160×96, 10 frames a second."""
    rng = np.random.default_rng(0)
    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.time_base = 160, 96, Fraction(1, 10)
        for _ in range(frames):
            pixels = cv2.resize(rng.integers(0, 255, (6, 10, 3), np.uint8), (160, 96))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode())
    return path


def cyclist(street: Path, path: Path) -> Path:
    """As an image file."""
    cv2.imwrite(str(path), cyclist_in(street).to_ndarray(format="bgr24"))
    return path


@pytest.mark.e2e
def test_a_video_gives_one_json_line_a_frame(tmp_path: Path) -> None:
    file = film(tmp_path / "film.mp4")
    done = detect(file, "--json", "--every", 2, "--score", 0.01)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["frame"] for line in lines] == [0, 2, 4]
    assert [line["time_s"] for line in lines] == [0.0, 0.2, 0.4]
    for line in lines:
        assert list(line) == ["file", "frame", "time_s", "width", "height", "objects"]
        assert (line["file"], line["width"], line["height"]) == (str(file), 160, 96)
        for thing in line["objects"]:
            assert list(thing) == ["box", "score", "class_id", "class"]
            x1, y1, x2, y2 = thing["box"]
            assert 0 <= x1 <= x2 <= 160
            assert 0 <= y1 <= y2 <= 96
    assert any(line["objects"] for line in lines)


@pytest.mark.e2e
def test_people_in_a_picture_are_found_where_they_are(street: Path, tmp_path: Path) -> None:
    image = cyclist(street, tmp_path / "cyclist.png")
    done = detect(image, "--json", "--classes", "person", "--score", 0.6)
    assert done.returncode == 0, done.stderr
    (line,) = (json.loads(line) for line in done.stdout.splitlines())
    assert (line["frame"], line["time_s"], line["width"], line["height"]) == (0, 0.0, 640, 272)
    assert {thing["class"] for thing in line["objects"]} == {"person"}
    found = sorted(thing["box"] for thing in line["objects"])
    np.testing.assert_allclose(found, [[347, 8, 482, 271]], atol=12)
    readable = detect(image, "--classes", "person", "--score", 0.6).stdout
    assert readable.startswith("frame 0  0.000 s  person 0.")
    assert readable.count("person") == 1


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["none.mp4"], 1, "camwire: none.mp4: there is no such file"),
        (["."], 1, "camwire: .: a folder, not a file"),
        (["text.mp4"], 1, "text.mp4 is not a video"),
        (["film.mp4", "--classes", "persn"], 1, "did you mean 'person'?"),
        (["film.mp4", "--model", "none.onnx"], 1, "model none.onnx: there is no such file"),
        (["film.mp4", "--score", "2"], 2, "--score"),
        (["film.mp4", "--every", "0"], 2, "--every"),
        ([], 2, "IMAGE|VIDEO"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    arguments: Sequence[str], status: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film(tmp_path / "film.mp4", frames=1)
    (tmp_path / "text.mp4").write_text("no video at all\n" * 50)
    monkeypatch.chdir(tmp_path)
    done = detect(*arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.e2e
def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*CAMWIRE, "detect", str(film(tmp_path / "film.mp4"))],
        stdout=writer, stderr=subprocess.PIPE, text=True, timeout=240, check=False,
    )  # fmt: skip
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_work_side_by_side_keeps_the_order_and_does_not_run_ahead() -> None:
    taken: list[int] = []

    def items() -> object:
        for number in range(10):
            taken.append(number)
            yield number

    results = side_by_side(lambda number: number * number, items(), threads=2)  # type: ignore[arg-type]
    assert next(results) == 0
    assert len(taken) == 3
    assert list(results) == [number * number for number in range(1, 10)]


def test_an_error_in_work_side_by_side_comes_out() -> None:
    with pytest.raises(ZeroDivisionError):
        list(side_by_side(lambda number: 1 // number, [1, 0, 1], threads=2))
