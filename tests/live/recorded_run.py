"""`camwire run` with the recording worker: ``python -m tests.live.recorded_run CONFIG.yaml NOTES``."""

from __future__ import annotations

import sys
from pathlib import Path

from camwire.config import load
from camwire.link.endpoint import Endpoints
from camwire.monitoring.logs import setup_logging
from camwire.server.main import serve


def main() -> int:
    config, notes = Path(sys.argv[1]), sys.argv[2]

    def worker(name: str, endpoints: Endpoints) -> list[str]:
        module = (sys.executable, "-m", "tests.live.recording_worker")
        return [*module, "--name", name, "--link", str(endpoints.directory), "--notes", notes]

    setup_logging("info")
    return serve(
        load(config),
        on_ready=lambda address: print(f"viewer: {address}", flush=True),
        config_path=config,
        worker=worker,
    )


if __name__ == "__main__":
    sys.exit(main())
