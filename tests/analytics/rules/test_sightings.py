"""Objects that are out of sight for too long, found by the frames in which they were seen last."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from camwire.analytics.rules.objects import ObjectTable
from camwire.analytics.rules.runs import Runs
from tests.analytics.rules.scene import obj, tracks_of

OUT_OF_SIGHT = 3.0

frames = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from([0.0, 0.5, 1.0, 3.5]),
        st.sets(st.sampled_from([1, 2, 3, 1025, 4097])),
    ),
    max_size=40,
)


@given(frames)
def test_the_table_finds_each_object_until_it_is_gone(script):
    """Against a dictionary. Ids that differ by a multiple of 1024 are where the table looks first."""
    table, plain = ObjectTable(OUT_OF_SIGHT), {}
    clocks = [0.0, 0.0, 0.0]
    slot_of = {}
    for camera, step, ids in script:
        clocks[camera] = now = clocks[camera] + step
        late = {key for key, seen in plain.items() if key[0] == camera and now - seen > OUT_OF_SIGHT}
        overdue = table.overdue([camera], [now])
        assert overdue.tolist() == sorted(slot_of[key] for key in late)
        tracks = tracks_of([[obj(number, 10, 10) for number in sorted(ids)]])
        cameras = Runs(np.array([camera]), np.array([len(ids)]))
        slots, _ = table.find(cameras, tracks.ids)
        keys = [(camera, number) for number in sorted(ids)]
        for key, slot in zip(keys, slots.tolist(), strict=True):
            assert slot_of.setdefault(key, slot) == slot
        table.update(slots, np.full(len(ids), now), tracks)
        table.note(cameras, [now], slots)
        plain.update(dict.fromkeys(keys, now))
        gone = late.difference(keys)
        table.release(np.array(sorted(slot_of[key] for key in gone), np.int64))
        for key in gone:
            del plain[key], slot_of[key]
        assert len(set(slot_of.values())) == len(slot_of)
        for number in range(3):
            known = {key[1]: slot for key, slot in slot_of.items() if key[0] == number}
            assert table.slots_of(number) == known
