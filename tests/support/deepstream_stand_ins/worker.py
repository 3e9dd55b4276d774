"""`camwire worker --engine deepstream` on the stand-ins."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from camwire.analytics.rules.events import Event
from camwire.devices.contracts import Device
from camwire.monitoring.logs import setup_logging
from camwire.pipeline.contract import PipelineEngine
from camwire.pipeline.lane import Publisher
from tests.support import deepstream_stand_ins as stand_ins


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--device", required=True)
    parser.add_argument("--link", type=Path, required=True)
    parser.add_argument("--new-mux", action="store_true")
    options, _ = parser.parse_known_args()
    assert stand_ins.available(Path(tempfile.gettempdir()))
    stand_ins.register(new_mux=options.new_mux)
    setup_logging("info", json=False)

    from camwire.deepstream.engine import DeepstreamEngine
    from camwire.pipeline.worker import Worker
    from tests.support.deepstream_stand_ins.metadata import StandInMetadata

    def engine(
        device: Device, publish: Publisher, *, on_events: Callable[[Sequence[Event]], None]
    ) -> PipelineEngine:
        return DeepstreamEngine(device, publish, metadata=StandInMetadata(), on_events=on_events)

    status = Worker(options.name, options.device, options.link, engine).run()
    os._exit(status)


if __name__ == "__main__":
    main()
