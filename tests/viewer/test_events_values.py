"""scripts/events, scripts/heatmap: filters, the timeline, words, bars and colours, as values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selenium.webdriver import Chrome

from tests.support.browser import call_module
from tests.viewer.conftest import few

pytestmark = pytest.mark.e2e

names = st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
times = st.none() | st.integers(0, 2_000_000_000)
NOTHING = {"camera": None, "rule": None, "kind": None, "class": None}
filters = st.fixed_dictionaries(
    {
        **dict.fromkeys(NOTHING, names),
        "span": st.sampled_from(["hour", "day", "week", "month", "all", "between"]),
        "since": times,
        "until": times,
    }
).map(lambda chosen: chosen if chosen["span"] == "between" else {**chosen, "since": None, "until": None})


@few
@given(filters)
def test_a_filter_is_kept_in_the_address(blank: Chrome, chosen: dict[str, Any]) -> None:
    body = "return m.readFilter(new URLSearchParams(m.writeFilter(a[0])))"
    assert call_module(blank, "events/filter.js", body, chosen) == chosen


def test_an_address_with_rubbish_means_the_last_day(blank: Chrome) -> None:
    body = "return m.readFilter(new URLSearchParams('span=yesterday&since=x&camera=&rule=door'))"
    found = call_module(blank, "events/filter.js", body)
    assert found == {**NOTHING, "rule": "door", "span": "day", "since": None, "until": None}


def test_what_the_server_is_asked_for(blank: Chrome) -> None:
    body = "return [m.asked(a[0], 1e6), m.barLength(a[0], 1e6), m.isNarrow(a[0])]"
    hour = {**NOTHING, "camera": "gate", "span": "hour", "since": None, "until": None}
    asked, length, narrow = call_module(blank, "events/filter.js", body, hour)
    assert asked == {**NOTHING, "camera": "gate", "since": 996_400, "until": None}
    assert (length, narrow) == ("minute", True)
    everything = {**NOTHING, "span": "all", "since": None, "until": None}
    asked, length, narrow = call_module(blank, "events/filter.js", body, everything)
    assert asked == {**NOTHING, "since": None, "until": None}
    assert (length, narrow) == ("day", False)
    two_days = {**everything, "span": "between", "since": 800_000, "until": 900_000}
    assert call_module(blank, "events/filter.js", body, two_days)[1] == "hour"


def test_only_what_fits_is_shown_as_it_comes(blank: Chrome) -> None:
    event = {"camera": "gate", "rule": "door", "kind": "enter", "class": None, "time": 990_000}
    wanted = [
        {"camera": "gate"},
        {"camera": "yard"},
        {"kind": "exit"},
        {"class": "person"},
        {"span": "hour"},
        {"span": "between", "since": 990_000, "until": None},
        {"span": "between", "since": None, "until": 990_000},
    ]
    body = "return a[1].map((wanted) => m.matches({ ...m.NO_FILTER, ...wanted }, a[0], 1e6))"
    expected = [True, False, False, False, False, True, False]
    assert call_module(blank, "events/filter.js", body, event, wanted) == expected


steps = st.lists(
    st.one_of(
        st.just(["older", None]),
        st.just(["release", None]),
        st.just(["reload", None]),
        st.tuples(st.just("arrive"), st.booleans()).map(list),
    ),
    max_size=50,
)
_PLAY = """
    const most = 8, page = 3, kept = Array.from({ length: 12 }, (_, number) => number + 1);
    const answer = (before) => {
      const numbers = kept.filter((number) => number < before).reverse().slice(0, page);
      const last = numbers.at(-1) ?? 0;
      const events = numbers.map((number) => ({ number }));
      return { events, next: kept.some((number) => number < last) ? last : null };
    };
    const timeline = new m.Timeline(most);
    timeline.replace(answer(Infinity));
    return a[0].map(([verb, hold]) => {
      if (verb === "arrive") {
        kept.push(kept.length + 1);
        timeline.arrive({ number: kept.length }, hold);
        timeline.arrive({ number: kept.length }, hold);
      } else if (verb === "older" && timeline.older !== null) timeline.append(answer(timeline.older));
      else if (verb === "release") timeline.release();
      else if (verb === "reload") timeline.replace(answer(Infinity));
      const numbers = (events) => events.map(({ number }) => number);
      const { behind, older, shown, waiting } = timeline;
      return { kept: kept.length, behind, older, shown: numbers(shown), waiting: numbers(waiting) };
    });
