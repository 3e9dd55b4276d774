"""Runs say of each thing what it belongs to."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from camwire.analytics.rules.runs import Runs

runs = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5)), max_size=8)


@given(runs, st.data())
def test_each_thing_has_what_it_belongs_to(described, data):
    which, length = np.array(described, np.int64).reshape(-1, 2).T
    told = Runs(which, length)
    plain = [number for number, count in described for _ in range(count)]
    assert told.each().tolist() == plain
    upwards = [number + place for number, count in described for place in range(count)]
    assert told.upwards().tolist() == upwards
    values = np.arange(10.0).reshape(2, 5)
    assert told.of(values).tolist() == [[row[number] for number in plain] for row in values.tolist()]
    chosen = data.draw(st.lists(st.sampled_from(range(len(plain))), unique=True) if plain else st.just([]))
    some = told.among(np.array(sorted(chosen), np.int64))
    assert some.each().tolist() == [plain[place] for place in sorted(chosen)]
    assert len(some.which) == len(described)
