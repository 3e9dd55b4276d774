"""Make the manual's pictures of the viewer: start the demonstration, look at it with Chromium.

    python tools/screenshot.py [--wait 25]

Writes docs/images/viewer-dark.png and viewer-light.png. Wants Chromium and its driver.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.browser import chromium, set_screen  # noqa: E402
from tests.support.product import camwire  # noqa: E402
from tests.support.waiting import wait_for  # noqa: E402
from tests.viewer.page import Page  # noqa: E402

IMAGES = ROOT / "docs" / "images"
CAMERAS = 3


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
        for scheme in ("dark", "light"):
            set_screen(browser, 1440, 900, scheme)
            browser.get(product.url)
            page = Page(browser)
            wait_for(
                lambda page=page: page.moving_cameras() == CAMERAS, "every camera's picture", timeout=120
            )
            time.sleep(arguments.wait)  # for traces to grow and statistics to settle
            browser.save_screenshot(str(IMAGES / f"viewer-{scheme}.png"))


if __name__ == "__main__":
    main()
