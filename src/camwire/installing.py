"""The line that adds what is missing to the environment that camwire runs in."""

from __future__ import annotations

import shlex
import sys


def own_pip(line: str) -> str:
    """``line`` with the `pip` at its beginning, if there is one, as that of the Python that runs this.

    The one on a shell's path may be another environment's.
    """
    command, _, rest = line.partition(" ")
    return f"{shlex.quote(sys.executable)} -m pip {rest}" if command == "pip" else line
