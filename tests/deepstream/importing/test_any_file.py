"""Whatever the files hold: a configuration that camwire can load, or mistakes in words with their places."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from camwire.config import load
from camwire.deepstream.importing import Engine, Imported, ImportMistakeError, import_application
from camwire.deepstream.importing.draft import CameraDraft, Draft
from camwire.deepstream.importing.writing import written
from tests.deepstream.importing.applications import (
    ANALYTICS,
    APPLICATION,
    INFER,
    PREPROCESS,
    TRACKER,
    write_application,
)

LINES = "\n".join((APPLICATION, INFER, PREPROCESS, ANALYTICS)).splitlines()
KEYS = sorted({line.partition("=")[0] for line in LINES if "=" in line})
GROUPS = sorted({line for line in LINES if line.startswith("[")})
VALUES = [
    "",
    "0",
    "1",
    "-1",
    "4",
    "3;640;640",
    "0.25",
    "1e9",
    "nan",
    "99999999999999999999",
    "\0",
    "a;b;;c",
    "~/x",
    "$",
]
VALUES += [
    "rtsp://u:p@h/",
    "file://%00",
    "file:///a b.mp4",
    "ipc://x",
    "${HOME}",
    "\u2028",
    "\x85",
    "# x",
    "tracker.yml",
]

anything = st.one_of(
    st.sampled_from(LINES),
    st.sampled_from(GROUPS),
    st.builds("{}={}".format, st.sampled_from(KEYS), st.sampled_from(VALUES)),
    st.builds("{}={}".format, st.sampled_from(KEYS), st.text(max_size=20)),
    st.text(max_size=30),
)
ini = st.lists(anything, max_size=40).map("\n".join)
scalars = st.one_of(st.sampled_from(VALUES), st.integers(), st.floats(), st.text(max_size=10), st.none())
yaml = st.dictionaries(
    st.sampled_from([group.strip("[]") for group in GROUPS]),
    st.dictionaries(st.sampled_from(KEYS), st.one_of(scalars, st.lists(scalars, max_size=3)), max_size=5)
    | scalars,
    max_size=8,
).map(repr)


def tries(folder: Path, name: str, content: bytes, engine: Engine) -> None:
    (folder / "tracker.yml").write_text(TRACKER)
    file = folder / name
    file.write_bytes(content)
    outcome: Imported | ImportMistakeError
    try:
        outcome = import_application(file, folder, engine)
    except ImportMistakeError as error:
        outcome = error
    if isinstance(outcome, ImportMistakeError):
        event("mistakes")
        assert [remark for remark in outcome.remarks if remark.text and remark.file]
        return
    event("imported")
    out = folder / "camwire.yaml"
    out.write_text(outcome.text, encoding="utf-8")
    assert len(load(out, {}).cameras) == outcome.cameras


@pytest.mark.parametrize("engine", ["native", "deepstream"])
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=ini)
def test_any_ini(tmp_path: Path, engine: Engine, text: str) -> None:
    tries(tmp_path, "application.txt", text.encode(errors="replace"), engine)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(
        ["application.txt", "configs/infer.txt", "configs/preprocess.txt", "configs/analytics.txt"]
    ),
    changes=st.lists(st.tuples(st.integers(0, 100), anything), max_size=3),
)
def test_a_sound_application_with_a_few_lines_changed(
    tmp_path: Path, name: str, changes: list[tuple[int, str]]
) -> None:
    application, file = write_application(tmp_path), tmp_path / name
    lines = file.read_text().splitlines()
    for position, line in changes:
        lines[position % len(lines)] = line
    file.write_bytes("\n".join(lines).encode(errors="replace"))
    tries(tmp_path, application.name, application.read_bytes(), "native")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=yaml | st.text(max_size=60))
def test_any_yaml(tmp_path: Path, text: str) -> None:
    tries(tmp_path, "application.yml", text.encode(errors="replace"), "native")


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=60), name=st.sampled_from(["a.txt", "a.yml", "a.csv"]))
def test_any_bytes(tmp_path: Path, content: bytes, name: str) -> None:
    tries(tmp_path, name, content, "native")


PATHS = st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=20)
"""What no file can be called is left out by the importer, with a remark."""


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(min_size=1, max_size=20), path=PATHS)
def test_any_text_comes_back_from_the_file(tmp_path: Path, name: str, path: str) -> None:
    """Quoted, escaped, with dollars doubled: what is read again is what was meant."""
    draft = Draft(tmp_path)
    draft.cameras = [CameraDraft({"id": "a", "url": "rtsp://192.0.2.1/", "name": name}, 0)]
    draft.put("model", "file", path)
    out = tmp_path / "camwire.yaml"
    out.write_text(written(draft), encoding="utf-8", errors="surrogatepass")
    if all(ord(sign) < 0xD800 or ord(sign) > 0xDFFF for sign in name + path) and "~" not in path:
        config = load(out, {})
        assert config.cameras[0].name == name
        assert config.model.file in (path, str(tmp_path / path))
