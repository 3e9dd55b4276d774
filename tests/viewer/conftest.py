"""The viewer in a browser, served by the real server with a stand-in worker."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
from hypothesis import settings
from selenium.webdriver import Chrome

from tests.support.browser import chromium, set_screen
from tests.support.waiting import wait_for
from tests.viewer.page import Page

ROOT = Path(__file__).resolve().parents[2]
CAMERAS = 3

few = settings(max_examples=25, deadline=None)
"""For Hypothesis: each example is a call into the browser."""


class Playground:
    """``python -m tests.support.viewer_playground`` as a process; its port stays through restarts."""

    def __init__(self) -> None:
        self.port = 0

    def start(self) -> Self:
        command = [sys.executable, "-m", "tests.support.viewer_playground"]
        command += ["--port", str(self.port), "--cameras", str(CAMERAS)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout is not None
        line = next((line for line in self._process.stdout if line.startswith("viewer: ")), "")
        assert line, f"the playground ended with status {self._process.wait()}"
        self.address = line.removeprefix("viewer: ").strip().rstrip("/")
        self.port = int(self.address.rpartition(":")[2])
        return self

    def stop(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=30)


@pytest.fixture(scope="session")
def playground() -> Iterator[Playground]:
    playground = Playground().start()
    try:
        yield playground
    finally:
        playground.stop()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def page(browser: Chrome, playground: Playground) -> Page:
    """The viewer on a laptop in the dark, with every moving camera's pictures on it."""
    set_screen(browser, 1440, 900)
    browser.get_log("browser")  # what pages before this one complained of
    browser.get(f"{playground.address}/")
    page = Page(browser)
    wait_for(lambda: page.moving_cameras() >= CAMERAS, "a picture of every moving camera")
    return page


@pytest.fixture(scope="module")
def blank(browser: Chrome, playground: Playground) -> Chrome:
    """The browser at an address that holds no viewer, so that nothing but the module runs."""
    browser.get(f"{playground.address}/healthz")
    return browser
