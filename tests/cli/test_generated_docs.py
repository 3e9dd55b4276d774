"""The manual's generated pages are what their sources say."""

import importlib.util
from pathlib import Path

import pytest

GENERATOR = Path(__file__).parents[2] / "tools" / "generate_docs.py"


def generated() -> dict[Path, str]:
    spec = importlib.util.spec_from_file_location("generate_docs", GENERATOR)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {path: page() for path, page in module.PAGES.items()}


@pytest.mark.parametrize("name", ["configuration.md", "cli.md"])
def test_page_is_up_to_date(name: str) -> None:
    path, page = next((path, page) for path, page in generated().items() if path.name == name)
    assert path.read_text(encoding="utf-8") == page, f"{path.name} is stale: run `make docs` and commit it"
