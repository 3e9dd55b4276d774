"""The manual's links lead somewhere."""

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
