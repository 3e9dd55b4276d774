"""From an open source to pictures: demux, wait for a key frame, decode, count what is unusable."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass

import av
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from camwire.cores import decoding
from camwire.sources.faults import SourceError, reading_fault, silence
from camwire.sources.interrupt import interrupted, patience
from camwire.sources.opening import OpenSource
from camwire.sources.pace import Pace

KEYFRAME_PATIENCE = 10.0
"""Seconds without a key frame after which the decoder gets what there is: some cameras refresh their picture
bit by bit and never send one."""
REORDERED = 64
"""Packets in a decoder at most."""
FRUITLESS = 3.0
"""Seconds of packets without a picture after which a connection that had pictures is given up: the camera
has changed what it sends (its codec, for one) ..."""
FRUITLESS_PACKETS = 30
"""... provided that so many came: of a slow camera the decoder may hold some back."""
PICTURELESS = 30.0
"""Seconds, for a connection that has had none yet: some refresh their picture bit by bit."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture and what is known of its way here."""

    frame: VideoFrame
    stamp: float | None
    """Presentation time in seconds, as the stream has it."""
    arrived: float
    """When its packet was read, in monotonic seconds; grows. Where packets come in another order than their
    pictures (B-frames), the first picture has the first one's, and so on: the camera's pace is in that."""
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
        pace: Pace,
        discarded: Counter[str],
        hold: Callable[[float | None], None],
        keep: Callable[[Packet[VideoStream]], None] = lambda _: None,
    ) -> None:
        """``read_timeout``: seconds without a packet that are too long, unless the ``pace`` is slow.

        ``discarded`` is counted up by cause.

        ``hold`` gets each packet's time in seconds before the packet counts as arrived: to pace files.
        ``keep`` gets each packet when it has arrived.
        """
        self._source = source
        self._place = place
        self._read_timeout = read_timeout
        self._pace = pace
        self._discarded = discarded
        self._hold = hold
        self._keep = keep
        # A GPU's decoder takes no core.
        self._core = nullcontext() if source.video.codec_context.is_hwaccel else decoding
        self._time_base = float(source.video.time_base or 0)
        self._in_decoder: dict[int | None, _Read] = {}
        """By the stream's own time."""
        self._shown: int | None = None
        """The last picture's."""
        self._before_keyframe_since: float | None = None
        self._synchronised = False
        self._in_vain = 0
        self._fruitless_since = time.monotonic()
        self._had_pictures = False

    def pictures(self) -> Iterator[Picture]:
        """Pictures until the source ends. Raises SourceError when reading fails."""
        for read in self._packets():
            if read.packet.size == 0 or self._is_usable(read):
                frames = self._decode(read.packet)
                for frame in frames:
                    yield self._picture(frame, read)
                self._judge(read, fruitful=bool(frames))

    def _packets(self) -> Iterator[_Read]:
        packets = self._source.container.demux(self._source.video)
        self._pace.connected()
        while True:
            started = time.monotonic()
            longest = self._pace.patience(self._read_timeout)
            try:
                with patience(longest):
                    packet = next(packets)
            except StopIteration:
                return
            except (av.FFmpegError, OSError) as error:
                if time.monotonic() - started >= longest:
                    self._pace.silent()
                fault = reading_fault(error, self._place, timeout=longest)
                cut_short = self._source.recorded and isinstance(error, av.error.InvalidDataError)
            else:
                if interrupted():
                    return  # with half a picture, maybe: FFmpeg gives what it had begun to collect
                waited = time.monotonic() - started
                if packet.size:
                    self._hold(self._seconds(packet.dts if packet.dts is not None else packet.pts))
                    self._keep(packet)
                read = _Read(packet, time.monotonic(), waited)
                self._remember(read)
                yield read
                if waited < longest:
                    self._pace.packet(waited)
                    continue
                # A timeout, too, is answered with the picture that had begun.
                self._pace.silent()
                fault, cut_short = silence(self._place, longest), False
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

    def _judge(self, read: _Read, *, fruitful: bool) -> None:
        """Give a live connection up whose packets have stopped to make pictures. Raises SourceError."""
        if fruitful:
            self._in_vain, self._fruitless_since, self._had_pictures = 0, read.arrived, True
            return
        self._in_vain += 1
        waited = read.arrived - self._fruitless_since
        limit = FRUITLESS if self._had_pictures else PICTURELESS
        if waited > limit and self._in_vain > FRUITLESS_PACKETS and not self._source.recorded:
            raise SourceError(f"packets come from {self._place}, but no picture in {waited:.0f} s of them")

    def _decode(self, packet: Packet[VideoStream]) -> list[VideoFrame]:
        try:
            with self._core:
                frames = packet.decode()
        except (av.FFmpegError, ValueError):
            self._discarded["corrupt"] += 1
            return []
        sound = [frame for frame in frames if not frame.is_corrupt]
        self._discarded["corrupt"] += len(frames) - len(sound)
        return sound

    def _picture(self, frame: VideoFrame, latest: _Read) -> Picture:
        """Pictures leave the decoder in the order of display: each goes with the packet that brought it, or
        with that of a later picture that came before it."""
        inside = self._in_decoder
        own = inside.pop(frame.pts, latest)
        self._forget_the_lost(frame.pts)
        ahead = min(inside, key=lambda stamp: inside[stamp].arrived, default=frame.pts)
        if ahead in inside and inside[ahead].arrived < own.arrived:
            own, inside[ahead] = inside[ahead], own
        return Picture(frame, self._seconds(frame.pts), own.arrived, own.waited)

    def _forget_the_lost(self, shown: int | None) -> None:
        """Packets of which no picture will come any more: those due before the one that is shown now; where
        the stream's time fell back, those due after the last one."""
        last, self._shown = self._shown, shown
        if shown is None:
            return
        for stamp in list(self._in_decoder):
            if stamp is not None and (stamp < shown or (last is not None and shown < last < stamp)):
                del self._in_decoder[stamp]

    def _remember(self, read: _Read) -> None:
        self._in_decoder[read.packet.pts] = read
        while len(self._in_decoder) > REORDERED:
            del self._in_decoder[next(iter(self._in_decoder))]

    def _seconds(self, stamp: int | None) -> float | None:
        return None if stamp is None or not self._source.timed else stamp * self._time_base
