"""Rules and cameras changed in a real browser on a real run."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from selenium.webdriver import ActionChains, Chrome, Keys

from tests.support.browser import chromium, set_screen
from tests.support.product import Product, camwire, write_config
from tests.support.rtsp import RtspServer
from tests.support.rtsp_faults import refusing_port
from tests.support.waiting import wait_for
from tests.viewer.page import Page

pytestmark = pytest.mark.e2e

NVDSANALYTICS = """
[property]
enable=1
config-width=768
config-height=576
[line-crossing-stream-0]
enable=1
line-crossing-Path=400;300;400;200;380;100;380;500
class-id=-1
"""


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chrome]:
    with chromium(tmp_path / "profile") as browser:
        set_screen(browser, 1440, 900)
        yield browser


def complaints(browser: Chrome) -> list[Any]:
    return [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


def shown_counts(page: Page) -> dict[str, str]:
    """What stands beside each rule in the list, by its name."""
    rows = page.all(".rule-list li")
    return {
        row.get_attribute("data-name") or "": row.find_element("css selector", ".rule-counts").text
        for row in rows
    }


def test_a_zone_drawn_on_the_picture_counts_who_passes(tmp_path: Path, browser: Chrome, street: Path) -> None:
    camera = {"id": "yard", "name": "Yard", "url": str(street)}
    config = write_config(tmp_path, [camera], model={"score_threshold": 0.25})
    with camwire("run", str(config)) as product:
        page = Page(browser)
        browser.get(f"{product.url}/#/rules/yard")
        drawn = "return document.querySelector('.rules-image')?.naturalWidth ?? 0"
        wait_for(lambda: page.run(drawn) > 0, "the camera's picture", timeout=60)
        wait_for(lambda: page.all(".objects rect"), "boxes around objects", timeout=60)

        page.find('.tool[data-kind="zone"]').click()
        overlay = page.find(".overlay")
        width, height = overlay.size["width"], overlay.size["height"]
        for x, y in ((0.05, 0.15), (0.95, 0.15), (0.95, 0.95), (0.05, 0.95)):
            mouse = ActionChains(browser, duration=10)
            mouse.move_to_element_with_offset(overlay, round((x - 0.5) * width), round((y - 0.5) * height))
            mouse.click().perform()
        page.press(Keys.ENTER)
        page.find(".saving .primary").click()
        wait_for(lambda: "Saved" in page.find(".rules-message").text, "the zone to be saved")
        assert "Zone 1" in config.read_text()

        def entered() -> int:
            _, _, rest = shown_counts(page)["Zone 1"].partition("entered ")
            return int((rest.split(" ")[0] or "0").replace(",", "")) if rest else 0

        first = wait_for(entered, "someone in the zone", timeout=60)
        wait_for(lambda: entered() > first, "the count to go on", timeout=60)

        tried = next(button for button in page.all(".tool") if "last minute" in button.text)
        tried.click()
        wait_for(lambda: "entered:" in page.find(".try-out").text, "what the rule would have counted")

        take_over(page, tmp_path)
        wait_for(lambda: len(shown_counts(page)) == 2, "the line of the file")
        assert complaints(browser) == []


def take_over(page: Page, folder: Path) -> None:
    """Import a DeepStream file."""
    file = folder / "config_nvdsanalytics.txt"
    file.write_text(NVDSANALYTICS)
    next(button for button in page.all(".tool") if button.text == "Import").click()
    page.find("dialog input[type=file]").send_keys(str(file))
    submit = page.find("dialog .primary")
    submit.click()
    wait_for(lambda: "Add 1 rule" in submit.text, "the file to be read")
    submit.click()


def test_a_camera_is_added_lost_found_turned_off_and_removed(
    tmp_path: Path, browser: Chrome, clips: Path
) -> None:
    config = write_config(tmp_path, [{"id": "one", "url": str(clips / "h264.mp4")}])
    with (
        refusing_port() as closed,
        RtspServer(clips) as server,
        camwire("run", str(config)) as product,
    ):
        page = Page(browser)
        browser.get(f"{product.url}/#/cameras/add")
        address = wait_for(lambda: page.shown("#camera-url"), "the form")[0]
        address.send_keys(f"rtsp://127.0.0.1:{closed}/none", Keys.ENTER)
        wait_for(lambda: "No picture" in page.find(".trial").text, "the reason")
        assert "refuses the connection" in page.find(".trial").text
        address.send_keys(Keys.CONTROL, "a", Keys.NULL, server.url("h265.mp4"), Keys.ENTER)
        wait_for(lambda: page.shown(".trial img"), "a picture")
        assert "320×180" in page.find(".trial").text
        assert page.find("#camera-name").get_attribute("value") == "Camera 127.0.0.1"
        name, camera = page.find("#camera-name"), page.find("#camera-id")
        for field, text in ((name, "Gate"), (camera, "7")):
            field.send_keys(Keys.CONTROL, "a", Keys.NULL, text)
        page.find(".camera-dialog .primary").click()

        def state(wanted: str) -> None:
            row = '[data-camera-id="7"]'
            wait_for(
                lambda: page.all(row) and page.find(row).get_attribute("data-state") == wanted, wanted, 60
            )

        state("live")
        order = [row.get_attribute("data-camera-id") for row in page.all("[data-camera-id]")]
        assert order == ["one", "7"], "as configured, not as JavaScript orders numbers"
        server.kill()
        state("retrying")
        wait_for(lambda: "refuses" in page.find('[data-camera-id="7"]').text, "the reason")
        server.start()
        state("live")
        press(page, "Turn off Gate")
        state("disabled")
        press(page, "Turn on Gate")
        state("live")
        rule = {"type": "heatmap", "name": "Where", "cameras": ["7"]}
        httpx.post(f"{product.url}/api/v1/rules", json=rule, timeout=30).raise_for_status()
        press(page, "Remove Gate")
        dialog = wait_for(lambda: page.shown("dialog"), "the question")[0]
        assert "“Where”" in dialog.text
        dialog.find_element("css selector", "[value=yes]").click()
        wait_for(lambda: len(page.all("[data-camera-id]")) == 1, "the camera to go")
        assert rules_of(product) == []
        assert "Gate" not in config.read_text()
        assert complaints(browser) == []


def press(page: Page, name: str) -> None:
    page.find(f'[aria-label="{name}"]').click()


def rules_of(product: Product) -> list[Any]:
    found: list[Any] = httpx.get(f"{product.url}/api/v1/rules", timeout=30).json()
    return found
