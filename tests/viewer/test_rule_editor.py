"""The rule editor under a mouse, a finger and a keyboard; the server is real, its pictures are drawn."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.actions.interaction import POINTER_TOUCH
from selenium.webdriver.common.actions.pointer_input import PointerInput
from selenium.webdriver.support.ui import Select

from tests.support.browser import set_screen
from tests.support.waiting import wait_for
from tests.viewer.conftest import Playground
from tests.viewer.page import Page

pytestmark = pytest.mark.e2e

DOOR = {"type": "line", "name": "Door", "cameras": ["cam-1"], "start": [0.25, 0.25], "end": [0.25, 0.75]}


class EditorPage(Page):
    """The page of rules, and what is on it."""

    def at(self, x: float, y: float) -> tuple[int, int]:
        """Where a fraction of the picture is, from the middle of the overlay, in pixels."""
        size = self.find(".overlay").rect
        return round((x - 0.5) * size["width"]), round((y - 0.5) * size["height"])

    def click(self, *points: tuple[float, float]) -> None:
        for point in points:
            mouse = ActionChains(self.browser, duration=10)
            mouse.move_to_element_with_offset(self.find(".overlay"), *self.at(*point)).click().perform()

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        mouse = ActionChains(self.browser, duration=20)
        mouse.move_to_element_with_offset(self.find(".overlay"), *self.at(*start)).click_and_hold()
        mouse.move_to_element_with_offset(self.find(".overlay"), *self.at(*end)).release().perform()

    def tool(self, name: str) -> None:
        self.find(f'.tool[data-kind="{name}"]').click()

    def says(self) -> str:
        return self.find(".rules-message").text

    def names(self) -> list[str]:
        return [row.text for row in self.all(".rule-name")]

    def corners(self) -> list[tuple[float, float]]:
        """Of the chosen rule, as fractions."""
        box = self.find(".overlay").rect
        found = []
        for handle in self.all(".handle.corner .handle-dot"):
            rect = handle.rect
            x, y = rect["x"] + rect["width"] / 2 - box["x"], rect["y"] + rect["height"] / 2 - box["y"]
            found.append((x / box["width"], y / box["height"]))
        return found

    def chord(self, key: str, *held: str) -> None:
        keys = ActionChains(self.browser)
        for one in held:
            keys.key_down(one)
        keys.send_keys(key)
        for one in held:
            keys.key_up(one)
        keys.perform()

    def name_it(self, name: str) -> None:
        field = self.find(".rule-form input[type=text]")
        field.click()
        self.chord("a", Keys.CONTROL)
        field.send_keys(Keys.BACKSPACE, name)

    def press_save(self) -> None:
        button = self.find(".saving .primary")
        wait_for(button.is_enabled, "something to save")
        button.click()

    def save(self) -> None:
        self.press_save()
        button = self.find(".saving .primary")
        wait_for(lambda: not button.is_enabled() and "Saved" in self.says(), "it to be saved")


def near(*corners: tuple[float, float]) -> list[Any]:
    return [pytest.approx(corner, abs=0.006) for corner in corners]


@pytest.fixture
def rules(playground: Playground) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The settings that the server has; `Door` alone at the beginning, none at the end."""
    with httpx.Client(base_url=f"{playground.address}/api/v1", timeout=60) as client:
        client.put("/rules", json=[DOOR]).raise_for_status()
        yield lambda: [rule["settings"] for rule in client.get("/rules").json()]
        client.put("/rules", json=[]).raise_for_status()


def opened(browser: Chrome, playground: Playground) -> EditorPage:
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get(f"{playground.address}/#/rules/cam-1")
    page = EditorPage(browser)
    wait_for(lambda: page.names() == ["Door"], "the rules that there are")
    drawn = "return document.querySelector('.rules-image').naturalWidth"
    wait_for(lambda: page.run(drawn) == 1280, "the camera's picture")
    return page


@pytest.fixture
def editor(browser: Chrome, playground: Playground, rules: Any) -> Iterator[EditorPage]:
    set_screen(browser, 1440, 900)
    page = opened(browser, playground)
    yield page
    complaints = [entry for entry in browser.get_log("browser") if entry["level"] != "INFO"]
    page.run("onbeforeunload = null; history.replaceState(null, '', '#/rules')")
    browser.execute_cdp_cmd("Page.navigate", {"url": "about:blank"})
    assert [entry for entry in complaints if not re.search("status of 4[12]2", entry["message"])] == []


