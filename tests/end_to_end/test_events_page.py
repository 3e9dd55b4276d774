"""Events in a real browser on a real run: they come by themselves, with pictures, and can be taken away."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from selenium.webdriver import Keys
from selenium.webdriver.remote.webelement import WebElement

from tests.support.browser import chromium, set_screen
from tests.support.product import camwire, write_config
from tests.support.waiting import wait_for
from tests.viewer.page import Page

pytestmark = pytest.mark.e2e

WHOLE = [[0, 0], [1, 0], [1, 1], [0, 1]]
RULES = [
    {"type": "zone", "name": "all", "polygon": WHOLE, "classes": ["person"]},
    {"type": "heatmap", "name": "where", "classes": ["person"]},
]
_PICTURES = (
    "return Array.from(document.querySelectorAll('.event img')).filter((i) => i.naturalWidth > 0).length"
)
_EXPORT = """
    const [done] = arguments;
    const links = Array.from(document.querySelectorAll("a[download]"));
    const link = links.find((one) => one.textContent === "Export CSV");
    link.addEventListener("click", (event) => event.preventDefault());
    link.click();
    fetch(link.href).then((answer) => answer.text()).then(done);
"""
_HEAT = """
    const canvas = document.querySelector(".heat-canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.some((value) => value > 0);
"""


def plays(page: Page, row: WebElement) -> bool:
    """Open an event: whether its clip is there and can be played. Close it again where it isn't."""
    page.run("arguments[0].click()", row)
    try:
        video = wait_for(lambda: page.shown(".event-dialog video"), "a clip", timeout=1.5)[0]
    except AssertionError:
        page.press(Keys.ESCAPE)
        return False
    wait_for(lambda: page.run("return arguments[0].readyState", video) >= 2, "its first picture")
    return float(page.run("return arguments[0].duration", video)) > 0.5


def test_events_come_with_pictures_and_leave_as_a_table(tmp_path: Path, street: Path) -> None:
    camera = {"id": "yard", "name": "Back yard", "url": str(street)}
    kept = {"snapshots": True, "clips": {"before": 1, "after": 1}}
    config = write_config(tmp_path, [camera], rules=RULES, events=kept, model={"score_threshold": 0.25})
    with camwire("run", str(config)) as product, chromium(tmp_path / "profile") as browser:
        set_screen(browser, 1440, 900)
        browser.get(f"{product.url}/#/events")
        page = Page(browser)
        wait_for(lambda: page.all(".events .event"), "an event", timeout=60)
        wait_for(lambda: page.run(_PICTURES) > 0, "an event's picture")
        before = len(page.all(".events .event"))
        wait_for(lambda: len(page.all(".events .event")) > before, "more, by themselves", timeout=60)
        text = page.find(".events .event").text
        for expected in ("Person", "all", "Back yard"):
            assert expected in text
        table = list(csv.DictReader(io.StringIO(browser.execute_async_script(_EXPORT))))
        assert len(table) >= before
        assert {row["rule"] for row in table} == {"all"}

        page.find(".event-open").click()
        wait_for(lambda: page.shown(".event-dialog :is(img, video)"), "its picture, large")
        page.press(Keys.ESCAPE)
        oldest = page.all(".event-open")[-1]
        wait_for(lambda: plays(page, oldest), "the clip of one that is over", timeout=60)
        page.find(".event-dialog .dialog-actions a:last-child").click()
        wait_for(lambda: page.shown(".tile[data-enlarged]"), "its camera alone")
        wait_for(lambda: page.shown(".heat-switch"), "the switch of the heat map")[0].click()
        wait_for(lambda: page.all(".heat-canvas") and page.run(_HEAT), "where people were")
        errors = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
        # A picture may be asked for a moment before it is on the disk.
        assert [error for error in errors if "snapshot.jpg" not in error["message"]] == []
