from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from camwire.pipeline.heap import LongLived


class Model:
    """Refers to itself, so that only a collection frees it."""

    def __init__(self) -> None:
        self.whole = self


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_what_a_model_brings_is_set_apart_once():
    heap, model = LongLived(), Model()
    heap.look(None)
    assert gc.get_freeze_count() == 0
    heap.look(model)
    assert gc.get_freeze_count() > 1000
    gc.unfreeze()
    heap.look(model)
    assert gc.get_freeze_count() == 0


def test_what_is_left_of_a_replaced_model_goes():
    heap, first, second = LongLived(), Model(), Model()
    heap.look(first)
    known = weakref.ref(first)
    del first
    heap.look(second)
    assert known() is None
