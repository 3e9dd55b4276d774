"""The table of places that are taken, as two processes see it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from camwire.sources.apart.shelves import PLACES, ROWS, Places


class TakenAndFreed(RuleBasedStateMachine):
    """The worker frees places and gives rows out, the source process takes places; each has a table of its
    own over the same memory. The model is a set of the places that are taken."""

    rows = Bundle("rows")
    places = Bundle("places")

    def __init__(self) -> None:
        super().__init__()
        self.worker = Places.new()
        self.child = Places(os.dup(self.worker.descriptor))
        self.given: set[int] = set()
        self.taken: set[tuple[int, int]] = set()

    @rule(target=rows)
    def new_row(self) -> int:
        row = self.worker.new_row()
        assert row is not None
        assert row not in self.given
        self.given.add(row)
        return row

    @rule(row=rows, target=places)
    def take(self, row: int) -> object:
        if row not in self.given:
            return multiple()
        own = {place for at, place in self.taken if at == row}
        place = self.child.take(row)
        if place is None:
            assert own == set(range(PLACES))
            return multiple()
        assert 0 <= place < PLACES
        assert place not in own, "a place is taken once"
        self.taken.add((row, place))
        return row, place

    @rule(taken=consumes(places))
    def free(self, taken: tuple[int, int]) -> None:
        if taken in self.taken:  # else its row was dropped and maybe given out anew
            self.worker.free(*taken)
            self.taken.discard(taken)

    @rule(row=consumes(rows))
    def drop_row(self, row: int) -> None:
        """With places that a process took which is gone, too."""
        if row in self.given:
            self.given.discard(row)
            self.taken = {(at, place) for at, place in self.taken if at != row}
            self.worker.drop_row(row)

    @invariant()
    def both_see_the_same(self) -> None:
        for table in (self.worker, self.child):
            for row in self.given:
                seen = table._taken[row * PLACES : (row + 1) * PLACES]
                assert {place for place in range(PLACES) if seen[place]} == {
                    place for at, place in self.taken if at == row
                }

    def teardown(self) -> None:
        self.worker.close()
        self.child.close()


TestTakenAndFreed = TakenAndFreed.TestCase
TestTakenAndFreed.settings = settings(max_examples=60, stateful_step_count=40)


@pytest.fixture
def places() -> Iterator[Places]:
    places = Places.new()
    yield places
    places.close()


def test_rows_end_and_come_again(places: Places) -> None:
    given = [places.new_row() for _ in range(ROWS)]
    assert sorted(given) == list(range(ROWS))
    assert places.new_row() is None
    for row in (7, 5):
        while places.take(row) is not None:
            pass
        places.drop_row(row)
    assert [places.new_row(), places.new_row(), places.new_row()] == [7, 5, None]
    assert [places.take(7) for _ in range(PLACES + 1)] == [*range(PLACES), None], "all its places are free"


def test_the_table_outlives_its_descriptor() -> None:
    """Pictures are let go after the process that made them has ended and its table was closed."""
    places = Places.new()
    row = places.new_row()
    assert row is not None
    assert places.take(row) == 0
    places.close()
    places.free(row, 0)
    assert places.take(row) == 0
