"""Damage that files and messages come to: sound bytes with a few places overwritten, cut, doubled, moved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from hypothesis import strategies as st

Refusal = TypeVar("Refusal", bound=Exception)
Result = TypeVar("Result")

Wound = tuple[str, int, bytes]


def wounds(pieces: Sequence[bytes] = ()) -> st.SearchStrategy[list[Wound]]:
    """``pieces``: what may be put in, besides any bytes."""
    put = st.binary(max_size=6)
    if pieces:
        put = st.sampled_from(list(pieces)) | put
    return st.lists(
        st.tuples(st.sampled_from(["over", "in", "cut", "drop"]), st.integers(0, 1 << 16), put), max_size=5
    )


def damaged(sound: bytes, done: list[Wound]) -> bytes:
    content = bytearray(sound)
    for how, where, put in done:
        at = where % (len(content) + 1)
        if how == "over":
            content[at : at + len(put)] = put
        elif how == "in":
            content[at:at] = put
        elif how == "drop":
            del content[at : at + len(put) + 1]
        else:
            del content[at:]
    return bytes(content)


def damaged_lines(sound: str, changes: list[tuple[int, str]]) -> str:
    """Some lines replaced by others, which keep their indentation."""
    lines = sound.splitlines()
    for position, line in changes:
        at = position % len(lines)
        lines[at] = lines[at][: len(lines[at]) - len(lines[at].lstrip())] + line
    return "\n".join(lines)


def tried(read: Callable[[], Result], refusal: type[Refusal]) -> Result | Refusal:
    """What is read, or the refusal; any other exception fails the test."""
    try:
        return read()
    except refusal as error:
        return error
