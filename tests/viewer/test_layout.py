"""grid-layout.js: where the tiles go."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selenium.webdriver import Chrome

from tests.support.browser import call_module
from tests.viewer.conftest import few

pytestmark = pytest.mark.e2e


sizes = st.integers(50, 5000)


@few
@given(
    count=st.integers(1, 100), width=sizes, height=sizes, aspect=st.sampled_from([4 / 3, 16 / 9, 9 / 16, 3.0])
)
def test_tiles_are_as_large_as_they_can_be(
    blank: Chrome, count: int, width: int, height: int, aspect: float
) -> None:
    options = {"aspect": aspect, "gap": 8, "caption": 32, "smallest": 240}
    grid = call_module(blank, "grid-layout.js", "return m.gridLayout(...a)", count, width, height, options)
    columns, rows, tile = grid["columns"], grid["rows"], grid["tileWidth"]
    assert columns * rows >= count > columns * (rows - 1)
    assert columns * tile + 8 * (columns - 1) <= width
    assert grid["pictureHeight"] == math.floor(tile / aspect)

    def fitting(columns: int) -> int:
        rows = math.ceil(count / columns)
        share = (height - 8 * (rows - 1)) / rows - 32
        return math.floor(min((width - 8 * (columns - 1)) / columns, share * aspect))

    best = max(map(fitting, range(1, count + 1)))
    if grid["scrolls"]:
        assert best < min(240, width)
        assert tile >= min(240, width)
    else:
        assert tile == best
        assert rows * (grid["pictureHeight"] + 32) + 8 * (rows - 1) <= height


@few
@given(count=st.integers(1, 30), columns=st.integers(1, 8), data=st.data())
def test_arrows_lead_to_neighbours_and_back(blank: Chrome, count: int, columns: int, data: Any) -> None:
    index = data.draw(st.integers(0, count - 1))
    back = {
        "ArrowLeft": "ArrowRight",
        "ArrowRight": "ArrowLeft",
        "ArrowUp": "ArrowDown",
        "ArrowDown": "ArrowUp",
    }
    for key, opposite in back.items():
        body = "const n = m.neighbour(...a); return [n, n === null ? null : m.neighbour(n, %r, a[2], a[3])]"
        there, again = call_module(blank, "grid-layout.js", body % opposite, index, key, count, columns)
        assert there is None or (0 <= there < count and again == index)
    assert (
        call_module(blank, "grid-layout.js", "return m.neighbour(...a)", 0, "Enter", count, columns) is None
    )
