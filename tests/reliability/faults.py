"""What cameras and networks do wrong, as data. To add a fault, add a line to ``FAULTS``.

All of them happen at once, each to a camera of its own, in one run of an engine (`run.py`).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from camwire.link.reports import CameraReport
from tests.support.film import film
from tests.support.rtp_camera import RtpCamera
from tests.support.rtsp_faults import TcpProxy

ROUND = 2**32 / 90_000
"""Seconds after which RTP's timestamps begin again."""
PASSWORD = "Marabou83"
"""A word that nothing else says."""
FPS = 5.0


class FaultyCamera:
    """A camera behind a network (for TCP: a proxy)."""

    def __init__(self) -> None:
        self.camera = RtpCamera(fps=FPS)
        self.network: TcpProxy | None = None

    def hang_up(self) -> None:
        self.camera.hang_up()

    @property
    def proxy(self) -> TcpProxy:
        assert self.network is not None
        return self.network


Act = Callable[[FaultyCamera], None]


def nothing(_: FaultyCamera) -> None:
    pass


@dataclass(frozen=True)
class Fault:
    name: str
    begin: Act = nothing
    end: Act = nothing
    says: str = ""
    """A pattern of what must be said of the camera meanwhile; empty: it must stay live."""
    prepare: Act = nothing
    """What is odd about this camera from the start."""
    transport: Literal["tcp", "udp"] = "tcp"
    proxied: bool = False
    password: str = ""
    shows: Callable[[CameraReport], bool] = lambda _: True
    """What must be true of the camera's last report."""


def sets(**attributes: object) -> Act:
    """The camera's attributes take these values, from the next picture or request on."""

    def act(faulty: FaultyCamera) -> None:
        for name, value in attributes.items():
            assert hasattr(faulty.camera, name)
            setattr(faulty.camera, name, value)

    return act


def reconnecting(act: Act) -> Act:
    """And then the camera ends all connections, as those do whose settings are changed."""

    def both(faulty: FaultyCamera) -> None:
        act(faulty)
        faulty.hang_up()

    return both


def shifted(seconds: float) -> Act:
    return sets(stamp=lambda time: time + seconds)


HONEST = sets(stamp=lambda time: time)
_random = random.Random(7)


def every(nth: int) -> Callable[[Sequence[bytes]], Sequence[bytes]]:
    """One packet in ``nth`` is lost, at random."""
    return lambda packets: [packet for packet in packets if _random.randrange(nth)]


def reordered(packets: Sequence[bytes]) -> Sequence[bytes]:
    """Neighbours change places."""
    found = list(packets)
    for first in range(0, len(found) - 1, 2):
        found[first : first + 2] = reversed(found[first : first + 2])
    return found


def doubled(packets: Sequence[bytes]) -> Sequence[bytes]:
    return [packet for packet in packets for _ in range(2)]


def corrupted(share: float) -> Callable[[bytes], bytes]:
    """Bytes of pictures (not of parameter sets) become others."""

    def nal(data: bytes) -> bytes:
        if data[0] & 0x1F not in (1, 5):
            return data
        wrong = bytearray(data)
        for _ in range(max(1, round(share * len(data)))):
            wrong[_random.randrange(1, len(wrong))] = _random.randrange(256)
        return bytes(wrong)

    return nal


LARGE = film(width=320, height=240)
NOISE = film(noise=True)
LARGE_NOISE = film(noise=True, width=320, height=240)
LONG = film(frames=100, gop=100)

FAULTS = (
    # the camera goes away
    Fault("killed and started again", lambda it: it.camera.kill(), lambda it: it.camera.start(), "refuses"),
    Fault("silent in the middle", sets(silent=True), sets(silent=False), "no picture for|gone silent"),
    Fault(
        "accepting, then silent",
        reconnecting(sets(silent=True)),
        sets(silent=False),
        "no answer|ended the stream|broke the connection off",
    ),
    Fault("ending the stream again and again", lambda it: it.hang_up(), says="ended the stream|broke"),
    # the network
    Fault(
        "half-open connection", lambda it: it.proxy.strand(), says="no picture for|gone silent", proxied=True
    ),
    Fault(
        "network that stands still",
        lambda it: it.proxy.hold(),
        lambda it: it.proxy.release(),
        "no picture for|gone silent|no answer",
        proxied=True,
    ),
    Fault(
        "30 % of bytes delayed by most of a second",
        lambda it: it.proxy.stutter(0.8),
        lambda it: it.proxy.release(),
        proxied=True,
    ),
    Fault("packets lost, TCP", sets(film=NOISE, mangle=every(10)), sets(mangle=list), "damaged"),
    Fault(
        "packets lost, UDP", sets(film=NOISE, mangle=every(10)), sets(mangle=list), "damaged", transport="udp"
    ),
    Fault("packets reordered, UDP", sets(film=NOISE, mangle=reordered), sets(mangle=list), transport="udp"),
    Fault(
        "packets twice, UDP", sets(film=NOISE, mangle=doubled), sets(mangle=list), "damaged", transport="udp"
    ),
    Fault("ten times the bits", sets(film=LARGE_NOISE), sets(film=film())),
    Fault("ten times the pictures", sets(fps=10 * FPS), sets(fps=FPS)),
    # the stream
    Fault("some NAL units corrupt", sets(nal=corrupted(0.01)), sets(nal=bytes), "damaged"),
    Fault("every picture rubbish", sets(nal=corrupted(1.0)), sets(nal=bytes), "no picture"),
    Fault("resolution changes", sets(film=LARGE), shows=lambda report: report.width == 320),
    Fault("profile changes", sets(film=film(profile="high", b_frames=2))),
    Fault("codec changes", sets(film=film("h265")), says="no picture", shows=lambda it: it.codec == "hevc"),
    Fault(
        "one key frame in ten seconds", reconnecting(sets(film=LONG, joins_at=80)), says="no picture|ended"
    ),
    Fault("B-frames", prepare=sets(film=film(b_frames=2))),
    # timestamps
    Fault("timestamps jump back", shifted(-1000), HONEST),
    Fault("timestamps jump forward", shifted(40_000), HONEST),
    Fault("timestamps count five seconds for one", sets(stamp=lambda time: 5 * time), HONEST),
    Fault("timestamps stand still", sets(stamp=lambda _: 5.0), HONEST),
    Fault("timestamps begin just below 2³²", prepare=shifted(ROUND - 2)),
    Fault("timestamps begin at 2³²", prepare=shifted(ROUND)),
    Fault("5 a second declared as 30", prepare=sets(sdp_extra="a=framerate:30\r\n")),
    # what it is asked
    Fault(
        "wrong password, basic",
        reconnecting(sets(password="another")),
        sets(password=PASSWORD),
        "401",
        sets(password=PASSWORD),
        password=PASSWORD,
    ),
    Fault(
        "wrong password, digest",
        reconnecting(sets(password="another")),
        sets(password=PASSWORD),
        "401",
        sets(password=PASSWORD, scheme="Digest"),
        password=PASSWORD,
    ),
    Fault("404", reconnecting(sets(missing=True)), sets(missing=False), "404"),
)
