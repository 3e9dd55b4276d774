"""The last seconds of what a camera sent, as it sent them, so that they can be saved afterwards."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from io import BytesIO
from typing import Any, NamedTuple, Protocol

import av
from av.packet import Packet
from av.video.stream import VideoStream

LARGEST = 32_000_000
"""Bytes kept of a camera at most, however long that lasts."""
SLACK = 1.0
"""Seconds by which a camera's time may go otherwise than that in which its packets come."""


class Kept(NamedTuple):
    """A packet."""

    data: bytes
    pts: int | None
    dts: int | None
    duration: int | None
    is_keyframe: bool
    arrived: float
    """UTC."""


class Track:
    """What a muxer has to know of a video stream; outlives the connection that it is about."""

    def __init__(self, video: VideoStream) -> None:
        # An output that nothing is written to: FFmpeg's parameters live in containers only.
        self._holder = av.open(BytesIO(), "w", format="mp4")
        self.template = self._holder.add_stream_from_template(video, opaque=True)
        self.time_base = video.time_base or Fraction(1, 90_000)


@dataclass(slots=True)
class Group:
    """A key frame and all packets up to the next one."""

    track: Track
    packets: list[Kept] = field(default_factory=list)
    bytes: int = 0

    @property
    def start(self) -> float:
        return self.packets[0].arrived


class Video(NamedTuple):
    """What a camera sent between two times."""

    mp4: bytes
    seconds: float


class Recalling(Protocol):
    """What keeps a camera's packets, in this process or in another."""

    longest: float
    """Seconds that are kept at least; 0: none."""

    def video(self, since: float, until: float) -> Video | None:
        """What came between two times (UTC), not encoded again; None where nothing is kept of it.

        Raises ValueError and av.FFmpegError where the packets fit into no MP4 file.
        """


class PacketRing:
    """Written by the camera's thread, read by any. ``longest``: seconds that are kept at least; 0: none."""

    def __init__(self, longest: float, largest: int = LARGEST) -> None:
        self.longest = longest
        self._largest = largest
        self._lock = threading.Lock()
        self._groups: deque[Group] = deque()
        self._bytes = 0
        """Of all groups."""
        self._track: Track | None = None
        self._fresh = True

    def begin(self, video: VideoStream) -> None:
        """Another connection, or another turn of a file. Raises ValueError where its codec fits no MP4."""
        track = Track(video)
        with self._lock:
            self._track, self._fresh = track, True

    def add(self, packet: Packet[Any], arrived: float) -> None:
        """Keep a packet; ``arrived`` is UTC. What comes before the first key frame isn't kept."""
        with self._lock:
            if self._track is None or self.longest <= 0:
                self._groups.clear()
                self._bytes = 0
                return
            if packet.is_keyframe:
                self._groups.append(Group(self._track))
                self._fresh = False
            elif self._fresh or not self._groups:
                return
            group = self._groups[-1]
            kept = Kept(bytes(packet), packet.pts, packet.dts, packet.duration, packet.is_keyframe, arrived)
            group.packets.append(kept)
            group.bytes += packet.size
            self._bytes += packet.size
            self._forget(arrived - self.longest)

    def _forget(self, oldest: float) -> None:
        """Whole groups that aren't needed for what came from ``oldest`` on, or are too much."""
        groups = self._groups
        while groups and (self._bytes > self._largest or (len(groups) > 1 and groups[1].start <= oldest)):
            self._bytes -= groups.popleft().bytes
        self._fresh = self._fresh or not groups

    def cut(self, since: float, until: float) -> tuple[Track, Sequence[Kept]] | None:
        """What came between, from the key frame before on; of one connection, the newest within that time.

        None where nothing is kept of it.
        """
        with self._lock:
            groups = [(group.track, list(group.packets)) for group in self._groups]
        within = [(track, packets) for track, packets in groups if packets[0].arrived <= until]
        if not within or within[-1][1][-1].arrived < since:
            return None
        track = within[-1][0]
        own = [packets for known, packets in within if known is track]
        first = max((n for n, packets in enumerate(own) if packets[0].arrived <= since), default=0)
        return track, [packet for packets in own[first:] for packet in packets if packet.arrived <= until]

    def video(self, since: float, until: float) -> Video | None:
        """See Recalling."""
        found = self.cut(since, until)
        if found is None:
            return None
        track, packets = found
        return Video(as_mp4(track, packets), packets[-1].arrived - packets[0].arrived)


def as_mp4(track: Track, packets: Sequence[Kept]) -> bytes:
    """An MP4 file of packets, not encoded again; it begins at time 0. Raises ValueError, av.FFmpegError.

    Where the camera's clock was set in between, it goes on as the packets came.
    """
    file = BytesIO()
    with av.open(file, "w", format="mp4") as output:
        stream = output.add_stream_from_template(track.template, opaque=True)
        base, _ = _stamps(packets[0], packets[0], track)
        dts, step = -1, 1
        earlier, last = packets[0], base
        for kept in packets:
            decoded, shown = _stamps(kept, packets[0], track)
            base += _leap(decoded - last, kept.arrived - earlier.arrived, track)
            earlier, last = kept, decoded
            before, dts = dts, max(decoded - base, dts + 1)
            step = kept.duration or (dts - before if before >= 0 else step)
            packet: Packet[Any] = Packet(kept.data)
            packet.dts, packet.pts, packet.duration = dts, max(shown - base, dts), step
            packet.time_base = track.time_base
            packet.is_keyframe = kept.is_keyframe
            packet.stream = stream
            output.mux_one(packet)
    return file.getvalue()


def _leap(step: int, passed: float, track: Track) -> int:
    """What of a step of the camera's time, in the track's units, is none that ``passed`` (seconds)."""
    passed = max(passed, 0.0)
    seconds = float(step * track.time_base)
    return 0 if -SLACK <= seconds <= passed + SLACK else step - round(passed / float(track.time_base))


def _stamps(kept: Kept, first: Kept, track: Track) -> tuple[int, int]:
    """When to decode and to show it, in the track's units; by its arrival where the camera doesn't say."""
    dts = kept.dts if kept.dts is not None else kept.pts
    if dts is None:
        dts = round((kept.arrived - first.arrived) / float(track.time_base))
    return dts, kept.pts if kept.pts is not None else dts