"""


@few
@given(steps)
def test_the_timeline_leaves_no_gap_and_stays_small(blank: Chrome, steps: list[list[Any]]) -> None:
    for state in call_module(blank, "events/timeline.js", _PLAY, steps):
        shown, waiting = state["shown"], state["waiting"]
        assert len(shown) <= 8
        assert len(waiting) <= 8
        both = [*waiting, *shown]
        assert both == list(range(both[0], both[0] - len(both), -1)), "newest first, each once, none left out"
        assert state["behind"] or both[0] == state["kept"], "what isn't there is known to be missing"
        assert state["older"] is None or state["older"] == shown[-1]
        assert shown[-1] == 1 or state["older"] is not None, "older ones can be asked for"


counts = st.lists(
    st.tuples(st.integers(0, 400_000), st.integers(1, 9)).map(
        lambda pair: {"time": pair[0], "number": pair[1]}
    ),
    max_size=20,
)


@few
@given(counts, st.sampled_from(["minute", "hour", "day"]), st.none() | st.integers(0, 400_000))
def test_bars_stand_for_every_span_of_time(
    blank: Chrome, counted: list[dict[str, int]], by: str, since: int | None
) -> None:
    blank.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "UTC"})
    step = {"minute": 60, "hour": 3600, "day": 86_400}[by]
    bars = call_module(blank, "events/bars.js", "return m.bars(...a)", counted, by, since, 400_000)
    begins = [bar["time"] for bar in bars]
    assert 1 <= len(bars) <= 400
    assert begins == list(range(begins[0], begins[0] + len(begins) * step, step))
    assert begins[-1] == 400_000 // step * step
    inside = [count["number"] for count in counted if count["time"] // step * step >= begins[0]]
    assert sum(bar["number"] for bar in bars) == sum(inside)
    if since is None and by == "day":
        assert len(inside) == len(counted)


@pytest.mark.parametrize(("month", "day", "hours"), [(2, 29, 23), (9, 25, 25)])
def test_days_are_those_of_the_browsers_clock(blank: Chrome, month: int, day: int, hours: int) -> None:
    """Also where that is put forward or back."""
    blank.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Europe/Berlin"})
    body = """
        const [month, day] = a;
        const midnights = [-1, 0, 1, 2].map((days) => new Date(2026, month, day + days).getTime() / 1000);
        const length = (midnights[3] - midnights[0]) / 3600;
        const counts = Array.from({ length }, (_, hour) => ({ time: midnights[0] + hour * 3600, number: 1 }));
        const days = m.bars(counts, "day", null, midnights[2] + 60);
        const bars = m.bars([], "hour", midnights[1], midnights[2] - 1);
        return [days.map(({ time }) => time), midnights.slice(0, 3), days.map(({ number }) => number),
          bars.length, m.timeZone(), m.barWords(days[1], "day")];
    """
    try:
        told = call_module(blank, "events/bars.js", body, month, day)
    finally:
        blank.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})
    begins, midnights, numbers, bars, zone, words = told
    assert begins == midnights
    assert numbers == [24, hours, 24]
    assert (bars, zone) == (hours, "Europe/Berlin")
    assert words == f"{day} {'Mar' if month == 2 else 'Oct'}"


def test_a_bar_grows_with_what_comes(blank: Chrome) -> None:
    body = """
        const shown = m.bars([{ time: 3600, number: 2 }], "hour", 0, 7000);
        const grown = m.counted(m.counted(shown, "hour", 7100), "hour", 7300);
        return [shown, grown].map((bars) => bars.map(({ number }) => number));
    """
    assert call_module(blank, "events/bars.js", body) == [[0, 2], [0, 3, 1]]


def test_bars_are_told_in_a_sentence(blank: Chrome) -> None:
    body = """
        const two = [{ time: 86400, number: 1200 }, { time: 86400 * 2, number: 3 }];
        const cases = [[], [{ time: 0, number: 0 }], [{ time: 86400 * 3, number: 1 }], two];
        return cases.map((bars) => m.summary(bars, "day"));
    """
    assert call_module(blank, "events/bars.js", body) == [
        "No events",
        "No events",
        "1 event, most from 4 Jan on: 1 in a day",
        "1,203 events, most from 2 Jan on: 1,200 in a day",
    ]


def test_events_are_told_in_words(blank: Chrome) -> None:
    event = {"kind": "exit", "class": "person", "object": 7, "score": 0.874, "value": 75.0}
    crowd = {"kind": "overcrowded", "class": None, "object": None, "score": None, "value": 4}
    other = {"kind": "new_kind", "class": "traffic light", "object": 1, "score": None}
    body = "return a.map((event) => { const w = m.eventWords(event); return [w.title, w.details]; })"
    assert call_module(blank, "events/words.js", body, event, crowd, other) == [
        ["Person left", ["after 1 min", "#7", "87 %"]],
        ["Too many", ["4 objects"]],
        ["Traffic light new kind", ["#1"]],
    ]


def test_days_are_told_as_people_say_them(blank: Chrome) -> None:
    body = """
        const now = new Date(2026, 10, 22, 0, 30);
        const at = (...day) => m.dayWords(new Date(...day, 23, 59), now);
        const days = [at(2026, 10, 21), at(2026, 10, 20), at(2025, 10, 21)];
        return [m.dayWords(now, now), ...days, m.newWords(1), m.newWords(2)];
    """
    assert call_module(blank, "events/words.js", body) == [
        *(
            "Today",
            "Yesterday",
            "Friday 20 November",
            "Friday, 21 November 2025",
            "1 new event",
            "2 new events",
        ),
    ]


sides = st.integers(16, 4000)
shares = st.tuples(st.floats(0, 0.99), st.floats(0, 0.99), st.floats(0.001, 1), st.floats(0.001, 1))


@few
@given(width=sides, height=sides, share=shares, aspect=st.sampled_from([16 / 9, 1.0, 9 / 16]))
def test_a_small_picture_shows_what_it_is_about(
    blank: Chrome, width: int, height: int, share: tuple[float, float, float, float], aspect: float
) -> None:
    left, top = share[0] * width, share[1] * height
    box = [left, top, left + share[2] * (width - left), top + share[3] * (height - top)]
    picture = {"width": width, "height": height}
    cut = call_module(blank, "events/crop.js", "return m.crop(...a)", box, picture, aspect)
    fit = min(aspect / width, 1 / height)
    for axis, side, frame, ends in (("x", width, aspect, box[0::2]), ("y", height, 1.0, box[1::2])):
        edge = (frame - side * fit) / 2

        def place(
            pixels: float,
            axis: str = axis,
            edge: float = edge,
            frame: float = frame,
            zoom: float = cut["zoom"],
        ) -> float:
            return float(cut[axis] + zoom * (edge + pixels * fit) / frame)

        assert place(0) <= 1e-6, "no edge is in view"
        assert place(side) >= 1 - 1e-6
        assert -1e-6 <= place(sum(ends) / 2) <= 1 + 1e-6, "the object's middle is in view"
    whole = call_module(blank, "events/crop.js", "return m.crop(null, a[0], a[1])", picture, aspect)
    assert whole == {"zoom": 1, "x": 0, "y": 0}


def luminance(colour: list[int]) -> float:
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (c / 255 for c in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_heat_can_be_told_by_lightness_alone(blank: Chrome) -> None:
    body = "return Array.from({ length: 101 }, (_, step) => m.colour(step / 100))"
    lights = [luminance(colour) for colour in call_module(blank, "heatmap/colours.js", body)]
    assert lights == sorted(lights)
    assert len(set(lights)) == len(lights)
    assert (lights[-1] + 0.05) / (lights[0] + 0.05) > 10


@few
@given(st.lists(st.lists(st.floats(0, 1e5), min_size=3, max_size=3), min_size=1, max_size=5))
def test_heat_is_drawn_where_somebody_was(blank: Chrome, rows: list[list[float]]) -> None:
    body = "const { pixels, most } = m.heatPixels(a[0]); return [Array.from(pixels), most]"
    pixels, most = call_module(blank, "heatmap/colours.js", body, rows)
    cells = [value for row in rows for value in row]
    assert len(pixels) == 4 * len(cells)
    assert most == 0 if max(cells) == 0 else min(v for v in cells if v > 0) <= most <= max(cells)
    for cell, alpha in zip(cells, pixels[3::4], strict=True):
        assert (alpha > 0) == (cell > 0)
        if cell > 0 and cell >= most:
            assert alpha == 255
    turned = "return a.map((value) => Math.abs(m.valueAt(m.share(value, 9), 9) - value) < 1e-9)"
    assert call_module(blank, "heatmap/colours.js", turned, 0, 1, 4.5, 9) == [True] * 4


def test_heat_maps_are_offered_where_there_are_any(blank: Chrome) -> None:
    rules = [
        {"name": "all", "settings": {"type": "heatmap", "enabled": True, "cameras": None}},
        {"name": "gate's", "settings": {"type": "heatmap", "cameras": ["gate"]}},
        {"name": "off", "settings": {"type": "heatmap", "enabled": False}},
        {"name": "door", "settings": {"type": "zone"}},
    ]
    body = "return [m.heatmapsOf(a[0], 'gate'), m.heatmapsOf(a[0], 'yard')]"
    found = call_module(blank, "heatmap/heatmaps.js", body, rules)
    assert found == [["all", "gate's"], ["all"]]
