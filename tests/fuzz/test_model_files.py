"""Whatever a model's file says of itself, and whatever stands beside it: understood, or refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from camwire.models.catalogue import load_model
from camwire.models.contract import ModelError
from camwire.models.declared import Declared, read_declared
from camwire.models.labels import read_labels
from tests.fuzz.damage import Wound, damaged, tried, wounds
from tests.models.files import save_dynamic

KEYS = ["description", "task", "names", "imgsz", "stride", "kpt_shape", "author"]
VALUES = [
    *("detect", "pose", "x", "", "32", "[640, 640]", "[17, 3]", "(1,)", "1e9", "[True, 2]", "-1", "None"),
    *("{0: 'person', 1: 'car'}", "['a', 'b']", "{0: 'a', 'b': 1}", "{0: 'a', 2: 'b'}", "{[]: 1}", "{{}}"),
    *(
        "'\\d'",
        "[" * 300,
        "9" * 5000,
        "f'{1}'",
        "__import__('os')",
        "{0: 1, 0.0: 2}",
        "\0",
        "\ud800",
        "1" + "+1" * 9999,
    ),
]


@given(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES) | st.text(max_size=20)))
@example({"names": "{0: 'a', 'b': 1}"})
@example({"names": "{[]: 1}"})
@example({"names": "'\\d'"})
def test_any_metadata_is_understood_or_refused(metadata: dict[str, str]) -> None:
    found = tried(lambda: read_declared(Path("m.onnx"), metadata), ModelError)
    if isinstance(found, ModelError):
        assert str(found).startswith("model m.onnx: ")
        assert len(str(found)) < 300
        return
    assert isinstance(found, Declared)
    assert found.names is None or all(isinstance(name, str) for name in found.names)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=80) | st.text(max_size=40).map(lambda text: text.encode(errors="replace")))
def test_any_labels_are_names_or_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "labels.txt"
    file.write_bytes(content)
    names = tried(lambda: read_labels(file), ModelError)
    if isinstance(names, ModelError):
        assert str(names).startswith(f"labels {file}: ")
        return
    assert names
    assert all(name.strip() for name in names)


@pytest.mark.integration
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(done=wounds())
def test_a_damaged_model_is_read_or_refused(tmp_path: Path, done: list[Wound]) -> None:
    sound, file = tmp_path / "sound.onnx", tmp_path / "m.onnx"
    if not sound.exists():
        save_dynamic(sound, names="['a', 'b', 'c', 'd', 'e']", task="detect")
    file.write_bytes(damaged(sound.read_bytes(), done))
    found = tried(lambda: load_model(str(file)), ModelError)
    assert not isinstance(found, ModelError) or str(file) in str(found)


@pytest.mark.integration
def test_a_model_whose_damage_is_quoted_is_refused(tmp_path: Path) -> None:
    """OpenVINO's message holds the operation's name, which is no text."""
    file = save_dynamic(tmp_path / "m.onnx")
    file.write_bytes(file.read_bytes().replace(b"Concat", b"Conca\x80"))
    with pytest.raises(ModelError, match="Conca\ufffd"):
        load_model(str(file))


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 100, b"names: [a", b"{[a]: b}", b"\xff", b"? ? ? ?", b"&a [*a]"]
)
@pytest.mark.integration
def test_whatever_lies_beside_a_model_is_read_or_refused(tmp_path: Path, content: bytes) -> None:
    import openvino

    openvino.save_model(openvino.Core().read_model(save_dynamic(tmp_path / "m.onnx")), tmp_path / "m.xml")
    (tmp_path / "metadata.yaml").write_bytes(content)
    found = tried(lambda: load_model(str(tmp_path / "m.xml")), ModelError)
    assert not isinstance(found, ModelError) or str(tmp_path) in str(found)
