"""A process that doesn't outlive the one that started it."""

from __future__ import annotations

import ctypes
import os
import signal

SET_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of linux/prctl.h."""


def die_with(parent: int) -> None:
    """Have the kernel kill this process when ``parent``, which started it, ends; even if this one hangs.

    To be called before anything that takes time. Raises SystemExit where the parent has ended already.
    """
    ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:  # asked afterwards, so that no moment lies in between
        raise SystemExit(f"camwire: process {parent}, which this worker was for, is gone")
