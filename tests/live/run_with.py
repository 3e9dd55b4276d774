"""`camwire run` with another worker: ``python -m tests.live.run_with MODULE CONFIG.yaml ARGUMENTS``.

``ARGUMENTS`` go to the worker's module, after the usual ones.
"""

from __future__ import annotations

import sys
from pathlib import Path

from camwire.config import load
from camwire.link.endpoint import Endpoints
from camwire.monitoring.logs import setup_logging
from camwire.server.main import serve


def main() -> int:
    module, config, arguments = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]

    def worker(name: str, endpoints: Endpoints) -> list[str]:
        return [
            *(sys.executable, "-m", module, "--name", name, "--link", str(endpoints.directory)),
            *arguments,
        ]

    setup_logging("info")
    return serve(
        load(config),
        on_ready=lambda address: print(f"viewer: {address}", flush=True),
        config_path=config,
        worker=worker,
    )


if __name__ == "__main__":
    sys.exit(main())
