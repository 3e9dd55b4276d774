"""What tests have the stand-ins do wrong, by element's factory."""

from __future__ import annotations

from collections import Counter

errors: Counter[str] = Counter()
"""How often the next buffers are answered with an element's error."""
swallowed: set[str] = set()
"""Elements that take every buffer and put out none."""
no_new_pads: set[str] = set()
"""Elements that give no pads while they run."""


def clear() -> None:
    errors.clear()
    swallowed.clear()
    no_new_pads.clear()
