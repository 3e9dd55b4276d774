"""The demo's footage, prepared once for all tests that play it."""

from pathlib import Path

import pytest

from camwire.demo.footage import find_clip, prepare_footage


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache") / "camwire"
    prepare_footage(find_clip(), folder)
    return folder
