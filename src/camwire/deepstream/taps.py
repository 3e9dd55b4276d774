"""Where the engine listens to a running pipeline, and what it hears: all on GStreamer's threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from camwire.deepstream.graph import ANALYTICS, DETECTOR, MUX, TRACKER

MARKS = {MUX: "formed", DETECTOR: "detected", TRACKER: "tracked", ANALYTICS: "analysed"}
"""Elements behind which a batch's time is taken."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """Who hears of what flows. All are called on GStreamer's threads and must neither wait nor raise."""

    arrived: Callable[[str], None]
    """A picture of a camera comes to the muxer."""
    began: Callable[[str], None]
    """A camera's stream begins, perhaps anew."""
    ended: Callable[[str], None]
    """A camera's stream is over."""
    tagged: Callable[[str, str], None]
    """What a camera's codec is, in GStreamer's words."""
    passed: Callable[[str, int], None]
    """A batch's timestamp has passed the mark of this name."""
    analysed: Callable[[Any], None]
    """A batch (a buffer) has passed the last analysis."""
    wanted: Callable[[str, int], bool]
    """Whether the camera's picture of this timestamp is to be drawn on and encoded."""
    drawn: Callable[[str, int], None]
    """The camera's picture of this timestamp has been drawn on."""
    encoded: Callable[[str, int, bytes], None]
    """A camera's JPEG with its picture's timestamp."""
    drawable: Callable[[Any], None]
    """A sample with a batch that camwire is to draw."""


class Taps:
    """Puts probes on pads and listens to sinks."""

    def __init__(self, gst: Any, handlers: Handlers) -> None:
        self._gst = gst
        self._handlers = handlers

    def on_step(self, name: str, element: Any) -> None:
        """Behind one of the trunk's elements; where its time is of no interest, nothing happens."""
        if (mark := MARKS.get(name)) is not None:
            self._on_buffer(element, "src", lambda buffer: self._handlers.passed(mark, buffer.pts))

    def after_analysis(self, queue: Any) -> None:
        """Before the queue behind the last analysis."""
        self._on_buffer(queue, "sink", self._handlers.analysed)

    def on_batches(self, sink: Any) -> None:
        """At the end, where camwire draws."""
        sink.connect("new-sample", self._pulling(self._handlers.drawable))

    def on_source(self, pad: Any, camera: str) -> None:
        """Where a camera's pictures come out of its source."""
        gst = self._gst

        def probe(_: Any, info: Any) -> Any:
            if info.type & gst.PadProbeType.BUFFER:
                self._handlers.arrived(camera)
            else:
                self._hear(camera, info.get_event())
            return gst.PadProbeReturn.OK

        pad.add_probe(gst.PadProbeType.BUFFER | gst.PadProbeType.EVENT_DOWNSTREAM, probe)

    def on_output(self, entry: Any, drawer: Any, sink: Any, camera: str) -> None:
        """At both ends of a camera's way from the demuxer to its JPEGs, and behind nvdsosd."""
        gst = self._gst

        def probe(_: Any, info: Any) -> Any:
            wanted = self._handlers.wanted(camera, info.get_buffer().pts)
            return gst.PadProbeReturn.OK if wanted else gst.PadProbeReturn.DROP

        def encoded(sample: Any) -> None:
            buffer = sample.get_buffer()
            self._handlers.encoded(camera, buffer.pts, buffer.extract_dup(0, buffer.get_size()))

        entry.get_static_pad("sink").add_probe(gst.PadProbeType.BUFFER, probe)
        self._on_buffer(drawer, "src", lambda buffer: self._handlers.drawn(camera, buffer.pts))
        sink.connect("new-sample", self._pulling(encoded))

    def _on_buffer(self, element: Any, pad: str, handle: Callable[[Any], None]) -> None:
        gst = self._gst

        def probe(_: Any, info: Any) -> Any:
            handle(info.get_buffer())
            return gst.PadProbeReturn.OK

        element.get_static_pad(pad).add_probe(gst.PadProbeType.BUFFER, probe)

    def _hear(self, camera: str, event: Any) -> None:
        if event.type == self._gst.EventType.STREAM_START:
            self._handlers.began(camera)
        elif event.type == self._gst.EventType.EOS:
            self._handlers.ended(camera)
        elif event.type == self._gst.EventType.TAG:
            known, codec = event.parse_tag().get_string(self._gst.TAG_VIDEO_CODEC)
            if known:
                self._handlers.tagged(camera, codec)

    def _pulling(self, handle: Callable[[Any], None]) -> Callable[[Any], Any]:
        def new_sample(sink: Any) -> Any:
            sample = sink.emit("pull-sample")
            if sample is not None:
                handle(sample)
            return self._gst.FlowReturn.OK

        return new_sample
