"""One camera: a thread that opens it, decodes it, hands pictures on and tries again for ever."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from typing import Any, Protocol

import structlog
from av.packet import Packet
from av.video.stream import VideoStream

from camwire.frames import Frame, Size
from camwire.link.desired import DesiredCamera
from camwire.sources.address import OpenArguments, open_arguments
from camwire.sources.clock import StreamClock
from camwire.sources.decoding import Decoder, Picture
from camwire.sources.faults import LoginRefusedError, SourceError
from camwire.sources.interrupt import forget, interrupt
from camwire.sources.lateness import LatenessGate
from camwire.sources.numbering import Numbering
from camwire.sources.opening import HwAccelFactory, OpenSource, open_source
from camwire.sources.pace import LONGEST_PATIENCE
from camwire.sources.pacing import Pacer
from camwire.sources.packets import PacketRing
from camwire.sources.status import SourceReport, SourceStatus

STILL_INTERVAL = 1.0
"""Seconds after which a still image is read and handed on again."""

_log = structlog.get_logger(__name__)


class FrameSink(Protocol):
    """Where a camera's pictures go."""

    def put(self, frame: Frame) -> None:
        """Take a frame; at once (the newest wins), or blocking where files are read unpaced."""


def software() -> Any:
    """No hardware acceleration."""
    return None


def nothing_refused(_codec: str, _pixel_format: str | None) -> str | None:
    """FFmpeg's own decoders take what they know."""
    return None


def anywhere() -> None:
    """Any core will do."""


