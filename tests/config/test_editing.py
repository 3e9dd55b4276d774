"""Changes to a configuration's text: what was meant is changed, everything else stays to the letter."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from camwire.config.editing import CannotEditError, append, change_list, literal, remove, set_values
from camwire.config.substitution import substitute

TEXT = """\
# top
model:   # the model
  file: nanodet  # bundled
  # behind file
cameras:
  # the gate
  - id: gate  # g
    url: "rtsp://u:${PW}@h/s"

  # the yard
  - id: yard
    url: /x.mp4
    name:
    # last comment
# server things
server: {port: 0, host: "127.0.0.1"}
output:
"""


def parsed(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def changed_lines(before: str, after: str) -> tuple[list[str], list[str]]:
    """Lines that went and lines that came, stripped."""
    import difflib

    lines = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    return (
        [line[2:].strip() for line in lines if line[0] == "-"],
        [line[2:].strip() for line in lines if line[0] == "+"],
    )


def test_a_changed_value_is_changed_where_it_stands() -> None:
    after = set_values(TEXT, ("cameras", 0), {"url": "rtsp://h/t", "enabled": False})
    assert changed_lines(TEXT, after) == (
        ['url: "rtsp://u:${PW}@h/s"'],
        ['url: "rtsp://h/t"', "enabled: false"],
    )
    assert after.index("enabled: false") < after.index("# the yard")


def test_a_key_without_a_value_gets_one() -> None:
    assert changed_lines(TEXT, set_values(TEXT, ("cameras", 1), {"name": "Yard"})) == (
        ["name:"],
        ["name: Yard"],
    )


@pytest.mark.parametrize(
    ("section", "lines"),
    [
        ("model", ["score_threshold: 0.3"]),
        ("output", ["score_threshold: 0.3"]),
        ("tracker", ["tracker:", "score_threshold: 0.3"]),
    ],
)
def test_a_section_may_be_full_empty_or_missing(section: str, lines: list[str]) -> None:
    assert changed_lines(TEXT, set_values(TEXT, (section,), {"score_threshold": 0.3})) == ([], lines)


def test_flow_style_stays_flow_style() -> None:
    after = set_values(TEXT, ("server",), {"port": 5, "extra": "a b"})
    assert 'server: {port: 5, host: "127.0.0.1", "extra": "a b"}\n' in after


def test_a_section_that_json_lacks_is_added() -> None:
    text = '{\n "cameras": [{"id": "gate", "url": "x"}]\n}'
    after = set_values(append(text, ("rules",), {"name": "door"}), ("output",), {"max_fps": 5})
    assert json.loads(after) == {
        "cameras": [{"id": "gate", "url": "x"}],
        "rules": [{"name": "door"}],
        "output": {"max_fps": 5},
    }


def test_an_item_goes_with_what_is_within_it_and_nothing_else() -> None:
    gone, come = changed_lines(TEXT, remove(TEXT, ("cameras", 0)))
    assert gone == ["- id: gate  # g", 'url: "rtsp://u:${PW}@h/s"']
    assert come == []


def test_a_list_may_become_empty_and_be_filled_again() -> None:
    empty = remove(remove(TEXT, ("cameras", 1)), ("cameras", 0))
    assert parsed(empty)["cameras"] == []
    assert parsed(append(empty, ("cameras",), {"id": "new"}))["cameras"] == [{"id": "new"}]
    assert "# last comment" in empty


@pytest.mark.parametrize("nothing", ["", " null", " ~", " null  # none yet", " Null"])
def test_a_list_that_is_nothing_is_begun(nothing: str) -> None:
    text = append(f"rules:{nothing}\ncameras: []\n", ("rules",), {"name": "door"})
    assert parsed(text) == {"rules": [{"name": "door"}], "cameras": []}
    assert ("# none yet" in text) == ("#" in nothing)
    assert parsed(append("{rules: null, cameras: []}", ("rules",), {"name": "door"}))["rules"] == [
        {"name": "door"}
    ]


def test_an_alias_is_not_followed() -> None:
    text = "cameras:\n- id: a\n  url: &u /x\n- id: b\n  url: *u\n"
    for index in (0, 1):
        with pytest.raises(CannotEditError, match="change it in the file"):
            set_values(text, ("cameras", index), {"url": "/y"})


def test_what_comes_from_a_merge_is_overridden() -> None:
    text = "base: &base\n  enabled: true\ncameras:\n- <<: *base\n  id: a\n"
    after = set_values(text, ("cameras", 0), {"enabled": False})
    assert parsed(after)["cameras"][0]["enabled"] is False
    assert parsed(after)["base"]["enabled"] is True


@given(st.text())
def test_literal_text_means_itself(text: str) -> None:
    result = substitute(literal(text), {})
    assert (result.text, result.values, result.bad) == (text, (), ())


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn", "Co", "Zl", "Zp")), max_size=12
)
VALUES = st.one_of(TEXTS, st.booleans(), st.integers(-9, 99), st.none(), st.lists(TEXTS, max_size=3))
ITEMS = st.dictionaries(st.sampled_from(["id", "url", "name", "x"]), VALUES, min_size=1)
ANYTHING = st.dictionaries(
    st.sampled_from(["id", "url", "x"]), VALUES | st.text(st.characters(codec="utf-8")), min_size=1
)
ENDINGS = st.sampled_from(["", "  # note", "\n# line", "\n\n    # deep", "\n"])


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, list[dict[str, Any]]]:
    """A document with a list of mappings in any style, and the list."""
    items = draw(st.lists(ITEMS, max_size=4))
    tail = draw(
        st.sampled_from(["", "other: 1\n", "# end\nother:\n  key: value\n", "other: |\n  text\n  more"])
    )
    if draw(st.booleans()) or not items:
        indent = draw(st.sampled_from([None, 1]))
        listed = json.dumps(items, ensure_ascii=False, indent=indent).replace("\n", "\n  ")
        return f"top: x\nlist: {listed}\n{tail}", items
    margin = " " * draw(st.integers(0, 4))
    lines = ["top: x  # note", "list:"]
    for item in items:
        for number, (key, value) in enumerate(item.items()):
            dash = "- " if number == 0 else "  "
            lines.append(f"{margin}{dash}{key}: {json.dumps(value, ensure_ascii=False)}{draw(ENDINGS)}")
    return "\n".join(lines) + "\n" + tail, items


def comments(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip().startswith("#")]


@settings(max_examples=40)
@given(documents(), st.data())
def test_any_change_changes_what_it_names_and_keeps_every_comment(
    document: tuple[str, list[dict[str, Any]]], data: st.DataObject
) -> None:
    text, items = document
    before = parsed(text)
    item = data.draw(ANYTHING)
    if not items or data.draw(st.booleans()):
        after = append(text, ("list",), item)
        expected = [*items, item]
    else:
        index = data.draw(st.integers(0, len(items) - 1))
        after = set_values(text, ("list", index), item)
        expected = [{**known, **item} if at == index else known for at, known in enumerate(items)]
    assert parsed(after) == {**before, "list": expected}
    assert comments(after) == comments(text)


@settings(max_examples=40)
@given(documents().filter(lambda document: document[1]), st.data())
def test_any_item_can_be_taken_out(document: tuple[str, list[dict[str, Any]]], data: st.DataObject) -> None:
    text, items = document
    index = data.draw(st.integers(0, len(items) - 1))
    after = remove(text, ("list", index))
    assert parsed(after) == {**parsed(text), "list": items[:index] + items[index + 1 :]}


@settings(max_examples=60)
@given(documents(), st.data())
def test_a_list_is_changed_at_once_as_it_would_be_step_by_step(
    document: tuple[str, list[dict[str, Any]]], data: st.DataObject
) -> None:
    text, items = document
    changes = data.draw(
        st.dictionaries(st.integers(0, len(items) - 1), ANYTHING | st.none()) if items else st.just({})
    )
    new = data.draw(st.lists(ANYTHING, max_size=3))
    after = change_list(text, ("list",), changes, new)
    changed = [
        {**item, **(changes.get(at) or {})}
        for at, item in enumerate(items)
        if changes.get(at, {}) is not None
    ]
    assert parsed(after) == {**parsed(text), "list": changed + new}
    if None not in changes.values():
        assert comments(after) == comments(text)


@pytest.mark.parametrize(
    "end", ["", "rules:\n", "rules: # none yet\n", "rules: []\n", "rules:\n  - {a: 1}\n", "rules:\n- a: 1\n"]
)
def test_a_list_may_be_full_empty_or_missing(end: str) -> None:
    text = "# first\ncameras: [] # last\n" + end
    after = append(text, ("rules",), {"name": "new", "points": [[0, 1]]})
    assert parsed(after)["rules"] == [*(parsed(text).get("rules") or []), {"name": "new", "points": [[0, 1]]}]
    assert all(comment in after for comment in ("# first", "# last"))
    assert parsed(append(after, ("rules",), {"name": "more"}))["rules"][-1] == {"name": "more"}
