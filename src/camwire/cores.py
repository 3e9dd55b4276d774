"""The processor's cores, shared out among the threads that compute: bounds for any number of cameras.

Decoding has a bound of its own, because it is short and can't be left out: behind an inference it would fall
behind its camera.
"""

import os
import threading

ALLOWED = frozenset(os.sched_getaffinity(0))
"""The numbers of those that this process may use."""
CORES = len(ALLOWED)

computing = threading.BoundedSemaphore(CORES)
"""Held by a thread while it infers, draws or encodes on the CPU. Whoever holds it waits for nobody, and never
takes it twice."""

decoding = threading.BoundedSemaphore(CORES)
"""Held by a camera's thread while it decodes on the CPU."""


def bounds() -> str:
    """For people, at the start."""
    return f"at most {CORES} infer, draw and encode at once, one thread each, and {CORES} decode"
