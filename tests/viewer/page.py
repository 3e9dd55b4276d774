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

_SHOWN = """
    const seen = { visibilityProperty: true, opacityProperty: true };
    const covers = (element) => {
      const { width, height } = element.getBoundingClientRect();
      return width > 0 && height > 0;
    };
    // What has no size may hold what has.
    const isShown = (element) =>
      element.checkVisibility(seen) && [element, ...element.querySelectorAll("*")].some(covers);
    return Array.from(document.querySelectorAll(arguments[0])).filter(isShown);
"""

_TEXT_CONTRASTS = """
    const channels = (text) => {
      const [r, g, b, alpha = 1] = text.match(/[\\d.]+/g).map(Number);
      return { rgb: [r, g, b], alpha };
    };
    const luminance = (rgb) => {
      const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
      const [r, g, b] = rgb.map((value) => linear(value / 255));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    // What lies under an element: grounds of its ancestors, over white where they are all translucent, as a
    // picture may be white.
    const ground = (element) => {
      const layers = [];
      for (let node = element; node !== null; node = node.parentElement) {
        const layer = channels(getComputedStyle(node).backgroundColor);
        if (layer.alpha > 0) layers.push(layer);
        if (node.matches(".notice") || layer.alpha === 1) break;
      }
      return layers.reverse().reduce(
        (under, { rgb, alpha }) => rgb.map((value, i) => value * alpha + under[i] * (1 - alpha)),
        [255, 255, 255],
      );
    };
    const results = [];
    for (const element of document.querySelectorAll("body *")) {
      const own = Array.from(element.childNodes).some((n) => n.nodeType === 3 && n.data.trim() !== "");
      if (!own || !element.checkVisibility({ visibilityProperty: true })) continue;
      const a = luminance(channels(getComputedStyle(element).color).rgb);
      const b = luminance(ground(element));
      const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      results.push([contrast, element.textContent.trim().slice(0, 40)]);
    }
    return results;
"""


@dataclass
class Page:
    browser: Chrome

    def find(self, selector: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def shown(self, selector: str) -> list[WebElement]:
        """In one step, as `text`: what is found may be replaced before it is looked at."""
        return list(self.run(_SHOWN, selector))

    def run(self, script: str, *arguments: Any) -> Any:
        return self.browser.execute_script(script, *arguments)

    def press(self, *keys: str) -> None:
        ActionChains(self.browser).send_keys(*keys).perform()

    def text(self, selector: str) -> str:
        """In one step, for pages that may be loading anew: what is found would be gone before it is read."""
        return str(self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector))

    def tile(self, camera: str) -> WebElement:
        return self.find(f'[data-camera="{camera}"]')

    def moving_cameras(self) -> int:
        """Cameras that are live and have a picture."""
        return len(self.all('.tile[data-state="live"]:not([data-empty])'))

    def fingerprint(self, camera: str) -> tuple[int, int]:
        """Of the pixels on a camera's canvas: how many levels of red there are, and a checksum."""
        levels, checksum = self.run(_FINGERPRINT, camera)
        return levels, checksum

    def contrasts(self) -> list[tuple[float, str]]:
        """Of every text in view: how far it stands out from its ground, and how it begins."""
        return [(contrast, text) for contrast, text in self.run(_TEXT_CONTRASTS)]

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
