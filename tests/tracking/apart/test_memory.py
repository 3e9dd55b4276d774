"""Memory that is seen from two sides."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.tracking.apart.memory import LEAST, Memory


@pytest.fixture
def sides():
    one = Memory.new()
    other = Memory(os.dup(one.descriptor))
    yield one, other
    one.close()
    other.close()


@given(messages=st.lists(st.lists(st.binary(max_size=40), max_size=4), max_size=8))
def test_what_one_side_writes_the_other_reads(messages):
    one = Memory.new()
    other = Memory(os.dup(one.descriptor))
    for parts in messages:
        length = one.write(parts)
        assert bytes(other.read(length)) == b"".join(parts)
    one.close()
    other.close()


def test_it_grows_with_what_is_written(sides):
    one, other = sides
    for size in (10, LEAST + 1, 20, 5 * LEAST):
        message = bytes(range(256)) * (size // 256) + b"." * (size % 256)
        assert other.read(one.write([message[:7], message[7:]])) == message


def test_what_is_still_looked_at_does_not_hinder_its_growth(sides):
    one, other = sides
    before = other.read(one.write([b"before"]))
    message = b"x" * (3 * LEAST)
    assert other.read(one.write([message])) == message
    assert len(before) == 6
