"""connection-state.js: when to connect, and when to give up on a connection."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selenium.webdriver import Chrome

from tests.support.browser import call_module
from tests.viewer.conftest import few

pytestmark = pytest.mark.e2e


_WALK = """
    let state = m.initialState(0);
    let now = 0;
    return a[0].map(([event, after, chance]) => {
      now += after;
      state = m.nextState(state, event === "due" ? m.dueEvent(state, now) : event, now, chance);
      return { ...state, now, words: m.describe(state, now) };
    });
"""
events = st.sampled_from(["connect", "opened", "heard", "closed", "paused", "resumed", "due"])


@few
@given(st.lists(st.tuples(events, st.integers(0, 20_000), st.floats(0, 1)), min_size=1, max_size=40))
def test_every_walk_through_the_connections_life_is_sound(
    blank: Chrome, walk: list[tuple[str, int, float]]
) -> None:
    for state in call_module(blank, "connection-state.js", _WALK, walk):
        assert (state["phase"] == "waiting") == (state["retryAt"] is not None)
        if state["phase"] == "waiting":
            assert state["retryAt"] - state["since"] <= 15_000
        assert (state["words"]["long"] is None) == (
            state["failures"] == 0 or state["phase"] in ("open", "paused")
        )


def test_retries_grow_are_capped_and_spread(blank: Chrome) -> None:
    body = "return [0, 0.5, 1].map((chance) => Array.from({length: 40}, (_, n) => m.retryDelay(n, chance)))"
    low, middle, high = call_module(blank, "connection-state.js", body)
    assert high[:5] == [500, 1000, 2000, 4000, 8000]
    assert high[5:] == [15_000] * 35
    assert high == sorted(high)
    assert [delay / 2 for delay in high] == low
    assert all(a < b < c for a, b, c in zip(low, middle, high, strict=True))


def test_a_server_that_says_nothing_is_gone(blank: Chrome) -> None:
    walk = [("opened", 10, 0.0), ("heard", 10, 0.0), ("due", 5_999, 0.0), ("due", 1, 0.0), ("due", 250, 0.0)]
    phases = [state["phase"] for state in call_module(blank, "connection-state.js", _WALK, walk)]
    assert phases == ["open", "open", "open", "waiting", "connecting"]
