"""The demo's footage, prepared once for all tests that play it."""

from pathlib import Path

import pytest

from camwire.demo.footage import find_clip, prepare_footage
from tests.support.once import made_once


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(folder: Path) -> None:
        prepare_footage(find_clip(), folder / "camwire")

    return made_once(tmp_path_factory, "demo-cache", make) / "camwire"
