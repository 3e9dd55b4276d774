"""The system page on the real server with a stand-in worker; and what it says of parts that are not well."""

from __future__ import annotations

import pytest
from selenium.webdriver import Chrome

from tests.support.browser import call_module, set_screen
from tests.support.waiting import wait_for
from tests.viewer.conftest import Playground
from tests.viewer.page import Page

pytestmark = pytest.mark.e2e


def test_machine_processes_and_clients_are_shown(browser: Chrome, playground: Playground) -> None:
    set_screen(browser, 390, 844)
    browser.get_log("browser")
    browser.get(f"{playground.address}/#/system")
    page = Page(browser)
    wait_for(lambda: page.all(".system") and "Worker on cpu" in page.find(".system").text, "the worker")
    text = page.find(".system").text
    for expected in ("Processor", "Memory", "Disk", "Server", "Running", "none: a stand-in", "127.0.0.1"):
        assert expected in text
    assert "No NVIDIA GPU is known" in text or "Video decoder" in text
    assert "camwire 0." in text
    assert page.find('[aria-current="page"]').text == "System"
    meter = page.find('[role="meter"][aria-label="Memory"]')
    assert 0 < int(meter.get_attribute("aria-valuenow")) <= 100
    assert page.run("return document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
    errors = [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert errors == []


def test_a_server_that_is_gone_leaves_the_last_figures_and_words(browser: Chrome) -> None:
    playground = Playground().start()
    try:
        set_screen(browser, 1440, 900)
        browser.get(f"{playground.address}/#/system")
        page = Page(browser)
        wait_for(lambda: page.all(".system") and "Processor" in page.find(".system").text, "figures")
        wait_for(lambda: "%" in page.find(".gauge-value").text, "the processor's figure")
    finally:
        playground.stop()
    wait_for(lambda: "does not answer" in page.find(".system .trouble").text, "words")
    assert "%" in page.find(".gauge-value").text


@pytest.mark.parametrize(
    ("phase", "reason", "label", "tone", "help_begins"),
    [
        ("running", None, "Running", "good", None),
        ("running", "no such model", "Running", "bad", "It can't do what"),
        ("failing", "it was killed by SIGKILL", "Failing", "bad", "It ends again and again"),
        ("dreaming", None, "dreaming", "idle", None),
    ],
)
def test_what_a_worker_does_is_explained(
    blank: Chrome, phase: str, reason: str | None, label: str, tone: str, help_begins: str | None
) -> None:
    words = call_module(blank, "system/worker-words.js", "return m.workerWords(...a)", phase, reason)
    assert (words["label"], words["tone"]) == (label, tone)
    assert words["help"] is None if help_begins is None else words["help"].startswith(help_begins)


def test_a_part_in_trouble_says_why_and_what_that_means(blank: Chrome) -> None:
    body = """
        const list = new m.PartList();
        list.show([{ name: "events", problem: "no space" }, { name: "media", problem: null }], 1000);
        return Array.from(list.list.children, (row) => [row.dataset.tone, row.textContent]);
    """
    (tone, trouble), (other, well) = call_module(blank, "system/parts.js", body)
    assert (tone, other) == ("bad", "good")
    assert "In trouble" in trouble
    assert "no space. Workers remember" in trouble
    assert "Well" in well


def test_a_sink_in_trouble_says_since_when_and_how_many_wait(blank: Chrome) -> None:
    body = """
        const list = new m.PartList();
        const sink = { name: "sink", problem: "the receiver answers 503" };
        list.show([
            { ...sink, sink: "alarms", since: 700, waiting: 1200 },
            { ...sink, sink: "broker", problem: "a package is missing", since: 990, waiting: null },
            { ...sink, sink: "log", problem: null, since: null, waiting: 0 },
        ], 1000);
        return Array.from(list.list.children, (row) => row.textContent);
    """
    alarms, broker, log = call_module(blank, "system/parts.js", body)
    assert alarms.startswith("Sending events to “alarms”In trouble")
    assert alarms.endswith(
        "503. This has been so for 5 min. 1,200 events wait for it, on the disk; the other sinks go on."
    )
    assert broker.endswith("missing. This has been so for 10 s. The other sinks go on.")
    assert log == "Sending events to “log”Well"


_GPUS = """
    const cards = new m.MachineCards();
    const gpu = { name: "NVIDIA X", utilisation: 41.2, decoder: null, memory_used: 3e9, memory_total: 12e9 };
    const system = { cpu_percent: 96, cores: 8, memory: { used: 1e9, total: 4e9 }, disk: null, gpus: [gpu] };
    cards.show(system);
    const values = Array.from(cards.root.querySelectorAll(".gauge"), (gauge) => gauge.textContent);
    return [values, cards.noGpu.hidden, cards.cpu.root.hasAttribute("data-full")];
"""


def test_gpus_are_shown_with_what_they_tell(blank: Chrome) -> None:
    values, no_gpu_hidden, full = call_module(blank, "system/machine.js", _GPUS)
    assert values == [
        "Processor96 %of 8 cores",
        "Memory1.0 GBof 4.0 GB",
        "Disknot told",
        "Kernels41 %",
        "Video decodernot told",
        "GPU memory3.0 GBof 12.0 GB",
    ]
    assert no_gpu_hidden
    assert full


@pytest.mark.parametrize("place", ["system", "accounts", "events", "login"])
def test_text_stands_out_on_every_page(browser: Chrome, playground: Playground, place: str) -> None:
    browser.get("about:blank")
    browser.get(f"{playground.address}/#/{place}")
    page = Page(browser)
    wait_for(lambda: page.shown(".page-content h2") and not page.all('[aria-busy="true"]'), "the page")
    for scheme in ("light", "dark"):
        set_screen(browser, 1440, 900, scheme)
        contrasts = page.contrasts()
        assert len(contrasts) > 4
        assert [found for found in contrasts if found[0] < 4.5] == [], scheme
