"""The events page with a server and a feed that the test plays: what is shown, what waits, what is said."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.support.ui import Select

from tests.support.browser import call_module, set_screen
from tests.support.waiting import wait_for
from tests.viewer.conftest import Playground
from tests.viewer.page import Page

pytestmark = pytest.mark.e2e

_MOUNT = """
    const { Api, ApiError } = await import(new URL("scripts/api.js", document.baseURI));
    const play = (window.play = { asked: [], kept: a[0], refuse: null, listeners: {}, wanted: null });
    class PlayedApi extends Api {
      async get(path, query = {}) {
        play.asked.push([path, query]);
        if (play.refuse !== null) throw new ApiError(503, { what: play.refuse, todo: "Wait." });
        if (path === "rules") return [{ name: "door", settings: { type: "zone", classes: ["person"] } }];
        const kept = play.kept.filter((event) => query.kind == null || event.kind === query.kind);
        if (path === "counts") return { counts: kept.map(({ time }) => ({ time, number: 1 })) };
        const events = kept.filter((event) => query.before == null || event.number < query.before);
        const page = events.slice(0, query.limit);
        return { events: page, next: events.length > page.length ? page.at(-1).number : null };
      }
    }
    const api = new PlayedApi(new URL("api/v1/", document.baseURI), () => {});
    const feed = {
      want: (wanted) => (play.wanted = wanted ?? null),
      listen: (kind, listener) => {
        play.listeners[kind] = listener;
        if (kind === "state") listener({ phase: "open" });
        if (kind === "stats") listener({ cameras: [{ id: "gate", name: "Main gate" }] });
        return () => delete play.listeners[kind];
      },
    };
    const styles = ["tokens", "base", "statistics", "forms", "pages", "events"].map((name) => {
      const link = document.createElement("link");
      document.head.append(Object.assign(link, { rel: "stylesheet", href: `styles/${name}.css` }));
      return new Promise((resolve) => link.addEventListener("load", resolve));
    });
    await Promise.all(styles);
    const root = document.createElement("div");
    root.id = "played";
    root.style.cssText = "grid-row: 1 / -1; overflow: auto";
    document.body.replaceChildren(root);
    const query = () => new URLSearchParams(location.hash.split("?")[1]);
    const route = () => ({ page: "events", path: [], query: query() });
    play.page = m.mount(root, { api, feed }, route());
    play.routed = () => play.page.routed(route());
    window.addEventListener("hashchange", play.routed);
