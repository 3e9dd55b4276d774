"""docs/from-deepstream.md: names what there is, all of it, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from camwire.config import Config
from camwire.config.camera import CameraConfig
from camwire.config.fields import field_at
from camwire.deepstream.files import keys
from camwire.deepstream.property_table import NEW_MUX, TABLE

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "from-deepstream.md").read_text(encoding="utf-8")

OWN = {name for name in TABLE if not name.startswith("nv")}
"""GStreamer's own elements; only the one at which pictures come out is in the guide."""
ELEMENTS = [name for name in TABLE if name not in OWN - {"appsink"}]
FILES = {
    "nvdspreprocess's file": keys.PREPROCESS_PROPERTY | keys.PREPROCESS_USER | keys.PREPROCESS_GROUP,
    "nvinfer's file": keys.INFER_PROPERTY | keys.INFER_CLASS,
}
NUMBERED = {"roi-params-src-N"}
"""Keys that end in a number."""


def section(heading: str) -> str:
    """The text under a heading, up to the next."""
    (text,) = re.findall(rf"^### {re.escape(heading)}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return str(text)


def first_column(text: str) -> list[str]:
    """Everything in backticks in the first column of the tables."""
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("|")]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


@pytest.mark.parametrize("element", ELEMENTS)
def test_every_property_of_every_element_is_there_once(element: str) -> None:
    assert sorted(first_column(section(element))) == sorted(TABLE[element])


@pytest.mark.parametrize("file", FILES)
def test_every_key_of_every_file_is_there(file: str) -> None:
    assert set(first_column(section(file))) - NUMBERED == FILES[file]


def test_every_key_of_the_new_muxers_file_is_there() -> None:
    named = set(re.findall(r"`([^`]+)`", section(NEW_MUX)))
    assert named >= keys.MUX_PROPERTY


def test_every_group_of_nvdsanalytics_is_there() -> None:
    named = set(re.findall(r"`([^`]+)`", section("nvdsanalytics")))
    assert named >= {f"{group}-N" for group in keys.ANALYTICS_GROUPS}


def test_camwires_keys_exist() -> None:
    sections = "|".join(Config.model_fields)
    named = set(re.findall(rf"`((?:cameras\[\]|{sections})\.[a-z_]+)`", PAGE))
    assert len(named) > 30
    for name in named:
        first, _, key = name.partition(".")
        field = CameraConfig.model_fields.get(key) if first == "cameras[]" else field_at((first, key))
        assert field is not None, name


def test_values_of_camwires_keys_exist() -> None:
    """`key`: `value` names a value that the key takes."""
    named = re.findall(r"`(model|deepstream|tracker)\.([a-z_]+)`: `([a-z0-9_]+)`", PAGE)
    assert len(named) > 4
    for first, key, value in named:
        field = field_at((first, key))
        assert field is not None
        assert repr(value) in str(field.annotation), (first, key, value)
