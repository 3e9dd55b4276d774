"""camwire's server on a machine that seems to have a GPU, in a process that may be told to stop.

python -m tests.server.mps.serving FILE      writes `WORKER FOLDER` there once MPS's daemon runs in FOLDER/mps
"""

import sys
from pathlib import Path

from camwire.config.server import ServerConfig
from camwire.link.endpoint import Endpoints
from camwire.server import main
from camwire.server.mps.program import runs
from tests.server.mps.test_sharing import config, seems_to_have_a_gpu
from tests.support.waiting import wait_for


def serve(answer: Path) -> int:
    begun: list[tuple[str, Path]] = []

    def worker(name: str, endpoints: Endpoints) -> list[str]:
        begun.append((name, endpoints.directory))
        return ["sleep", "9"]

    def tell(address: str) -> None:
        [(name, folder)] = begun
        wait_for(lambda: runs(folder / "mps"), "the daemon runs")
        unfinished = answer.with_suffix(".new")
        unfinished.write_text(f"{name} {folder}")
        unfinished.rename(answer)

    main.look_for_gpus = seems_to_have_a_gpu
    return main.serve(config(30, server=ServerConfig(port=0)), on_ready=tell, worker=worker)


if __name__ == "__main__":
    sys.exit(serve(Path(sys.argv[1])))
