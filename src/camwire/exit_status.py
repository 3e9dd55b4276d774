"""How a process ended, for people."""

from __future__ import annotations

import signal


def describe_exit(code: int) -> str:
    """A process's exit status in words; negative for signals, as subprocess has them."""
    if code >= 0:
        return f"it ended with status {code}"
    try:
        return f"it was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"it was killed by signal {-code}"
