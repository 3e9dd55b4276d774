"""The manual's links lead somewhere, and the tests that it names exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    missing = [target for target in _LINK.findall(page.read_text()) if not (page.parent / target).exists()]
    assert missing == []


def test_every_page_is_linked_from_somewhere() -> None:
    linked = {
        (page.parent / target).resolve() for page in PAGES for target in _LINK.findall(page.read_text())
    }
    orphans = [page for page in PAGES if page not in linked and page.parent != ROOT]
    assert orphans == []


_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
NAMED_TESTS = sorted({found for page in PAGES for found in _TEST.findall(page.read_text())})


@pytest.mark.parametrize(("file", "name"), NAMED_TESTS, ids=lambda part: part)
def test_tests_that_the_manual_names_exist(file: str, name: str) -> None:
    functions = {
        node.name
        for node in ast.walk(ast.parse((ROOT / file).read_text()))
        if isinstance(node, ast.FunctionDef)
    }
    assert name in functions


def test_the_manual_tells_of_every_camera_fault() -> None:
    from tests.reliability.faults import FAULTS

    page = (ROOT / "docs" / "reliability.md").read_text()
    table = page.partition("| fault | what happens |\n")[2].partition("\n\n")[0]
    told = [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()[1:]]
    assert told == [fault.name for fault in FAULTS]
