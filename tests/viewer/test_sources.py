"""What the viewer's files may not hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from camwire.server.viewer import FOLDER

FILES = sorted(path for path in FOLDER.rglob("*") if path.is_file())
SCRIPTS = [path for path in FILES if path.suffix == ".js"]


def named(path: Path) -> str:
    return str(path.relative_to(FOLDER))


def test_there_is_a_viewer() -> None:
    assert FOLDER / "index.html" in FILES
    assert len(SCRIPTS) > 10


@pytest.mark.parametrize("path", FILES, ids=named)
def test_nothing_is_fetched_from_elsewhere(path: Path) -> None:
    addresses = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+", path.read_text()))
    assert addresses <= {"http://www.w3.org"}, "the namespace of SVG is all"


@pytest.mark.parametrize("path", SCRIPTS, ids=named)
def test_no_script_parses_html(path: Path) -> None:
    parsers = r"(?:inner|outer)HTML|insertAdjacentHTML|setHTMLUnsafe|document\.write|DOMParser"
    assert re.findall(parsers, path.read_text()) == []
    assert re.findall(r"\beval\b|new Function", path.read_text()) == []


def test_the_page_holds_no_script_or_style_of_its_own() -> None:
    page = (FOLDER / "index.html").read_text()
    assert re.findall(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page) == []


def test_everything_the_page_and_its_modules_name_is_there() -> None:
    page = (FOLDER / "index.html").read_text()
    named_files = [FOLDER / name for name in re.findall(r'(?:href|src)="([^#"]+)"', page)]
    for script in SCRIPTS:
        text = script.read_text()
        named_files += [script.parent / name for name in re.findall(r'"(\.{1,2}/[\w/-]+\.js)"', text)]
        named_files += [FOLDER / name for name in re.findall(r'"(styles/[\w/-]+\.css)"', text)]
    assert [path for path in named_files if not path.is_file()] == []
    assert {path for path in FILES if path.suffix == ".css"} <= set(named_files), (
        "every style is loaded somewhere"
    )
    icons = set(re.findall(r'<symbol id="icon-([\w-]+)"', page))
    used = set(re.findall(r'href="#icon-([\w-]+)"', page))
    for script in SCRIPTS:
        used |= set(re.findall(r'\bicon(?:\(|: )"([\w-]+)"', script.read_text()))
    assert used == icons
