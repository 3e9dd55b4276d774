"""From an open source to pictures: demux, wait for a key frame, decode, count what is unusable."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import av
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from camwire.sources.faults import SourceError, reading_fault, silence
from camwire.sources.opening import OpenSource

KEYFRAME_PATIENCE = 10.0
"""Seconds without a key frame after which the decoder gets what there is: some cameras refresh their picture
bit by bit and never send one."""
REORDERED = 64
"""Packets in a decoder at most."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture and what is known of its way here."""

    frame: VideoFrame
    stamp: float | None
    """Presentation time in seconds, as the stream has it."""
    arrived: float
    """When its packet was read; monotonic seconds."""
    waited: float
    """How long reading that packet blocked; seconds."""


@dataclass(frozen=True, slots=True)
class _Read:
    packet: Packet[VideoStream]
    arrived: float
    waited: float


class Decoder:
    """Decodes one connection (or one turn of a file)."""

    def __init__(
        self,
        source: OpenSource,
        *,
        place: str,
        read_timeout: float,
        discarded: Counter[str],
        hold: Callable[[float | None], None],
    ) -> None:
        """``discarded`` is counted up by cause.

        ``hold`` gets each packet's time in seconds before the packet counts as arrived: to pace files.
        """
        self._source = source
        self._place = place
        self._read_timeout = read_timeout
        self._discarded = discarded
        self._hold = hold
        self._time_base = float(source.video.time_base or 0)
        self._in_decoder: dict[int | None, _Read] = {}
        self._before_keyframe_since: float | None = None
        self._synchronised = False

    def pictures(self) -> Iterator[Picture]:
        """Pictures until the source ends. Raises SourceError when reading fails."""
        for read in self._packets():
            if read.packet.size == 0 or self._is_usable(read):
                for frame in self._decode(read.packet):
                    yield self._picture(frame, read)

    def _packets(self) -> Iterator[_Read]:
        packets = self._source.container.demux(self._source.video)
        while True:
            started = time.monotonic()
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.FFmpegError, OSError) as error:
                fault = reading_fault(error, self._place, timeout=self._read_timeout)
                cut_short = self._source.recorded and isinstance(error, av.error.InvalidDataError)
            else:
                waited = time.monotonic() - started
                if packet.size:
                    self._hold(self._seconds(packet.dts if packet.dts is not None else packet.pts))
                read = _Read(packet, time.monotonic(), waited)
                self._remember(read)
                yield read
                if waited < self._read_timeout * 0.98:
                    continue
                # FFmpeg answers a timeout with the picture it had begun to collect, if there is one.
                fault, cut_short = silence(self._place, self._read_timeout), False
            if not cut_short:
                raise SourceError(fault)  # outside of except: FFmpeg's own exception holds the URL
            self._discarded["corrupt"] += 1
            return

    def _is_usable(self, read: _Read) -> bool:
        """Whether decoding may begin (or has begun) with this packet."""
        if self._synchronised:
            return True
        if self._before_keyframe_since is None:
            self._before_keyframe_since = read.arrived
        waited = read.arrived - self._before_keyframe_since
        self._synchronised = read.packet.is_keyframe or waited > KEYFRAME_PATIENCE
        if not self._synchronised:
            self._discarded["before_keyframe"] += 1
        return self._synchronised

    def _decode(self, packet: Packet[VideoStream]) -> list[VideoFrame]:
        try:
            frames = packet.decode()
        except (av.FFmpegError, ValueError):
            self._discarded["corrupt"] += 1
            return []
        sound = [frame for frame in frames if not frame.is_corrupt]
        self._discarded["corrupt"] += len(frames) - len(sound)
        return sound

    def _picture(self, frame: VideoFrame, latest: _Read) -> Picture:
        """Pictures leave the decoder in the order of display: each goes with the packet that brought it."""
        own = self._in_decoder.pop(frame.pts, latest)
        return Picture(frame, self._seconds(frame.pts), own.arrived, own.waited)

    def _remember(self, read: _Read) -> None:
        self._in_decoder[read.packet.pts] = read
        while len(self._in_decoder) > REORDERED:
            del self._in_decoder[next(iter(self._in_decoder))]

    def _seconds(self, stamp: int | None) -> float | None:
        return None if stamp is None or not self._source.timed else stamp * self._time_base