def test_a_zone_is_drawn_changed_undone_and_saved(editor: EditorPage, rules: Any) -> None:
    editor.tool("zone")
    editor.click((0.4, 0.2), (0.8, 0.2), (0.8, 0.8))
    assert "close the zone" in editor.says()
    editor.click((0.6, 0.05))
    assert "would cross" in editor.says()
    editor.click((0.4, 0.8), (0.4, 0.2))
    assert editor.names() == ["Door", "Zone 1"]
    square = near((0.4, 0.2), (0.8, 0.2), (0.8, 0.8), (0.4, 0.8))
    assert editor.corners() == square

    editor.drag((0.8, 0.2), (0.9, 0.1))
    assert editor.corners()[1] == near((0.9, 0.1))[0]
    editor.chord("z", Keys.CONTROL)
    assert editor.corners() == square
    editor.chord("z", Keys.CONTROL, Keys.SHIFT)
    assert editor.corners()[1] == near((0.9, 0.1))[0]
    editor.drag((0.4, 0.8), (0.95, 0.3))
    assert "would cross" in editor.says()
    assert editor.corners()[3][0] < 0.9, "it stays where it last could be"

    editor.name_it("Yard")
    editor.save()
    door, yard = rules()
    assert door["start"] == [0.25, 0.25]
    assert (yard["name"], yard["type"], yard["cameras"]) == ("Yard", "zone", ["cam-1"])
    assert [tuple(corner) for corner in yard["polygon"]][:3] == near((0.4, 0.2), (0.9, 0.1), (0.8, 0.8))
    assert not editor.find(".saving .primary").is_enabled()


def test_lines_snap_turn_and_keep_right_angles(editor: EditorPage, rules: Any) -> None:
    editor.tool("line")
    editor.drag((0.254, 0.256), (0.6, 0.6))
    editor.save()
    line = rules()[1]
    assert line["start"] == [0.25, 0.25], "the corner of the other line"
    swap = next(button for button in editor.all(".rule-form .button") if "Swap" in button.text)
    swap.click()
    editor.save()
    assert rules()[1]["end"] == [0.25, 0.25]

    editor.tool("direction")
    ActionChains(editor.browser).key_down(Keys.SHIFT).perform()
    editor.click((0.5, 0.3), (0.8, 0.33))
    ActionChains(editor.browser).key_up(Keys.SHIFT).perform()
    editor.save()
    arrow = rules()[2]
    assert arrow["start"][1] == pytest.approx(arrow["end"][1], abs=1e-3)


def test_by_keyboard_alone(editor: EditorPage, rules: Any) -> None:
    editor.find('.tool[data-kind="zone"]').send_keys(Keys.ENTER)
    editor.press(Keys.SPACE, *[Keys.ARROW_RIGHT] * 10, Keys.SPACE, *[Keys.ARROW_DOWN] * 9, Keys.SPACE)
    editor.press(*[Keys.ARROW_LEFT] * 3, Keys.SPACE, Keys.BACKSPACE, Keys.ENTER)
    assert editor.names() == ["Door", "Zone 1"]
    before = editor.corners()
    editor.tab_to("Corner 2 of Zone 1, 60 % across, 50 % down")
    editor.press(*[Keys.ARROW_UP] * 5)
    width, height = editor.find(".overlay").size["width"], editor.find(".overlay").size["height"]
    assert before[1] == near((0.5 + 100 / width, 0.5))[0]
    assert editor.corners()[1] == near((0.5 + 100 / width, 0.5 - 5 / height))[0]
    assert editor.focused().startswith("Corner 2 of Zone 1")
    editor.press("+")
    assert len(editor.corners()) == 4
    editor.press(Keys.DELETE)
    assert len(editor.corners()) == 3
    editor.press(Keys.DELETE)
    assert "three corners" in editor.says()
    editor.press(Keys.ESCAPE)
    assert editor.corners() == []
    editor.chord("s", Keys.CONTROL)
    wait_for(lambda: len(rules()) == 2, "the zone to be saved")


def test_by_finger_on_a_phone(browser: Chrome, playground: Playground, rules: Any) -> None:
    set_screen(browser, 390, 844)
    page = opened(browser, playground)
    finger = PointerInput(POINTER_TOUCH, "finger")

    def touch(*points: tuple[float, float]) -> None:
        gesture = ActionBuilder(browser, mouse=finger, duration=20)
        overlay = page.find(".overlay")
        gesture.pointer_action.move_to(overlay, *page.at(*points[0])).pointer_down()
        for point in points[1:]:
            gesture.pointer_action.move_to(overlay, *page.at(*point))
        gesture.pointer_action.pointer_up()
        gesture.perform()

    page.tool("zone")
    for corner in ((0.5, 0.2), (0.9, 0.2), (0.7, 0.8), (0.5, 0.2)):
        touch(corner)
    assert page.names() == ["Door", "Zone 1"]
    touch((0.9, 0.2), (0.8, 0.25), (0.8, 0.3))
    assert page.corners()[1] == pytest.approx((0.8, 0.3), abs=0.02)
    page.save()
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    assert len(rules()) == 2


