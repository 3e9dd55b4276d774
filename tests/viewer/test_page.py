"""The page as people have it before them: the real server, moving pictures, a real browser."""

from __future__ import annotations

import json

import httpx
import pytest
from selenium.webdriver import Keys
from selenium.webdriver.support.color import Color
from websockets.sync.client import connect

from tests.support.browser import call_module, set_screen
from tests.support.waiting import wait_for
from tests.viewer.conftest import CAMERAS, Playground
from tests.viewer.page import Page

pytestmark = pytest.mark.e2e


def test_pictures_fill_the_canvases_and_move(page: Page) -> None:
    for number in range(1, CAMERAS + 1):
        wait_for(lambda n=number: page.fingerprint(f"cam-{n}")[0] > 10, "more than one flat colour")
        _, first = page.fingerprint(f"cam-{number}")
        wait_for(lambda n=number, f=first: page.fingerprint(f"cam-{n}")[1] != f, "the picture changes")


def test_tiles_say_what_their_camera_does(page: Page) -> None:
    assert page.find("#connection").text == "Connected"
    assert page.find("#summary").text == f"{CAMERAS} of {CAMERAS + 1} live"
    assert page.browser.title == f"{CAMERAS} of {CAMERAS + 1} live · camwire"
    live = page.tile("cam-1").text
    assert "Live" in live
    assert "Camera 1" in live
    assert "2 person" in live
    assert live.rstrip().endswith("fps")
    lost = page.tile("lost").text
    assert "Lost" in lost
    assert "connection refused" in lost
    assert "Next try in" in lost
    assert "disabled in the configuration" in page.tile("off").text


def test_the_console_stays_empty(page: Page) -> None:
    page.find("#statistics-button").click()
    wait_for(lambda: len(page.shown(".statistics .card")) > CAMERAS, "the statistics")
    complaints = [entry for entry in page.browser.get_log("browser") if entry["level"] != "INFO"]
    assert [c for c in complaints if page.browser.current_url in c["message"]] == []


def test_a_toggle_is_everyones(page: Page, playground: Playground) -> None:
    switch = page.find('[data-toggle="labels"]')
    assert switch.get_attribute("aria-checked") == "true"
    with connect(playground.address.replace("http", "ws") + "/ws") as other:

        def labels_of_other() -> bool:
            while True:
                message = other.recv(timeout=30)
                if isinstance(message, str) and json.loads(message)["type"] == "toggles":
                    return bool(json.loads(message)["toggles"]["labels"])

        assert labels_of_other() is True
        switch.click()
        assert labels_of_other() is False
        wait_for(lambda: switch.get_attribute("aria-checked") == "false", "the switch follows the server")
        other.send(json.dumps({"type": "set_vis_toggle", "toggle": "labels", "enabled": True}))
        wait_for(lambda: switch.get_attribute("aria-checked") == "true", "the switch follows the other one")


def test_switches_open_on_a_card_where_there_is_little_room(page: Page) -> None:
    set_screen(page.browser, 1024, 768)
    page.tab_to("Enlarge Camera 1")
    page.press(Keys.ENTER)
    assert not page.shown("#toggles")
    page.find("#toggles-button").send_keys(Keys.ENTER)
    assert len(page.shown("#toggles .switch")) == 7
    page.press(Keys.TAB)
    assert page.focused() == "Boxes"
    page.press(Keys.ESCAPE)
    assert not page.shown("#toggles")
    assert page.focused() == "Overlay"
    assert len(page.shown(".tile")) == 1, "the camera stays alone"
    page.press(Keys.ESCAPE)
    assert len(page.shown(".tile")) == CAMERAS + 2


def test_cameras_out_of_sight_are_not_asked_for(page: Page, playground: Playground) -> None:
    def asked() -> list[str] | None:
        [client] = httpx.get(f"{playground.address}/api/v1/system", timeout=60).json()["clients"]
        return client["cameras"]

    assert asked() is None, "all of them fit the screen"
    set_screen(page.browser, 390, 360)
    wait_for(lambda: asked() == ["cam-1", "cam-2"], "those at the top")
    page.run("document.querySelector('.viewport').scrollTo({ top: 1e6 })")
    wait_for(lambda: asked() == ["lost", "off"], "those at the bottom")
    page.find('[data-camera="off"] .tile-open').send_keys(Keys.ENTER)
    wait_for(lambda: asked() == ["off"], "the one that stands alone")
    set_screen(page.browser, 1440, 900)
    page.press(Keys.ESCAPE)
    wait_for(lambda: asked() is None, "all of them again")


