"""The real server with a stand-in worker, for working on the viewer.

``python -m tests.support.viewer_playground --port 8090 --cameras 4``: that many moving cameras, one
more that is retrying and one that is disabled.
"""

from __future__ import annotations

import argparse
import sys

from camwire.config.camera import CameraConfig
from camwire.config.root import Config
from camwire.config.secrets import SecretUrl
from camwire.config.server import ServerConfig
from camwire.link.endpoint import Endpoints
from camwire.monitoring.logs import setup_logging
from camwire.server.main import serve
from tests.support.stand_in_worker import LOST


def playground_config(moving: int, port: int) -> Config:
    cameras = [
        CameraConfig(id=f"cam-{number}", name=f"Camera {number}", url=SecretUrl("synthetic:ball"))
        for number in range(1, moving + 1)
    ]
    cameras.append(CameraConfig(id="lost", name="Lost camera", url=SecretUrl(LOST)))
    cameras.append(
        CameraConfig(id="off", name="Disabled camera", url=SecretUrl("synthetic:ball"), enabled=False)
    )
    return Config(cameras=tuple(cameras), server=ServerConfig(port=port))


def stand_in_command(name: str, endpoints: Endpoints) -> list[str]:
    module = "tests.support.stand_in_worker"
    return [sys.executable, "-m", module, "--name", name, "--link", str(endpoints.directory)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--port", type=int, default=8090, help="0 takes a free one")
    parser.add_argument("--cameras", type=int, default=4, help="moving ones")
    options = parser.parse_args()
    setup_logging("info")
    return serve(
        playground_config(options.cameras, options.port),
        on_ready=lambda address: print(f"viewer: {address}", flush=True),
        worker=stand_in_command,
    )


if __name__ == "__main__":
    sys.exit(main())
