"""Make the manual's pictures of the viewer: start the demonstration, look at it with Chromium.

    python tools/screenshot.py [--wait 25]

Writes viewer-dark.png, viewer-light.png, the same of every other page, and heatmap.png to docs/images. Wants
Chromium and its driver.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.browser import chromium, set_screen  # noqa: E402
from tests.support.product import camwire  # noqa: E402
from tests.support.waiting import wait_for  # noqa: E402
from tests.viewer.page import Page  # noqa: E402

IMAGES = ROOT / "docs" / "images"
CAMERAS = 3
RULES = [
    {
        "type": "zone",
        "name": "Crossing",
        "cameras": ["junction"],
        "polygon": [[0.02, 0.55], [0.42, 0.45], [0.75, 0.6], [0.6, 0.93], [0.05, 0.9]],
        "overcrowding": {"objects": 5, "seconds": 3},
    },
    {
        "type": "line",
        "name": "Lane",
        "cameras": ["junction"],
        "start": [0.8, 0.9],
        "end": [0.62, 0.45],
        "colour": "#40c4ff",
    },
    {"type": "heatmap", "name": "Time spent", "cameras": ["junction"]},
]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--wait", type=float, default=25, help="seconds of life before the picture is taken")
    arguments = parser.parse_args()
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as profile,
        camwire("demo", "--port", "0") as product,
        chromium(Path(profile)) as browser,
    ):
        page = Page(browser)
        for scheme in ("dark", "light"):
            set_screen(browser, 1440, 900, scheme)
            browser.get(product.url)
            wait_for(lambda: page.moving_cameras() == CAMERAS, "every camera's picture", timeout=120)
            time.sleep(arguments.wait)  # for traces to grow and statistics to settle
            browser.save_screenshot(str(IMAGES / f"viewer-{scheme}.png"))
        httpx.put(f"{product.url}/api/v1/rules", json=RULES).raise_for_status()
        for scheme in ("dark", "light"):
            set_screen(browser, 1440, 900, scheme)
            browser.get(f"{product.url}/#/rules/junction")
            browser.refresh()
            wait_for(lambda: len(page.all(".rule-row")) == len(RULES), "the rules")
            page.find(".rule-row").click()
            time.sleep(arguments.wait)  # for objects to be counted
            browser.save_screenshot(str(IMAGES / f"rules-{scheme}.png"))
            browser.get(f"{product.url}/#/cameras")
            time.sleep(3)  # for a picture of each
            browser.save_screenshot(str(IMAGES / f"cameras-{scheme}.png"))
            browser.get(f"{product.url}/#/events?span=hour")
            wait_for(lambda: len(page.all(".event")) > 8, "events", timeout=60)
            time.sleep(3)  # for their pictures
            browser.save_screenshot(str(IMAGES / f"events-{scheme}.png"))
            browser.get(f"{product.url}/#/system")
            time.sleep(arguments.wait)  # for something on the charts
            browser.save_screenshot(str(IMAGES / f"system-{scheme}.png"))
        set_screen(browser, 1440, 900)
        browser.get(f"{product.url}/#/live/junction")
        wait_for(lambda: page.shown(".tile[data-enlarged]"), "one camera alone")
        page.find(".tile[data-enlarged] .heat-switch").click()
        time.sleep(arguments.wait)  # for the picture and the map
        browser.save_screenshot(str(IMAGES / "heatmap.png"))


if __name__ == "__main__":
    main()
