"""What the configuration's tests share."""

from collections.abc import Iterator

import pytest

from camwire.config import loading
from camwire.config.secrets import SecretRegistry


@pytest.fixture(autouse=True, scope="package")
def _own_secrets() -> Iterator[None]:
    """Made-up passwords must not mask the other tests' output."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "SECRETS", SecretRegistry())
        yield
