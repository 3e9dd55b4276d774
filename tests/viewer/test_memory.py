"""The viewer takes no more memory however many pictures come and however often pages change."""

from __future__ import annotations

import pytest

from tests.support.browser import heap_and_nodes
from tests.support.waiting import wait_for
from tests.viewer.page import Page

pytestmark = pytest.mark.e2e

LEAST_GROWTH = 1_500_000
"""Bytes of heap that code compiled meanwhile, and the last minutes of the charts, may take."""


def there(page: Page, selector: str) -> bool:
    """Asked by a script, since the driver holds on to every element that it has found."""
    return bool(page.run("return document.querySelector(arguments[0]) !== null", selector))


def shown(page: Page) -> int:
    """Pictures so far."""
    labels = "Array.from(document.querySelectorAll('#statistics dt'))"
    find = f"return {labels}.find((dt) => dt.textContent === 'Pictures shown').nextSibling.textContent"
    return int(page.run(find).replace(",", "") or 0)


def test_pictures_leave_nothing_behind(page: Page) -> None:
    page.find("#statistics-button").click()
    first = wait_for(lambda: shown(page), "the number of pictures")
    wait_for(lambda: shown(page) > first + 50, "some pictures")
    heap, nodes = heap_and_nodes(page.browser)
    begun = shown(page)
    wait_for(lambda: shown(page) > begun + 300, "many pictures", timeout=60)
    heap_after, nodes_after = heap_and_nodes(page.browser)
    assert nodes_after <= nodes + 20
    assert heap_after < heap + LEAST_GROWTH


def test_pages_leave_nothing_behind(page: Page) -> None:
    def tour() -> tuple[int, int]:
        for place in ("events", "system", "accounts"):
            page.run(f"location.hash = '#/{place}'")
            wait_for(lambda place=place: there(page, f".page-content.{place} > *"), place)
            wait_for(lambda: not there(page, '.page-content [aria-busy="true"]'), "what is in it")
        page.run("location.hash = '#/'")
        wait_for(lambda: there(page, "#live:not([hidden])"), "the cameras")
        return heap_and_nodes(page.browser)

    tour()
    heap, nodes = tour()
    for _ in range(4):
        tour()
    heap_after, nodes_after = tour()
    assert nodes_after <= nodes + 50, "pages that were left are gone"
    assert heap_after < heap + LEAST_GROWTH