def test_a_dialog_goes_with_its_page(page: Page) -> None:
    page.run("location.hash = '#/cameras/add'")
    wait_for(lambda: page.shown("dialog[open]"), "the dialog")
    assert page.find("#camera-name").rect["y"] == page.find("#camera-id").rect["y"], "one line of fields"
    page.run("location.hash = '#/live'")
    wait_for(lambda: page.shown(".tile"), "the cameras")
    assert not page.all("dialog")


def test_beside_a_long_name_an_id_is_read_whole(page: Page, playground: Playground) -> None:
    camera = f"{playground.address}/api/v1/cameras/cam-1"
    name = "The loading bay behind the west gate, row twelve, left"
    httpx.patch(camera, json={"name": name}).raise_for_status()
    try:
        set_screen(page.browser, 390, 844)
        page.run("location.hash = '#/cameras'")
        head = '[data-camera-id="cam-1"] .camera-head'
        wait_for(lambda: "loading bay" in page.text(f"{head} .camera-name"), "the long name")
        whole = "const id = document.querySelector(arguments[0]); return id.scrollWidth <= id.clientWidth"
        assert page.run(whole, f"{head} code")
    finally:
        httpx.patch(camera, json={"name": "Camera 1"}).raise_for_status()


def test_by_keyboard_alone(page: Page) -> None:
    page.tab_to("Enlarge Camera 1")
    page.press(Keys.ENTER)
    assert [tile.get_attribute("data-camera") for tile in page.shown(".tile")] == ["cam-1"]
    page.press(Keys.ARROW_RIGHT)
    assert [tile.get_attribute("data-camera") for tile in page.shown(".tile")] == ["cam-2"]
    page.press(Keys.ESCAPE)
    assert len(page.shown(".tile")) == CAMERAS + 2
    assert page.focused() == "Enlarge Camera 2"
    page.press(Keys.ARROW_LEFT)
    assert page.focused() == "Enlarge Camera 1"
    assert page.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"

    page.find("#statistics-button").send_keys(Keys.ENTER)
    assert page.find("#statistics").is_displayed()
    page.tab_to("Close statistics")
    page.press(Keys.ESCAPE)
    assert not page.find("#statistics").is_displayed()
    assert page.focused() == "Statistics"


def test_the_address_names_the_camera_that_stands_alone(page: Page) -> None:
    def alone() -> list[str | None]:
        return [tile.get_attribute("data-camera") for tile in page.shown(".tile[data-enlarged]")]

    def place() -> str:
        return str(page.run("return location.hash"))

    page.run("location.hash = '#/system'")
    wait_for(lambda: page.shown(".page-head"), "another page")
    page.run("location.hash = '#/live'")
    wait_for(lambda: page.shown(".tile"), "the cameras")
    page.find('[data-camera="cam-2"] .tile-open').click()
    wait_for(lambda: (place(), alone()) == ("#/live/cam-2", ["cam-2"]), "the camera in the address")
    page.press(Keys.ARROW_RIGHT)
    wait_for(lambda: (place(), alone()) == ("#/live/cam-3", ["cam-3"]), "its neighbour")
    page.browser.back()
    wait_for(lambda: (place(), alone()) == ("#/live", []), "Back leads to all cameras, not away")
    assert page.shown('[data-camera="cam-1"]')

    page.browser.forward()
    wait_for(lambda: (place(), alone()) == ("#/live/cam-3", ["cam-3"]), "Forward to the one again")
    page.press(Keys.ESCAPE)
    wait_for(lambda: (place(), alone()) == ("#/live", []), "all of them")
    page.browser.back()
    wait_for(lambda: place() == "#/system", "the page before")

    page.run("location.hash = '#/live/cam-1'")
    wait_for(lambda: alone() == ["cam-1"], "the one that the address names")
    page.press(Keys.ESCAPE)
    wait_for(lambda: (place(), alone()) == ("#/live", []), "all of them")