"""


def event(number: int, kind: str = "enter", **more: Any) -> dict[str, Any]:
    told = {"camera": "gate", "rule": "door", "kind": kind, "class": "person", "object": number, "score": 0.5}
    rest = {"box": None, "counts": {"entered": {"person": number}}, "snapshot": None, "clip": None}
    return {"number": number, "id": f"e-{number}", "time": time.time() - 1, **told, **rest, **more}


class Played(Page):
    """The page, with what is behind it."""

    def arrive(self, *events: dict[str, Any]) -> None:
        self.run(
            "for (const event of arguments[0]) { play.kept.unshift(event); play.listeners.event(event); }",
            events,
        )

    def numbers(self) -> list[int]:
        rows = self.run(
            "return Array.from(document.querySelectorAll('#played .event'), (e) => e.dataset.number)"
        )
        return [int(number) for number in rows]

    def shows(self, numbers: list[int]) -> None:
        wait_for(lambda: self.numbers() == numbers, f"these events: {numbers}")

    def button(self, words: str) -> Any:
        return next(one for one in self.shown("#played button") if one.text == words)


@pytest.fixture
def played(browser: Chrome, playground: Playground) -> Iterator[Played]:
    set_screen(browser, 1000, 700)
    browser.get(f"{playground.address}/healthz")  # nothing else runs there
    page = Played(browser)
    browser.get_log("browser")
    call_module(browser, "pages/events.js", _MOUNT, [event(number) for number in range(60, 0, -1)])
    page.shows(list(range(60, 10, -1)))
    yield page
    page.run("window.removeEventListener('hashchange', play.routed); play.page.unmount()")
    assert page.run("return [Object.keys(play.listeners), play.wanted]") == [[], None], (
        "it lets go of everything"
    )
    assert [
        entry
        for entry in browser.get_log("browser")
        if entry["level"] == "SEVERE" and "favicon" not in entry["message"]
    ] == []


def test_events_come_by_themselves_and_wait_while_somebody_reads(played: Played) -> None:
    assert played.run("return play.wanted") == {"cameras": None, "frames": False, "events": True}
    first = played.find(".event").text
    for expected in ("Person entered", "door", "Main gate", "50 %"):
        assert expected in first
    played.arrive(event(61))
    played.shows(list(range(61, 10, -1)))
    played.run("document.querySelector('#played').scrollTop = 1e6")
    wait_for(lambda: played.run("return document.querySelector('#played').scrollTop") > 500, "further down")
    before = played.run("return document.querySelector('#played').scrollTop")
    wait_for(
        lambda: (
            played.arrive(event(played.run("return play.kept[0].number + 1")))
            or played.shown(".events-fresh")
        ),
        "news",
    )
    assert played.run("return document.querySelector('#played').scrollTop") == before
    assert played.numbers()[0] == 61
    newest = played.run("return play.kept[0].number")
    wait_for(
        lambda: played.find(".events-fresh").text in (f"{newest - 61} new events", "1 new event"),
        "their number",
    )
    played.find(".events-fresh button").click()
    played.shows(list(range(newest, 10, -1)))
    assert not played.find(".events-fresh").is_displayed()
    assert str(newest) in played.find(".bars-words").text


def test_filters_are_in_the_address_and_asked_of_the_server(played: Played) -> None:
    Select(played.find("select[name=kind]")).select_by_visible_text("Left")
    wait_for(lambda: "kind=exit" in played.browser.current_url, "the filter in the address")
    wait_for(lambda: "No event fits" in played.find(".page-message").text, "words in place of events")
    played.arrive(event(61), event(62, "exit"))
    played.shows([62])
    Select(played.find("select[name=span]")).select_by_visible_text("Last hour")
    wait_for(lambda: played.run("return play.asked.at(-1)")[1].get("by") == "minute", "minutes for an hour")
    path, query = played.run("return play.asked.at(-2)")
    assert (path, query["kind"]) == ("events", "exit")
    assert abs(query["since"] - (time.time() - 3600)) < 60
    hrefs = (
        "return Array.from(document.querySelectorAll('#played a[download]'), (link) => {"
        "link.addEventListener('click', (e) => e.preventDefault()); link.click(); return link.href; })"
    )
    table, lines, counts = played.run(hrefs)
    assert "/api/v1/events.csv?kind=exit&since=" in table
    assert "/api/v1/events.json?kind=exit&since=" in lines
    assert "/api/v1/counts?kind=exit&since=" in counts
    assert "format=csv" in counts
    played.button("Clear filters").click()
    played.shows(list(range(62, 12, -1)))


def test_older_ones_are_asked_for_and_memory_stays_bounded(played: Played) -> None:
    played.button("Older events").click()
    played.shows(list(range(60, 0, -1)))
    assert played.find(".events-end").text == "These are all."
    assert played.focused().startswith("Person entered"), "the focus is where reading goes on"
    played.run("document.activeElement.blur(); document.querySelector('#played').scrollTop = 0")
    ActionChains(played.browser).move_to_element(played.find("h2")).perform()
    played.arrive(*[event(number) for number in range(61, 461)])
    wait_for(lambda: 460 in played.numbers(), "the newest")
    assert len(played.numbers()) <= 300
    assert len(played.numbers()) == len(set(played.numbers()))


def test_a_gap_has_everything_asked_for_again(played: Played) -> None:
    played.arrive(event(61))
    played.shows(list(range(61, 10, -1)))
    played.run("play.kept.unshift(...arguments[0])", [event(63), event(62)])
    played.arrive(event(64))
    played.shows(list(range(64, 14, -1)))


def test_one_event_alone_by_keyboard(played: Played) -> None:
    with_clip = event(60, snapshot="favicon.svg", clip="/no/such.mp4")
    played.run("play.kept[0] = arguments[0]", with_clip)
    played.run("document.querySelector('#played .event-open').focus()")
    played.press(Keys.ENTER)
    dialog = played.find(".event-dialog")
    assert dialog.is_displayed()
    played.run("arguments[0].style.width = '15rem'", dialog)  # as on a phone
    assert played.find(".event-dialog .icon-button").rect["y"] == played.find("#event-title").rect["y"]
    played.run("arguments[0].style.width = ''", dialog)
    wait_for(
        lambda: "clip is no longer there" in dialog.text, "the clip that came later, and that it is gone"
    )
    assert [link.text for link in played.shown(".event-dialog a")] == [
        "Save picture",
        "Save clip",
        "Show the camera",
    ]
    played.press(Keys.ARROW_RIGHT)
    wait_for(lambda: "59 person" in dialog.text, "the event before")
    played.press(Keys.ESCAPE)
    assert not dialog.is_displayed()
    assert "#59" in played.focused()
    played.browser.get_log("browser")  # what is missing is complained of there, too


def test_what_goes_wrong_is_said_in_the_servers_words(played: Played) -> None:
    played.run("play.refuse = 'the events can not be read now'")
    Select(played.find("select[name=class]")).select_by_visible_text("person")
    wait_for(
        lambda: "The events can not be read now. Wait." in played.find(".page-message").text, "the words"
    )
    played.run("play.refuse = null")
    played.button("Try again").click()
    wait_for(lambda: not played.find(".page-message").is_displayed(), "the events")
    assert json.loads(played.run("return JSON.stringify(play.asked.at(-1)[1])"))["class"] == "person"


def test_counts_are_there_as_a_table(played: Played) -> None:
    played.find(".bars-card summary").click()
    wait_for(lambda: played.shown(".bars-table tbody tr"), "rows")
    rows = [row.text.split()[-1] for row in played.shown(".bars-table tbody tr")]
    assert sum(map(int, rows)) == 60
    assert "60 events" in played.find(".bars-words").text