class CameraSource:
    """Reads one camera on a thread of its own, from `start` to `stop`."""

    def __init__(
        self,
        camera: DesiredCamera,
        sink: FrameSink,
        *,
        bound: Size,
        hwaccel: HwAccelFactory = software,
        refuses: Callable[[str, str | None], str | None] = nothing_refused,
        settle: Callable[[], None] = anywhere,
        paced: bool = True,
        looped: bool = True,
        ring: PacketRing | None = None,
        numbering: Numbering | None = None,
    ) -> None:
        """``bound``: ``Frame.size`` is the source's size fitted into this.

        ``refuses`` says why video of a codec and a pixel format, as FFmpeg names them, can't be decoded.
        ``settle`` is what the camera's thread does first.
        ``paced``: files, and live streams that come in bursts, are played at their own speed; otherwise as
        fast as the sink takes them.
        ``looped``: files begin again at their end; otherwise the source stops there, and `join` returns.
        ``ring`` keeps what the camera sent last. ``numbering``: what the camera's source before this one
        counted with; None: from the beginning.
        """
        self._camera = camera
        self._sink = sink
        self._bound = bound
        self._hwaccel = hwaccel
        self._refuses = refuses
        self._settle = settle
        self._paced = paced
        self._looped = looped
        self._ring = ring
        self._pacer = Pacer()
        self._clock: StreamClock | None = None
        self._numbers = numbering or Numbering()
        self._gate: LatenessGate | None = None
        self._stop = threading.Event()
        self._ended = False
        self._status = SourceStatus()
        self._thread = threading.Thread(target=self._run, name=f"camera-{camera.id}", daemon=True)
        self._logged: str | None = None
        self._unsaved: str | None = None
        """The codec of which no video can be saved, once that is logged."""
        self._interrupting = threading.Lock()
        self._interruptible: int | None = None

    def start(self) -> None:
        """Start reading; returns at once."""
        self._status.trying()
        self._thread.start()

    def stop(self) -> None:
        """Ask to end; returns at once. A blocked FFmpeg call is interrupted."""
        self._stop.set()
        with self._interrupting:
            if self._interruptible is not None:
                interrupt(self._interruptible)

    def join(self, timeout: float) -> bool:
        """Wait for the end, ``timeout`` seconds at most; whether it has come."""
        if self._thread.ident is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def report(self) -> SourceReport:
        """How things stand; callable from any thread."""
        return self._status.report()

    # --- everything below runs on the camera's thread --------------------------------------------

    def _run(self) -> None:
        self._settle()
        with self._interrupting:
            self._interruptible = threading.get_ident()
        try:
            while not self._stop.is_set():
                fault = self._attempt()
                if self._ended:
                    return
                if fault is not None and not self._stop.is_set():
                    self._wait_for_retry(fault)
        finally:
            with self._interrupting:
                self._interruptible = None
                forget(threading.get_ident())

    def _attempt(self) -> SourceError | None:
        """Connect and play to the end. Returns what went wrong, or None at the end of a file."""
        try:
            self._play()
        except SourceError as error:
            return error
        except Exception as error:  # noqa: BLE001 - the supervisor's boundary: a camera never stays dead
            # Neither text nor traceback: they may hold the URL.
            at = traceback.extract_tb(error.__traceback__)[-1]
            _log.error(
                "camera failed unexpectedly",
                camera=self._camera.id,
                error=type(error).__name__,
                where=f"{at.filename}:{at.lineno}",
            )
            return SourceError(f"an unexpected error ({type(error).__name__})")
        return None

    def _wait_for_retry(self, fault: SourceError) -> None:
        reason = str(fault)
        retry_at = self._status.failed(reason, login_refused=isinstance(fault, LoginRefusedError))
        if reason != self._logged:
            self._logged = reason
            _log.warning("camera lost", camera=self._camera.id, reason=reason)
        self._stop.wait(max(retry_at - time.monotonic(), 0.0))
        self._status.trying()

    def _play(self) -> None:
        """One connection, or one turn of a file."""
        arguments = open_arguments(self._camera)
        source = open_source(arguments, hwaccel=self._hwaccel(), threads=1 if self._paced else 0)
        with source.container:
            if refusal := self._refuses(source.codec, source.pixel_format):
                raise SourceError(refusal)
            self._status.connected(source.codec)
            self._begin_turn(source)
            self._play_to_end(source, arguments)
        if self._stop.is_set():
            return
        if not source.recorded:
            raise SourceError(f"{arguments.place} ended the stream")
        if not self._looped:
            self._ended = True
            self._status.ended()
        elif not source.still:
            self._numbers.turn += 1
        if source.still and self._paced:
            self._stop.wait(STILL_INTERVAL)

    def _begin_turn(self, source: OpenSource) -> None:
        """A new epoch. A still image stays in one, and its time is that of the clock on the wall."""
        if source.still and self._clock is not None:
            return
        self._numbers.epoch += 1
        self._pacer.new_turn()
        live = source.still or not source.recorded
        self._clock = StreamClock(interval=source.interval, live=live)
        dropping = self._camera.drop_on_latency and not source.recorded
        self._gate = LatenessGate(self._camera.latency_ms / 1000) if dropping else None

    def _play_to_end(self, source: OpenSource, arguments: OpenArguments) -> None:
        decoder = Decoder(
            source,
            place=arguments.place,
            read_timeout=LONGEST_PATIENCE if source.bursts else arguments.read_timeout,
            pace=self._status.pace,
            discarded=self._status.discarded,
            hold=self._holder(source),
            keep=self._keeper(source),
        )
        played = False
        for picture in decoder.pictures():
            if self._stop.is_set():
                return
            self._deliver(picture)
            played = True
        if not played and not self._stop.is_set():
            raise SourceError(f"no picture of {arguments.place} can be decoded")

    def _keeper(self, source: OpenSource) -> Callable[[Packet[VideoStream]], None]:
        """What keeps the packets of this connection."""
        ring = self._ring
        if ring is None or source.still:
            return lambda _: None
        try:
            ring.begin(source.video)
        except ValueError as error:
            if source.codec != self._unsaved:  # once, not with every turn of a file
                self._unsaved = source.codec
                _log.warning("no videos can be saved of a camera", camera=self._camera.id, reason=str(error))
            return lambda _: None
        return lambda packet: ring.add(packet, time.time())

    def _holder(self, source: OpenSource) -> Callable[[float | None], None]:
        """What is done with each packet's time before the packet counts as arrived."""
        # A live one leaps where parts of it were missed: nothing is waited for then.
        clock = StreamClock(interval=source.interval, live=source.bursts)

        def wait_until_due(stamp: float | None) -> None:
            now = time.monotonic()
            self._stop.wait(max(self._pacer.due(clock.time(stamp, now), now) - now, 0.0))

        return wait_until_due if self._paced and (source.recorded or source.bursts) else lambda _: None

    def _deliver(self, picture: Picture) -> None:
        assert self._clock is not None
        decoded = time.monotonic()
        seconds = self._clock.time(picture.stamp, picture.arrived)
        late = self._gate is not None and self._gate.is_late(seconds, picture.arrived, picture.waited)
        size = Size(picture.frame.width, picture.frame.height)
        numbers = self._numbers
        sequence = numbers.sequence
        numbers.sequence += 1
        self._status.picture(size, decoded=decoded, late=late)
        if self._logged is not None:
            self._logged = None
            _log.info("camera live", camera=self._camera.id)
        if late:
            return
        self._sink.put(
            Frame(
                camera=self._camera.id,
                sequence=sequence,
                epoch=numbers.epoch,
                turn=numbers.turn,
                picture=picture.frame,
                source_size=size,
                size=size.fitted_into(self._bound),
                time=seconds,
                arrived=picture.arrived,
                captured=time.time() - (decoded - picture.arrived),
                decoded=decoded,
            )
        )
