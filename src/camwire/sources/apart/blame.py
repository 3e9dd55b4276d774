"""Which camera a source process died of.

Where a fatal signal meets a Python process, its ``faulthandler`` can still write down in which thread that
was. Here it writes into memory that the worker has, too; and each camera has a thread.
"""

from __future__ import annotations

import faulthandler
import os
import re
from typing import NamedTuple

_WHERE = re.compile(r"Current thread 0x([0-9a-f]+)[^\n]*\n(?:  File \"([^\"]*)\", line (\d+))?")


class Fault(NamedTuple):
    """Where a fatal signal came."""

    thread: int
    """``threading.Thread.ident``."""
    place: str
    """`demuxing.py:88`, the line of Python that was at work; empty where there was none."""


class LastWords:
    """Memory for what a process says at its very end."""

    def __init__(self, descriptor: int) -> None:
        """``descriptor``: of a file in memory, which from now on belongs to this object."""
        self.descriptor = descriptor

    @classmethod
    def new(cls) -> LastWords:
        """Raises OSError where there is no memory."""
        return cls(os.memfd_create("camwire-last-words", os.MFD_CLOEXEC))

    def are_mine(self) -> None:
        """They will be this process's."""
        faulthandler.enable(self.descriptor, all_threads=True)

    def fault(self) -> Fault | None:
        """Where the fatal signal came that ended the process; None where there was none."""
        size = os.fstat(self.descriptor).st_size
        return fault_in(os.pread(self.descriptor, size, 0).decode(errors="replace"))

    def close(self) -> None:
        os.close(self.descriptor)


def fault_in(words: str) -> Fault | None:
    """What ``faulthandler`` wrote, read."""
    if (found := _WHERE.search(words)) is None:
        return None
    thread, file, line = found.groups()
    return Fault(int(thread, 16), f"{os.path.basename(file)}:{line}" if file else "")