def test_mistakes_are_told_at_the_rule_and_unsaved_changes_are_guarded(
    editor: EditorPage, rules: Any, playground: Playground
) -> None:
    editor.find(".rule-row").click()
    editor.name_it("")
    editor.press_save()
    wait_for(lambda: editor.shown(".rule-form .mistakes li"), "the mistake at the rule")
    assert "name" in editor.find(".rule-form .mistakes").text
    assert "Needs correction" in editor.find(".rule-row").text
    assert [rule["name"] for rule in rules()] == ["Door"]

    editor.find('.nav-link[data-page="live"]').click()
    dialog = wait_for(lambda: editor.shown("dialog"), "the question")[0]
    assert "not saved" in dialog.text
    dialog.find_element("css selector", "[value=no]").click()
    assert editor.find(".rules-page").is_displayed()
    assert editor.browser.current_url.endswith("#/rules/cam-1")
    editor.find('.nav-link[data-page="live"]').click()
    wait_for(lambda: editor.shown("dialog"), "the question")[0].find_element(
        "css selector", "[value=yes]"
    ).click()
    wait_for(lambda: editor.shown("#stage"), "the cameras")

    def connections() -> int:
        statistics = httpx.get(f"{playground.address}/api/v1/statistics", timeout=60).json()
        return int(statistics["connections"]["now"])

    wait_for(lambda: connections() == 1, "the editor's stream of pictures to end")


def test_someone_elses_changes_are_not_written_over_silently(
    editor: EditorPage, rules: Any, playground: Playground
) -> None:
    other = {**DOOR, "name": "Window"}
    httpx.put(f"{playground.address}/api/v1/rules", json=[DOOR, other], timeout=60).raise_for_status()
    editor.find(".rule-row").click()
    Select(editor.find(".rule-form select")).select_by_value("centre")
    editor.press_save()
    dialog = wait_for(lambda: editor.shown("dialog"), "the question")[0]
    assert "“Window”" in dialog.text
    dialog.find_element("css selector", "[value=no]").click()
    assert [rule["name"] for rule in rules()] == ["Door", "Window"]
    editor.press_save()
    wait_for(lambda: editor.shown("dialog"), "the question")[0].find_element(
        "css selector", "[value=yes]"
    ).click()
    wait_for(lambda: [rule["name"] for rule in rules()] == ["Door"], "mine to be saved")


def test_nothing_is_drawn_before_the_rules_are_there(editor: EditorPage) -> None:
    """It would go when they come."""
    editor.run("location.hash = '#/cameras'")
    wait_for(lambda: editor.all(".camera-list"), "another page")
    editor.run(
        """const fetched = window.fetch;
        const held = new Promise((resolve) => (window.release = resolve));
        window.fetch = async (what, ...rest) => {
          if (String(what.url ?? what).endsWith("/rules")) await held;
          return fetched(what, ...rest);
        };
        location.hash = "#/rules/cam-1";"""
    )
    wait_for(lambda: editor.all(".rules-page .tool"), "the page")
    assert editor.run("return document.querySelector('.rules-page').inert")
    editor.run("window.release()")
    wait_for(lambda: editor.names() == ["Door"], "the rules")
    assert not editor.run("return document.querySelector('.rules-page').inert")


def test_on_a_low_screen_the_form_is_in_reach(browser: Chrome, playground: Playground, rules: Any) -> None:
    """As on a laptop at twice the size, or a phone on its side."""
    set_screen(browser, 1440, 900)
    page = opened(browser, playground)
    set_screen(browser, 720, 450)
    row = page.find(".rule-row")
    row.click()
    wait_for(lambda: row.get_attribute("aria-pressed") == "true", "the rule to be chosen")
    page.find(".rule-fields input").click()


@pytest.mark.parametrize("address", ["rules/cam-1", "cameras/add"])
def test_text_stands_out_and_nothing_sticks_out(
    browser: Chrome, playground: Playground, rules: Any, address: str
) -> None:
    set_screen(browser, 1440, 900)
    page = opened(browser, playground)
    if address == "cameras/add":
        browser.get(f"{playground.address}/#/{address}")
        wait_for(lambda: page.shown("dialog"), "the form")
    else:
        page.find(".rule-row").click()
    for scheme in ("light", "dark"):
        set_screen(browser, 1440, 900, scheme)
        contrasts = page.contrasts()
        assert len(contrasts) > 20
        assert [found for found in contrasts if found[0] < 4.5] == [], scheme
    for width, height in ((320, 640), (768, 1024), (1024, 600), (2560, 1440)):
        set_screen(browser, width, height)
        assert page.run("return document.documentElement.scrollWidth <= innerWidth"), width
        box = "const box = document.getElementById('page'); return box.scrollWidth <= box.clientWidth"
        assert page.run(box), width
