"""What many cameras cost a browser, and whether its memory stays where it is.

    python benchmarks/viewer.py [--cameras 16] [--seconds 60]

Starts the server with a stand-in worker that draws its pictures, opens the viewer in Chromium and tells,
every ten seconds and after a collection of garbage: pictures painted a second, the page's heap and nodes, the
resident memory and the CPU of the browser's processes. Server, worker and browser share the machine. Wants
Chromium and its driver.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from selenium.webdriver import Chrome

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.browser import chromium, heap_and_nodes, set_screen  # noqa: E402
from tests.viewer.page import Page  # noqa: E402

STEP = 10.0
WARM_UP = 10.0


def processes(browser: Chrome) -> list[psutil.Process]:
    """The browser's, all of them."""
    assert browser.service.process is not None
    return psutil.Process(browser.service.process.pid).children(recursive=True)


def painted(page: Page) -> int:
    """Pictures that the page has shown so far."""
    labels = page.run(
        "return Array.from(document.querySelectorAll('#statistics .figures > div'), (pair) => "
        "[pair.children[0].textContent, pair.children[1].textContent])"
    )
    return int(dict(labels)["Pictures shown"].replace(",", ""))


def cpu_seconds(browser: Chrome) -> float:
    return sum(sum(one.cpu_times()[:2]) for one in processes(browser))


def measure(browser: Chrome, url: str, seconds: float) -> None:
    set_screen(browser, 1920, 1080)
    browser.get(url)
    page = Page(browser)
    time.sleep(WARM_UP)
    page.find("#statistics-button").click()
    time.sleep(1.5)
    shown, cpu, then = painted(page), cpu_seconds(browser), time.monotonic()
    print(f"{'after':>7} {'pictures/s':>11} {'heap MB':>8} {'nodes':>6} {'resident MB':>12} {'CPU %':>6}")
    for step in range(int(seconds / STEP)):
        time.sleep(max(0.0, then + STEP - time.monotonic()))
        now_shown, now_cpu, now = painted(page), cpu_seconds(browser), time.monotonic()
        heap, nodes = heap_and_nodes(browser)
        resident = sum(one.memory_info().rss for one in processes(browser))
        rate, load = (now_shown - shown) / (now - then), 100 * (now_cpu - cpu) / (now - then)
        figures = f"{rate:11.0f} {heap / 1e6:8.1f} {nodes:6} {resident / 1e6:12.0f} {load:6.0f}"
        print(f"{(step + 1) * STEP:5.0f} s {figures}", flush=True)
        shown, cpu, then = now_shown, now_cpu, now


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cameras", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    command = [sys.executable, "-m", "tests.support.viewer_playground"]
    command += ["--port", "0", "--cameras", str(options.cameras)]
    playground = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert playground.stdout is not None
    try:
        url = next(line for line in playground.stdout if line.startswith("viewer: ")).split()[1]
        with tempfile.TemporaryDirectory() as profile, chromium(Path(profile)) as browser:
            measure(browser, url, options.seconds)
    finally:
        playground.terminate()
        playground.communicate()


if __name__ == "__main__":
    main()
