"""A stand-in worker that notes, for every desired state it is handed, what it says of each camera.

Run as ``python -m tests.live.recording_worker --name cpu --link FOLDER --notes FILE``: a JSON line for each.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from camwire.link.desired import DesiredState
from camwire.link.endpoint import Endpoints
from tests.support.stand_in_worker import StandIn


class Recorder(StandIn):
    def __init__(self, endpoints: Endpoints, name: str, notes: Path) -> None:
        super().__init__(endpoints, name)
        self._notes = notes.open("a", buffering=1)

    def follow(self, state: DesiredState) -> None:
        super().follow(state)
        if isinstance(state, DesiredState):
            cameras = {camera.id: [camera.url, camera.enabled, camera.transport] for camera in state.cameras}
            self._notes.write(json.dumps({"revision": state.revision, "cameras": cameras}) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--link", type=Path, required=True)
    parser.add_argument("--notes", type=Path, required=True)
    options = parser.parse_args()
    Recorder(Endpoints(options.link), options.name, options.notes).run()


if __name__ == "__main__":
    main()