def test_the_focus_stays_where_a_camera_is_removed(page: Page, playground: Playground) -> None:
    cameras = f"{playground.address}/api/v1/cameras"
    httpx.post(cameras, json={"id": "spare", "url": "synthetic:ball"}).raise_for_status()
    page.run("location.hash = '#/cameras'")
    wait_for(lambda: page.shown('[data-camera-id="spare"] .danger'), "the new camera")
    page.find('[data-camera-id="spare"] .danger').send_keys(Keys.ENTER)
    wait_for(lambda: page.shown("dialog .primary"), "the question")
    page.find("dialog .primary").send_keys(Keys.ENTER)
    wait_for(lambda: not page.all('[data-camera-id="spare"]'), "the camera to go")
    assert page.focused() == "Add a camera"


def test_statistics_show_every_part_and_start_anew(page: Page) -> None:
    page.find("#statistics-button").click()
    wait_for(lambda: "Worker on cpu" in page.find("#statistics").text, "the worker's card")
    page.run("for (const more of document.querySelectorAll('#statistics details')) more.open = true")
    wait_for(lambda: "Encode" in page.find("#statistics").text, "latency by stage")
    text = page.find("#statistics").text
    for expected in ("Camera 1", "Lost camera", "Server", "Connected viewers", "127.0.0.1", "Fps cap", "p95"):
        assert expected in text

    def charted() -> bool:
        script = """
            const { canvas } = document.querySelector(".chart-canvas").getContext("2d");
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return data.some((value) => value > 0);
        """
        return bool(page.run(script))

    wait_for(charted, "a line on the first chart")

    def sent() -> int:
        row = page.find("#statistics table[data-table=viewers] tbody tr")
        return int(row.find_elements("tag name", "td")[1].text.replace(",", ""))

    def many() -> int:
        # So many that counting from 0 needs several looks, once a second, to come this far again.
        return count if (count := sent()) > 120 else 0

    before = wait_for(many, "pictures sent to this page")
    page.find("#clear-button").click()
    wait_for(lambda: sent() < before, "counters start anew")


def test_nothing_sticks_out_from_phone_to_wall(page: Page) -> None:
    fits = "return document.documentElement.scrollWidth <= innerWidth"
    panel_fits = "const s = document.querySelector('#statistics'); return s.scrollWidth <= s.clientWidth"
    button = page.find("#statistics-button")
    for width, height in ((320, 568), (360, 740), (740, 360), (1440, 900), (3840, 2160)):
        set_screen(page.browser, width, height)
        wait_for(lambda: page.run(fits), f"the cameras fit {width} pixels")
        widths = page.run("return Array.from(document.querySelectorAll('.tile'), (t) => t.offsetWidth)")
        assert min(widths) >= min(187, width - 24)
        button.click()
        wait_for(lambda: page.run(fits) and page.run(panel_fits), f"the statistics fit {width} pixels")
        button.click()


def test_objects_that_do_not_fit_are_left_out_whole(page: Page) -> None:
    cut = """
        const cut = [];
        for (const list of document.querySelectorAll(".tile-objects")) {
          const { right, bottom } = list.getBoundingClientRect();
          for (const item of list.children) {
            const box = item.getBoundingClientRect();
            if (box.top < bottom - 1 && box.right > right + 1) cut.push([innerWidth, item.textContent]);
          }
        }
        return cut;
    """
    for width in range(600, 1000, 40):
        set_screen(page.browser, width, 400)
        wait_for(lambda w=width: page.run("return innerWidth") == w, "the screen")
        assert page.run(cut) == []


