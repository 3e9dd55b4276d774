"""A worker that only greets and reports, quick to start: ``python -m tests.support.simple_worker ...``.

``--hungry MB``: once it knows what is desired it takes memory until it gets no more than so much.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from pathlib import Path

import zmq

from camwire.link.desired import DesiredState
from camwire.link.endpoint import Endpoints
from camwire.link.message import Message
from camwire.link.messages import Hello, Stop, decode_downward, encode
from camwire.link.reports import Statistics

REPORT_EVERY = 0.2


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", required=True)
    parser.add_argument("--link", type=Path, required=True)
    parser.add_argument("--hungry", type=int, default=0)
    options = parser.parse_args()
    if options.hungry:
        most = options.hungry << 20
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    control = zmq.Context.instance().socket(zmq.DEALER)
    control.setsockopt(zmq.IDENTITY, options.name.encode())
    control.setsockopt(zmq.LINGER, 0)
    control.connect(Endpoints(options.link).control)
    hello = Hello(worker=options.name, pid=os.getpid(), device="cpu")
    control.send(encode(hello))
    report: Message = hello
    parent, reported, taken = os.getppid(), time.monotonic(), []
    while os.getppid() == parent:
        if control.poll(50):
            message = decode_downward(control.recv())
            if isinstance(message, Stop):
                return
            if isinstance(message, DesiredState):
                report = statistics(options.name, message.revision)
                while options.hungry:
                    taken.append(bytearray(8 << 20))
        if time.monotonic() - reported > REPORT_EVERY:
            reported = time.monotonic()
            control.send(encode(report))


def statistics(name: str, revision: int) -> Statistics:
    return Statistics(
        worker=name,
        pid=os.getpid(),
        device="cpu",
        revision=revision,
        cameras=(),
        model="none",
        cpu_percent=0.0,
        rss_bytes=0,
    )


if __name__ == "__main__":
    main()
