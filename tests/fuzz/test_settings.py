"""Settings' files, sound but for some lines: configuration, tracker, nvdsanalytics."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from camwire.analytics.nvdsanalytics import load as nvdsanalytics
from camwire.analytics.nvdsanalytics.notices import NvdsConfigError
from camwire.config import Config, ConfigError, load_text
from camwire.tracking.nvtracker import files as trackers
from camwire.tracking.nvtracker.files import TrackerFileError
from camwire.tracking.nvtracker.parameters import NvTrackerParameters
from tests.fuzz.damage import Wound, damaged, damaged_lines, tried, wounds

CONFIG = """\
device: cpu
model:
  file: model.onnx
  input_size: 640x384
  classes: [person, 2]
  per_class: [{name: car, score_threshold: 0.5}]
tracker: {type: bytetrack, trace_length: 30}
output:
  size: 1280x720
  max_fps: 20
overlay: {boxes: true}
rules:
  - name: zone
    type: zone
    polygon: [[0, 0], [1, 0], [1, 1]]
    overcrowding: {objects: 3}
  - name: line
    type: line
    start: [0, 0.5]
    end: [1, 0.5]
saving: {folder: saved, every_s: 5}
events:
  clips: {before: 1, after: 2}
sinks:
  webhooks:
    - name: hook
      url: https://u:p@192.0.2.1/x
      secret: "12345678"
  mqtt: [{name: broker, url: "mqtt://u:p@192.0.2.1"}]
server:
  tls: {certificate: a.pem, key: b.pem}
  hostnames: [cams.example]
cameras:
  - id: gate
    url: rtsp://u:${PASS}@192.0.2.1/x
    score_threshold: 0.5
"""
TRACKER = """\
%YAML:1.0
BaseConfig:
  minDetectorConfidence: 0.2
TargetManagement:
  enableBboxUnClipping: 1
  maxTargetsPerStream: 150
  probationAge: 2
TrajectoryManagement:
  useUniqueID: 0
DataAssociator:
  dataAssociatorType: 0
  checkClassMatch: 1
StateEstimator:
  stateEstimatorType: 1
VisualTracker:
  visualTrackerType: 1
  featureImgSizeLevel: 2
"""
INI = """\
[property]
enable=1
config-width=1920
config-height=1080
osd-mode=2
[roi-filtering-stream-0]
enable=1
roi-RF=295;643;579;634;642;913;56;828
inverse-roi=0
class-id=-1
[overcrowding-stream-1]
enable=1
roi-OC=295;643;579;634;642;913
object-threshold=2
[line-crossing-stream-0]
enable=1
line-crossing-Exit=789;672;1084;900;851;773;1203;732
mode=loose
[direction-detection-stream-0]
enable=1
direction-South=284;840;360;662
"""
VALUES = [
    *(
        "",
        "-1",
        "0",
        ".inf",
        "-.inf",
        ".nan",
        "nan",
        "1e400",
        "99999999999999999999",
        "0x1F",
        "1_000",
        "true",
        "~",
    ),
    *(
        "[]",
        "{}",
        "[[[[",
        "&a [*a]",
        "*b",
        "!!python/object:os.system x",
        "!!binary //",
        "2001-01-01",
        "'",
        '"',
        "|",
    ),
    *(
        "${PASS}",
        "${",
        "$$",
        "\t",
        "\0",
        "\x85",
        "\u2028",
        "\ud800",
        "é",
        "x" * 300,
        "? a",
        "- -",
        "<<: *a",
        "1;2;3",
        ";;",
    ),
]


def lines_of(text: str) -> st.SearchStrategy[str]:
    """Its own lines, its own keys with odd values, and anything."""
    keys = [
        line.strip().partition(sign)[0] + sign
        for line in text.splitlines()
        for sign in (":", "=")
        if sign in line
    ]
    return st.one_of(
        st.sampled_from([line.strip() for line in text.splitlines()]),
        st.builds("{} {}".format, st.sampled_from(keys), st.sampled_from(VALUES)),
        st.sampled_from(VALUES),
        st.text(max_size=20),
    )


def changed(text: str) -> st.SearchStrategy[str]:
    changes = st.lists(st.tuples(st.integers(0, 100), lines_of(text)), max_size=3)
    return changes.map(lambda done: damaged_lines(text, done))


@given(changed(CONFIG))
@example(CONFIG)
def test_a_configuration_with_lines_changed(text: str) -> None:
    found = tried(lambda: load_text(text, "c.yaml", environment={"PASS": "pa@ss"}), ConfigError)
    if isinstance(found, ConfigError):
        assert found.problems
        assert all(problem.message and "\n" not in str(problem) for problem in found.problems)
        assert "pa@ss" not in str(found)
    else:
        assert isinstance(found, Config)


@given(changed(TRACKER))
@example(TRACKER)
@example("BaseConfig:\n  minDetectorConfidence: .inf\n")
@example("TargetManagement:\n  probationAge: .nan\n")
@example("TargetManagement:\n  probationAge: .inf\n")
@example("BaseConfig: " + "[" * 100)
@example("BaseConfig: {? [a] : 1}\n")
def test_a_trackers_file_with_lines_changed(text: str) -> None:
    found = tried(lambda: trackers.parse(text, "t.yml"), TrackerFileError)
    if isinstance(found, TrackerFileError):
        assert str(found).startswith("t.yml")
    else:
        assert isinstance(found.parameters, NvTrackerParameters)


@pytest.mark.parametrize("name", ["a.txt", "a.yml"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=changed(INI), done=wounds())
@example(text=INI, done=[])
def test_an_nvdsanalytics_file_with_lines_changed(
    tmp_path: Path, name: str, text: str, done: list[Wound]
) -> None:
    if name.endswith("yml"):
        text = text.replace("[", "").replace("]", ":").replace("=", ": ")
    file = tmp_path / name
    file.write_bytes(damaged(text.encode(errors="surrogatepass"), done))
    found = tried(lambda: nvdsanalytics.load(file), NvdsConfigError)
    assert not isinstance(found, NvdsConfigError) or found.notices


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.builds(damaged, st.just(TRACKER.encode()), wounds()))
def test_a_trackers_damaged_file(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "t.yml"
    file.write_bytes(content)
    found = tried(lambda: trackers.load(file), TrackerFileError)
    assert not isinstance(found, TrackerFileError) or str(found).startswith(str(file))
