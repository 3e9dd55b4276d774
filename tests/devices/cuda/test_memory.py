"""Copies of the host's memory."""

import numpy as np
import pytest

from camwire.devices.cuda.memory import LONG, bytes_at


@pytest.mark.parametrize("size", [0, 1, 2, 300_001, LONG - 1, LONG, LONG + 1])
def test_a_copy_is_the_same_and_stays_so(size: int) -> None:
    source = np.random.default_rng(size).integers(0, 256, size + 1, np.uint8)
    wanted = source[:size].tobytes()
    copy = bytes_at(source.ctypes.data, size)
    source[:] = 0
    assert copy == wanted
