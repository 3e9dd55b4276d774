"""The real worker, which gets stuck in native code once: ``python -m tests.support.wedged_worker ...``.

While the file ``--once`` exists, the detector removes it and then waits in C for a signal that never comes,
with or without the interpreter's lock.
"""

from __future__ import annotations

import argparse
import ctypes
from pathlib import Path
from typing import Any

from camwire.pipeline import watchdog
from camwire.pipeline.detector import Detector
from camwire.pipeline.worker import Worker


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", required=True)
    parser.add_argument("--link", type=Path, required=True)
    parser.add_argument("--once", type=Path, required=True)
    parser.add_argument("--looks", type=int, default=watchdog.LOOKS)
    parser.add_argument("--keep-lock", action="store_true")
    options = parser.parse_args()
    watchdog.LOOKS = options.looks
    library = (ctypes.PyDLL if options.keep_lock else ctypes.CDLL)(None)
    detect = Detector.__call__

    def wedged(self: Detector, *arguments: Any) -> Any:
        if options.once.exists():
            options.once.unlink()
            while True:
                library.pause()
        return detect(self, *arguments)

    Detector.__call__ = wedged  # type: ignore[method-assign]
    return Worker(options.name, "cpu", options.link).run()


if __name__ == "__main__":
    import os

    os._exit(main())