def test_text_stands_out_in_light_and_dark(page: Page) -> None:
    page.find("#statistics-button").click()
    page.run("""
        for (const more of document.querySelectorAll("#statistics details")) more.open = true;
        document.querySelector("#banner").hidden = false;
        document.querySelector("#banner [data-part=text]").textContent = "The connection was lost.";
        document.querySelector("#empty").hidden = false;
    """)
    call_module(
        page.browser, "toasts.js", "new m.Toasts(document.getElementById('toasts')).show('A mistake')"
    )
    wait_for(lambda: "Encode" in page.find("#statistics").text, "latency by stage")
    for scheme in ("light", "dark"):
        set_screen(page.browser, 1440, 900, scheme)
        contrasts = page.contrasts()
        assert len(contrasts) > 80
        assert [found for found in contrasts if found[0] < 4.5] == [], scheme


def test_the_theme_can_be_chosen_and_is_kept(page: Page) -> None:
    def ground() -> str:
        return Color.from_string(page.find("body").value_of_css_property("background-color")).hex

    dark = ground()
    button = page.find("#theme-button")
    button.click()
    assert button.accessible_name == "Theme: light"
    light = ground()
    assert light != dark
    page.browser.refresh()
    assert ground() == light
    button = page.find("#theme-button")
    button.click()
    assert ground() == dark
    button.click()
    assert button.accessible_name == "Theme: as the system"


def test_a_page_in_the_background_lets_go(page: Page, playground: Playground) -> None:
    window = page.browser.current_window_handle
    with connect(playground.address.replace("http", "ws") + "/ws") as other:

        def viewers() -> int:
            while True:
                message = other.recv(timeout=30)
                if isinstance(message, str) and json.loads(message)["type"] == "stats":
                    return int(json.loads(message)["connections"]["now"])

        wait_for(lambda: viewers() == 2, "this page beside the other client")
        page.browser.switch_to.new_window("tab")
        try:
            wait_for(lambda: viewers() == 1, "the page behind has left")
        finally:
            page.browser.close()
            page.browser.switch_to.window(window)
        wait_for(lambda: viewers() == 2, "the page is back")


def test_a_server_that_comes_back_is_found_again(page: Page, playground: Playground) -> None:
    set_screen(page.browser, 390, 844)
    head = page.find(".head").size["height"]
    playground.stop()
    wait_for(lambda: page.find("#banner").is_displayed(), "the page says that the server is gone")
    assert page.find(".head").size["height"] == head, "a phone's head keeps its one line"
    set_screen(page.browser, 1440, 900)
    assert "connection" in page.find("#banner").text
    assert page.find("#stage").get_attribute("data-stale") is not None
    assert page.find('[data-toggle="labels"]').get_attribute("aria-disabled") == "true"
    assert page.browser.title == "Out of reach · camwire"
    assert "Live" not in page.find("#cameras").text
    assert "Next try" not in page.tile("lost").text
    playground.start()
    # Unless the page has found it by itself.
    page.run("if (arguments[0].offsetParent) arguments[0].click()", page.find("#banner button"))
    wait_for(lambda: page.find("#connection").text == "Connected", "the connection is back")
    wait_for(lambda: not page.find("#banner").is_displayed(), "the banner to go")
    wait_for(lambda: page.tile("cam-1").text.startswith("Live"), "the camera is live again")
    before = page.fingerprint("cam-1")
    wait_for(lambda: page.fingerprint("cam-1") != before, "pictures move again")


def test_a_page_that_could_not_be_loaded_comes_with_the_server(page: Page, playground: Playground) -> None:
    page.browser.execute_cdp_cmd("Network.enable", {})
    page.browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/pages/system.js"]})
    page.browser.get("about:blank")
    page.browser.get(f"{playground.address}/#/system")
    wait_for(lambda: "could not be loaded" in page.text("#page"), "words in place of the page")
    page.browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
    playground.stop()
    wait_for(lambda: page.find("#banner").is_displayed(), "the page says that the server is gone")
    playground.start()
    wait_for(lambda: "Processor" in page.text("#page"), "the page")


def test_the_cameras_fill_the_screen_and_leave_it(page: Page) -> None:
    page.tab_to("Full screen")
    page.press(Keys.ENTER)
    wait_for(lambda: page.run("return document.fullscreenElement?.id") == "body", "the whole screen")
    assert page.shown(".tile")
    page.run("document.exitFullscreen()")
    wait_for(lambda: page.run("return document.fullscreenElement === null"), "the page as it was")
