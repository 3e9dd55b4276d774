"""What tests look at on the viewer's page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

_FINGERPRINT = """
    const canvas = document.querySelector(`[data-camera="${arguments[0]}"] canvas`);
    const copy = new OffscreenCanvas(64, 36).getContext("2d");
    copy.drawImage(canvas, 0, 0, 64, 36);
    const { data } = copy.getImageData(0, 0, 64, 36);
    const levels = new Set();
    let sum = 0;
    for (let i = 0; i < data.length; i += 4) {
      levels.add(data[i]);
      sum = (sum * 31 + data[i] + data[i + 1] * 3 + data[i + 2] * 7) % 4294967291;
    }
    return [levels.size, sum];
"""


@dataclass
class Page:
    browser: Chrome

    def find(self, selector: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def shown(self, selector: str) -> list[WebElement]:
        return [element for element in self.all(selector) if element.is_displayed()]

    def run(self, script: str, *arguments: Any) -> Any:
        return self.browser.execute_script(script, *arguments)

    def press(self, *keys: str) -> None:
        ActionChains(self.browser).send_keys(*keys).perform()

    def tile(self, camera: str) -> WebElement:
        return self.find(f'[data-camera="{camera}"]')

    def moving_cameras(self) -> int:
        """Cameras that are live and have a picture."""
        return len(self.all('.tile[data-state="live"]:not([data-empty])'))

    def fingerprint(self, camera: str) -> tuple[int, int]:
        """Of the pixels on a camera's canvas: how many levels of red there are, and a checksum."""
        levels, checksum = self.run(_FINGERPRINT, camera)
        return levels, checksum

    def focused(self) -> str:
        """The accessible name of what has the focus."""
        return self.browser.switch_to.active_element.accessible_name

    def tab_to(self, name: str) -> None:
        """Press Tab until the focus is on what is called ``name``."""
        seen: list[str] = []
        while len(seen) < 40:
            self.press("\ue004")
            seen.append(self.focused())
            if seen[-1] == name:
                return
        raise AssertionError(f"no {name!r} on the way of the Tab key: {seen}")
