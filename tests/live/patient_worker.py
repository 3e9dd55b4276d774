"""The real worker, which waits long for cameras: on a busy machine one that is well may pause for seconds.

Run as ``python -m tests.live.patient_worker --name cpu --link FOLDER``.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from camwire.monitoring.logs import setup_logging
from camwire.pipeline.worker import Worker
from camwire.sources import address


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--link", type=Path, required=True)
    options = parser.parse_args()
    address.NETWORK_OPEN_TIMEOUT = address.NETWORK_READ_TIMEOUT = 60.0
    setup_logging("info")
    return Worker(options.name, "cpu", options.link).run()


if __name__ == "__main__":
    os._exit(main())
