"""The viewer in a real browser, on a real run."""

from pathlib import Path

import pytest

from tests.support.browser import chromium, set_screen
from tests.support.product import camwire, write_config
from tests.support.rtsp import RtspServer
from tests.support.waiting import wait_for
from tests.viewer.page import Page

pytestmark = pytest.mark.e2e


def test_a_browser_sees_moving_pictures_and_flips_a_toggle(tmp_path: Path, rtsp: RtspServer) -> None:
    config = write_config(
        tmp_path,
        [{"id": "one", "url": rtsp.url("h264.mp4")}, {"id": "two", "url": rtsp.url("h265.mp4")}],
    )
    with camwire("run", str(config)) as product, chromium(tmp_path / "profile") as browser:
        set_screen(browser, 1440, 900)
        browser.get(product.url)
        page = Page(browser)
        wait_for(lambda: page.moving_cameras() == 2, "both cameras' pictures", timeout=60)
        for camera in ("one", "two"):
            levels, before = page.fingerprint(camera)
            assert levels > 8, "an empty canvas"
            wait_for(
                lambda camera=camera, before=before: page.fingerprint(camera)[1] != before,
                "a moving picture",
                30,
            )
        switch = page.find('[data-toggle="labels"]')
        was = switch.get_attribute("aria-checked")
        switch.click()
        wait_for(
            lambda: page.find('[data-toggle="labels"]').get_attribute("aria-checked") != was,
            "the toggle to flip",
        )
        errors = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
        assert errors == []
