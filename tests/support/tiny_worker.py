"""Small processes for the supervisor's tests: ``python tests/support/tiny_worker.py KIND``.

``steady`` ends on SIGTERM, ``stubborn`` ignores it and has a child, ``failing`` ends with status 3.
"""

import signal
import subprocess
import sys


def main(kind: str) -> None:
    if kind == "failing":
        sys.exit(3)
    if kind == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        subprocess.Popen([sys.executable, __file__, "child"])
    while True:
        signal.pause()


if __name__ == "__main__":
    main(sys.argv[1])
