"""What the configuration's tests share."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from camwire.config import loading
from camwire.config.secrets import SecretRegistry

# No test asserts a time: a busy machine must not fail Hypothesis's deadline.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.fixture(autouse=True, scope="package")
def _own_secrets() -> Iterator[None]:
    """Made-up passwords must not mask the other tests' output."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "SECRETS", SecretRegistry())
        yield
