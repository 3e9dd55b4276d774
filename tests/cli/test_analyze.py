"""`camwire analyze` as people and scripts call it."""

import csv
import json
import subprocess
import sys
from io import StringIO
from pathlib import Path

import av
import pytest

from camwire.cli.progress import Progress, bar
from tests.cli.test_detect import film

CAMWIRE = [sys.executable, "-c", "import sys; from camwire.cli import main; sys.exit(main())"]
CONFIG = """\
cameras:
  - {id: gate, url: x}
  - {id: yard, url: x, detect_interval: 2, score_threshold: 0.05}
model: {score_threshold: 0.05}
output: {size: 320x240}
rules:
  - {type: line, name: door, start: [0.5, 0], end: [0.5, 1]}
  - {type: zone, name: all, polygon: [[0, 0], [1, 0], [1, 1], [0, 1]]}
  - {type: heatmap, name: map, cameras: [yard]}
"""
NVDS = """\
[property]
enable=1
config-width=1920
config-height=1080

[roi-filtering-stream-0]
enable=1
roi-WHOLE=0;0;1920;0;1920;1080;0;1080
class-id=-1
"""


def analyze(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CAMWIRE, "analyze", *map(str, arguments)], capture_output=True, text=True, timeout=240, check=False
    )


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "camwire.yaml"
    file.write_text(CONFIG)
    return file


@pytest.mark.e2e
def test_counts_events_video_and_table(tmp_path: Path, config: Path) -> None:
    (tmp_path / "nvds.txt").write_text(NVDS)
    config.write_text(CONFIG + "analytics: {nvdsanalytics: nvds.txt}\n")
    video, out, table = film(tmp_path / "film.mp4", 12), tmp_path / "out.mp4", tmp_path / "counts.csv"
    done = analyze(video, "--config", config, "--json", "--out", out, "--csv", table)
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert (report["camera"], report["frames"], report["seconds"]) == ("gate", 12, 1.1)
    assert list(report["counts"]) == ["all", "door"]
    assert set(report["nvdsanalytics"]["most_in_roi"]) == {"WHOLE"}
    with table.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["rule", "counted", "class", "count"]
    entered = sum(int(row[3]) for row in rows[1:] if row[:2] == ["all", "entered"])
    assert entered == sum(event["kind"] == "enter" for event in report["events"])
    with av.open(out) as container:
        times = [frame.time for frame in container.decode(video=0)]
        assert container.streams.video[0].codec_context.name == "h264"
    assert times == pytest.approx([n / 10 for n in range(12)])


@pytest.mark.e2e
def test_the_same_recording_gives_the_same_numbers(tmp_path: Path, street: Path) -> None:
    """Every other frame is looked at, which threads must not be able to get wrong."""
    clip, config = tmp_path / "clip.mp4", tmp_path / "camwire.yaml"
    first_frames(street, clip, 60)
    config.write_text(CONFIG.replace("0.05", "0.25"))
    runs = [analyze(clip, "--config", config, "--camera", "yard", "--json") for _ in range(2)]
    assert runs[0].returncode == 0
    assert runs[0].stdout == runs[1].stdout
    report = json.loads(runs[0].stdout)
    assert report["counts"]["all"]["inside"]["person"] >= 3
    assert [event["kind"] for event in report["events"]].count("enter") >= 3


def first_frames(source: Path, target: Path, count: int) -> None:
    with av.open(source) as reading, av.open(target, "w") as writing:
        stream = writing.add_stream_from_template(reading.streams.video[0])
        for number, packet in enumerate(reading.demux(video=0)):
            if number == count or packet.dts is None:
                break
            packet.stream = stream
            writing.mux(packet)


@pytest.mark.integration
@pytest.mark.parametrize(
    ("change", "arguments", "status", "message"),
    [
        ("", ["absent.mp4"], 1, "absent.mp4: there is no such file"),
        (
            "",
            ["film.mp4", "--camera", "gat"],
            2,
            "--camera gat: there is no such camera; there are gate, yard",
        ),
        ("  - {type: line, name: door}\n", ["film.mp4"], 2, "the name 'door' is taken by the rule on line 7"),
        ("analytics: {nvdsanalytics: no.txt}\n", ["film.mp4"], 1, "no.txt: can't be read"),
        ("", ["camwire.yaml"], 1, "camwire.yaml"),
        ("", ["film.mp4", "--out", "absent/out.mp4"], 1, "absent/out.mp4: No such file or directory"),
        ("", ["film.mp4", "--csv", "absent/out.csv"], 1, "absent/out.csv: No such file or directory"),
    ],
)
def test_mistakes_are_explained(tmp_path, config, monkeypatch, change, arguments, status, message) -> None:
    monkeypatch.chdir(tmp_path)
    config.write_text(CONFIG + change)
    film(Path("film.mp4"), 2)
    done = analyze(*arguments, "--config", config)
    assert (done.returncode, "Traceback" in done.stderr) == (status, False)
    assert message in done.stderr


def test_the_bar_is_for_terminals_only() -> None:
    stream = StringIO()
    with Progress(10, stream) as progress:
        progress.show(5)
    assert stream.getvalue() == ""


def test_what_the_bar_says() -> None:
    assert bar(15, 30, 3.0) == f"[{'#' * 15}{' ' * 15}] 15/30 frames  5 fps"
    assert bar(40, 30, 4.0).startswith(f"[{'#' * 30}] 40/30")
    assert bar(8, None, 2.0) == "8 frames  4 fps"
