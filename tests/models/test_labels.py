"""Labels files, good and bad."""

from pathlib import Path

import pytest

from camwire.models import ModelError
from camwire.models.labels import COCO_CATEGORIES, read_labels, usual_names


def test_a_class_a_line(tmp_path: Path) -> None:
    file = tmp_path / "labels.txt"
    file.write_bytes("\ufeffperson\r\n  traffic light \nкіт\n\n\n".encode())
    assert read_labels(file) == ("person", "traffic light", "кіт")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "line 1 is empty"),
        (b"a\n\nb\n", "line 2 is empty"),
        (b"\xff\xfe", "not UTF-8 text; accepted"),
        (None, "can't be read: No such file or directory"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, content: bytes | None, what: str) -> None:
    file = tmp_path / "labels.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ModelError, match=what) as refusal:
        read_labels(file)
    assert str(refusal.value).startswith(f"labels {file}: ")


def test_cocos_categories_have_gaps_where_they_have() -> None:
    assert len(COCO_CATEGORIES) == 91
    assert [COCO_CATEGORIES[number] for number in (1, 13, 44, 67, 90)] == [
        "person", "stop sign", "bottle", "dining table", "toothbrush",
    ]  # fmt: skip
    assert usual_names(2) == ("class 0", "class 1")
