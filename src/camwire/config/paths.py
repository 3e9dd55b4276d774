"""Files' paths in a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator


def _is_no_url(path: str) -> str:
    """A camera's URL that was pasted here would be shown with its password, as paths are."""
    if "://" in path:
        raise ValueError("expected a file's path, not a URL")
    return path


def can_be_expanded(path: str) -> str:
    """``path`` as it is. Raises ValueError for what no file can be called."""
    if "\0" in path:
        raise ValueError("a path holds no zero byte")
    try:
        Path(path).expanduser()
    except RuntimeError:
        raise ValueError("the path begins with ~, whose home folder isn't known; write it out") from None
    return path


FilePath = Annotated[str, AfterValidator(_is_no_url), AfterValidator(can_be_expanded)]
"""May begin with ``~``."""
