from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder with a short name: it becomes part of a socket's."""
    with TemporaryDirectory(prefix="camwire-test-", dir="/tmp") as folder:
        yield Path(folder)
