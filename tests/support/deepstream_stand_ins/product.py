"""`camwire run CONFIG` with a worker whose DeepStream is made of stand-ins."""

from __future__ import annotations

import sys
from pathlib import Path

from camwire.config import load
from camwire.link.endpoint import Endpoints
from camwire.monitoring.logs import setup_logging
from camwire.server.main import serve


def main(path: Path) -> int:
    setup_logging("info", json=False)
    config = load(path)
    new = ["--new-mux"] if config.deepstream.mux == "new" else []

    def command(name: str, endpoints: Endpoints) -> list[str]:
        worker = [sys.executable, "-m", "tests.support.deepstream_stand_ins.worker", *new]
        return [*worker, "--name", name, "--device", name, "--link", str(endpoints.directory)]

    return serve(
        config,
        on_ready=lambda address: print(f"viewer: {address}", flush=True),
        config_path=path,
        worker=command,
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
