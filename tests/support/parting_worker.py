"""The real worker, whose last batch has much to report: ``python -m tests.support.parting_worker ...``."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from camwire.analytics.rules.events import Event
from camwire.pipeline.engine import Engine
from camwire.pipeline.worker import Worker

EVENTS = 1200
"""More than go into one message."""


def event(number: int) -> Event:
    return Event(
        kind="enter",
        rule="gate",
        camera="a",
        time=time.time(),
        sequence=number,
        subject=None,
        value=None,
        counts={},
    )


class PartingEngine(Engine):
    def stop(self, timeout: float) -> bool:
        ended = super().stop(timeout)
        self.analysis._on_events([event(number) for number in range(EVENTS)])
        return ended


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", required=True)
    parser.add_argument("--link", type=Path, required=True)
    options = parser.parse_args()
    worker = Worker(options.name, "cpu", options.link)
    worker._engine = PartingEngine(worker._device, worker._publish, on_events=worker._outbox.add)
    return worker.run()


if __name__ == "__main__":
    os._exit(main())
