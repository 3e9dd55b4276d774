"""Key files as GLib 2.74 reads them; the answers in the table are GLib's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.analytics.nvdsanalytics.keyfile import KeyFileError, parse_key_file


def group(lines):
    return parse_key_file("[g]\n" + lines)["g"]


@pytest.mark.parametrize(
    ("value", "numbers"),
    [
        ("1;2;3", [1, 2, 3]),
        ("1;2;3;", [1, 2, 3]),
        ("  1; 2 ;3 ;", [1, 2, 3]),
        ("1;2; ", [1, 2, 0]),
        ("1;+2;-3", [1, 2, -3]),
        ("", []),
        (";", None),
        ("1;;2", None),
        ("1;2x", None),
        ("1.5", None),
        ("2147483647", [2147483647]),
        ("2147483648", None),
        ("7\\;8", None),
        ("1;\\q", None),
        ("1\\", None),
    ],
)
def test_integer_lists(value, numbers):
    if numbers is None:
        with pytest.raises(KeyFileError):
            group(f"k={value}").integers("k")
    else:
        assert group(f"k={value}").integers("k") == numbers


@pytest.mark.parametrize(
    ("value", "meaning"),
    [("true", True), ("1 ", True), ("false\t", False), ("0", False), ("", None), ("True", None), ("2", None)],
)
def test_booleans(value, meaning):
    if meaning is None:
        with pytest.raises(KeyFileError):
            group(f"k={value}").boolean("k")
    else:
        assert group(f"k={value}").boolean("k") is meaning


def test_strings_keep_blanks_behind_them_and_resolve_escapes():
    assert group("k= strict ").string("k") == "strict "
    assert group(r"k=\sa\tb\\").string("k") == " a\tb\\"


def test_repeated_group_continues_and_repeated_key_reads_the_last_value_twice():
    groups = parse_key_file("[a]\nx=1\n[b]\n[a]\n x =2\r\n# note\n\ny=3")
    assert list(groups) == ["a", "b"]
    assert groups["a"].keys == ["x", "x", "y"]
    assert groups["a"].integer("x") == 2
    assert groups["a"].lines == {"x": 5, "y": 8}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("k=1", 1),
        ("[a]\n\nnonsense", 3),
        ("[a]\n=1", 2),
        ("[a] x", 1),
        ("[]", 1),
        ("[a]\nk[=1", 2),
        ("[a]\n; no comment", 2),
        ("[a]\nEncoding=latin1", 2),
    ],
)
def test_refused(text, line):
    with pytest.raises(KeyFileError) as error:
        parse_key_file(text)
    assert error.value.line == line


def attempt(read, *arguments):
    """What ``read`` returns, or the KeyFileError it raises."""
    try:
        return read(*arguments)
    except KeyFileError as error:
        return error


@given(st.text(alphabet=st.sampled_from("[]=#;\\ \t\r\n\va1-xC\0é"), max_size=60) | st.text())
def test_any_text_is_read_or_refused(text):
    groups = attempt(parse_key_file, text)
    if isinstance(groups, KeyFileError):
        assert 1 <= groups.line <= text.count("\n") + 1
        return
    for found in groups.values():
        for key in found.keys:
            for read in (found.integer, found.integers, found.boolean, found.string):
                value = attempt(read, key)
                assert not isinstance(value, KeyFileError) or value.line == found.lines[key]
