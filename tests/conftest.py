"""Fixtures for all tests."""

import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

# No test asserts a time: a busy machine must not fail Hypothesis's deadline.
# HYPOTHESIS_PROFILE=long tries much more; it wants --timeout=0.
settings.register_profile("no deadline", deadline=None)
settings.register_profile("long", deadline=None, max_examples=20_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "no deadline"))

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
IN_CI = os.environ.get("CI") == "true"


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """A command run inside a test sets up logging for its process: put back what was before."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    hooks = sys.excepthook, threading.excepthook, warnings.showwarning
    yield
    root.handlers[:], root.level = before
    sys.excepthook, threading.excepthook, warnings.showwarning = hooks
    logging.captureWarnings(False)
    structlog.reset_defaults()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as `shared` whatever uses the fixture of that name, so that `-m "not shared"` leaves it out."""
    for item in items:
        if "shared" in getattr(item, "fixturenames", ()):
            item.add_marker("shared")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The development data beside the repository; tests that use it skip without it."""
    if not SHARED.is_dir():
        pytest.skip("the development data is not here")
    return SHARED


@pytest.fixture(scope="session")
def street() -> Path:
    """Ten seconds of a street, 640×272, 25 a second, with five cuts: people, cars and bicycles come and go.

    It is the demo's clip, which `make setup` installs.
    """
    from camwire.demo.footage import find_clip

    return find_clip()


def missing_package(what: str, install: str) -> None:
    """Skip loudly, with the line that helps; in CI, where everything is installed, fail instead."""
    message = f"{what} is not installed; add it with: {install}"
    if IN_CI:
        pytest.fail(message)
    pytest.skip(message)
