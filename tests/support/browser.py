"""A headless Chromium, driven by selenium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from tests.conftest import missing_package

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium(profile: Path) -> Iterator[Chrome]:
    """A browser with a profile of its own, ended with the block; skips where Chromium is not installed."""
    binary = next(filter(None, map(shutil.which, NAMES)), None)
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        missing_package("Chromium", "apt install chromium chromium-driver")
    options = ChromeOptions()
    options.binary_location = binary
    for argument in (*ARGUMENTS, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = Chrome(options=options, service=Service(driver))
    try:
        browser.set_script_timeout(20)
        yield browser
    finally:
        browser.quit()


def set_screen(browser: Chrome, width: int, height: int, scheme: str = "dark") -> None:
    """Give the page a screen of this size (CSS pixels) and a system that is ``light`` or ``dark``.

    The system asks for little motion, so that what a test looks at stands still.
    """
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    wishes = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
    features = [{"name": name, "value": value} for name, value in wishes.items()]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def call_module(browser: Chrome, module: str, body: str, *arguments: Any) -> Any:
    """Run ``body`` with the exports of one of the viewer's modules as ``m`` and the ``arguments`` as ``a``.

    ``body`` is the inside of an async function; what it returns comes back as JSON values. What it throws
    is raised as AssertionError.
    """
    script = """
        const [module, a, done] = arguments;
        import(new URL(`scripts/${module}`, document.baseURI))
          .then(async (m) => { %s })
          .then((value) => done({ value }), (error) => done({ error: String(error.stack ?? error) }));
    """
    answer = browser.execute_async_script(script % body, module, list(arguments))
    if "error" in answer:
        raise AssertionError(f"{module}: {answer['error']}")
    return answer.get("value")


def heap_and_nodes(browser: Chrome) -> tuple[int, int]:
    """After a collection of garbage: bytes of the page's JavaScript heap, and how many nodes there are."""
    for command in ("Performance.enable", "HeapProfiler.enable", "HeapProfiler.collectGarbage"):
        browser.execute_cdp_cmd(command, {})
    told = browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    metrics = {metric["name"]: metric["value"] for metric in told}
    return int(metrics["JSHeapUsedSize"]), int(metrics["Nodes"])
