"""A running GStreamer pipeline, made from a graph: the only place that touches elements and pads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from camwire.config.secrets import redact
from camwire.deepstream.elements import Element, Graph, Link, Part
from camwire.deepstream.gst import DeepstreamError, gstreamer
from camwire.deepstream.outputs import OUT, drawer_name
from camwire.deepstream.properties import Value
from camwire.deepstream.taps import Handlers, Taps

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the pipeline says."""

    kind: str
    """``error``, ``warning`` or ``eos``."""
    camera: str | None
    """Whose own elements it is about; None: it is about all."""
    text: str
    of_output: bool = False
    """About what draws and encodes the camera's pictures, rather than its source."""


class Pipeline:
    """One pipeline. Its methods are called by one thread at a time; none of them by a handler."""

    def __init__(self, graph: Graph, folder: Path, handlers: Handlers) -> None:
        """Write the files and make the elements. Raises DeepstreamError for what isn't there."""
        os.environ.update(graph.environment)
        self._gst = gstreamer()
        self._taps = Taps(self._gst, handlers)
        self._queues: list[str] = []
        self._cameras: dict[str, str] = {}
        """By an element's name."""
        self._with_source: set[str] = set()
        """Cameras whose source is there at the moment ..."""
        self._with_output: set[str] = set()
        """... and those whose elements behind the demuxer are."""
        self._of_outputs: set[str] = set()
        """Those elements' names."""
        self._plays = False
        self._pipeline = self._gst.Pipeline.new(None)
        _write(graph.files, folder)
        try:
            self._add(graph.trunk)
            self._listen(graph.trunk)
            for camera in graph.sources:
                self.start_camera(graph, camera)
        except DeepstreamError:
            self.stop()
            raise

    def play(self) -> None:
        """Raises DeepstreamError when an element refuses to start."""
        self._plays = True
        if self._pipeline.set_state(self._gst.State.PLAYING) == self._gst.StateChangeReturn.FAILURE:
            texts = [notice.text for notice in self.notices(0.0) if notice.kind == "error"]
            self.stop()
            raise DeepstreamError(f"the pipeline doesn't start: {'; '.join(texts) or 'no reason was given'}")

    def stop(self) -> None:
        self._pipeline.set_state(self._gst.State.NULL)

    # --- cameras ---------------------------------------------------------------------------

    def start_camera(self, graph: Graph, camera: str) -> None:
        """Add a camera's elements, as far as they aren't there, to a pipeline that runs or not.

        Raises DeepstreamError.
        """
        output = graph.outputs.get(camera)
        if output is not None and camera not in self._with_output:
            self._add(output, camera)
            self._with_output.add(camera)
            self._of_outputs |= {element.name for element in output.elements}
            pad = graph.pads[camera]
            entry, sink = (self._element(output.elements[end].name) for end in (0, -1))
            self._taps.on_output(entry, self._element(drawer_name(pad)), sink, camera)
            self._play(output)
        self._start_source(graph, camera)

    def stop_camera(self, graph: Graph, camera: str) -> None:
        """Remove a camera's elements and give its pads back."""
        self.stop_source(graph, camera)
        self.stop_output(graph, camera)

    def stop_output(self, graph: Graph, camera: str) -> None:
        """Remove what draws and encodes a camera's pictures, if it has that."""
        if camera in self._with_output:
            self._with_output.remove(camera)
            self._remove(graph.outputs[camera])

    def _start_source(self, graph: Graph, camera: str) -> None:
        self._add(graph.sources[camera], camera)
        self._with_source.add(camera)
        self._play(graph.sources[camera])

    def stop_source(self, graph: Graph, camera: str) -> None:
        """Remove a camera's source, if it has one."""
        if camera in self._with_source:
            self._with_source.remove(camera)
            self._remove(graph.sources[camera])
            self._play(None)

    def set_value(self, element: str, name: str, value: Value) -> None:
        self._element(element).set_property(name, value)

    # --- what it says ------------------------------------------------------------------------

    def notices(self, timeout: float) -> list[Notice]:
        """What was said within ``timeout`` seconds: waits for the first, takes the others that are there."""
        kinds = self._gst.MessageType
        wanted = kinds.ERROR | kinds.WARNING | kinds.EOS
        bus = self._pipeline.get_bus()
        found = []
        message = bus.timed_pop_filtered(int(timeout * 1e9), wanted)
        while message is not None:
            # What an element said that has been taken out meanwhile is of no interest any more.
            if self._holds(message.src):
                found.append(self._notice(message))
            message = bus.timed_pop_filtered(0, wanted)
        return found

    def queue_levels(self) -> Mapping[str, int]:
        """Buffers in each of the trunk's queues."""
        return {
            name: self._element(name).get_property("current-level-buffers")
            for name in self._queues
            if self._pipeline.get_by_name(name) is not None
        }

    def _notice(self, message: Any) -> Notice:
        kinds = self._gst.MessageType
        camera = self._camera_of(message.src)
        if message.type == kinds.EOS:
            return Notice("eos", camera, "the stream has ended")
        error, details = message.parse_error() if message.type == kinds.ERROR else message.parse_warning()
        log.debug("gstreamer", details=redact(details or ""))
        kind = "error" if message.type == kinds.ERROR else "warning"
        text = redact(f"{message.src.get_name()}: {error.message}")
        return Notice(kind, camera, text, of_output=message.src.get_name() in self._of_outputs)

    def _listen(self, trunk: Part) -> None:
        self._queues = [element.name for element in trunk.elements if element.factory == "queue"]
        for element in trunk.elements:
            self._taps.on_step(element.name, self._element(element.name))
        self._taps.after_analysis(self._element(self._queues[-1]))
        if (sink := self._pipeline.get_by_name(OUT)) is not None:
            self._taps.on_batches(sink)

    def _holds(self, thing: Any) -> bool:
        while thing is not None and thing != self._pipeline:
            thing = thing.get_parent()
        return thing is not None

    def _camera_of(self, thing: Any) -> str | None:
        while thing is not None:
            if camera := self._cameras.get(thing.get_name()):
                return camera
            thing = thing.get_parent()
        return None

    # --- elements and pads ---------------------------------------------------------------------

    def _play(self, part: Part | None) -> None:
        """Start what was added to a running pipeline, from its end: nothing comes before it is awaited.

        An element that failed leaves the pipeline's own state at that, and newcomers are then held at PAUSED:
        so it is told to play, too, which those that do don't notice.
        """
        if not self._plays:
            return
        for element in reversed(part.elements if part is not None else ()):
            self._element(element.name).set_state(self._gst.State.PLAYING)
        self._pipeline.set_state(self._gst.State.PLAYING)

    def _element(self, name: str) -> Any:
        element = self._pipeline.get_by_name(name)
        if element is None:
            raise DeepstreamError(f"the pipeline has no element {name}")
        return element

    def _add(self, part: Part, camera: str | None = None) -> None:
        """``camera``: whose elements these are."""
        if camera is not None:
            self._cameras.update({element.name: camera for element in part.elements})
        for element in part.elements:
            self._pipeline.add(self._make(element))
        for link in part.links:
            if link.appears:
                self._link_when_it_appears(link)
            else:
                self._link(self._pad(link.source, link.source_pad, "src"), link)

    def _make(self, element: Element) -> Any:
        made = self._gst.ElementFactory.make(element.factory, element.name)
        if made is None:
            raise DeepstreamError(
                f"GStreamer has no element {element.factory}; install DeepStream 9, or see what "
                f"`gst-inspect-1.0 {element.factory}` says"
            )
        for name, value in element.properties.items():
            if made.find_property(name) is None:
                raise DeepstreamError(f"this release's {element.factory} has no property {name}")
            if name == "caps":
                made.set_property(name, self._gst.Caps.from_string(str(value)))
            else:
                made.set_property(name, value)
        return made

    def _pad(self, element: str, pad: str | None, usual: str) -> Any:
        """A pad that is always there, or one that is asked for by its name."""
        found = self._element(element).get_static_pad(pad or usual)
        if found is None and pad is not None:
            found = self._element(element).request_pad_simple(pad)
        if found is None:
            raise DeepstreamError(f"{element} has no pad {pad or usual} to give")
        return found

    def _link(self, source: Any, link: Link) -> None:
        sink = self._pad(link.sink, link.sink_pad, "sink")
        result = source.link(sink)
        if result != self._gst.PadLinkReturn.OK:
            raise DeepstreamError(f"{link.source} can't be linked with {link.sink}: {result.value_nick}")

    def _link_when_it_appears(self, link: Link) -> None:
        prefix = (link.source_pad or "").partition("%")[0]
        camera = self._cameras[link.source]

        def appeared(_: Any, pad: Any) -> None:
            if not pad.get_name().startswith(prefix):
                return
            try:
                self._link(pad, link)
            except DeepstreamError as error:
                log.error("a camera's stream can't be linked", camera=camera, reason=str(error))
                return
            self._taps.on_source(pad, camera)

        self._element(link.source).connect("pad-added", appeared)

    def _remove(self, part: Part) -> None:
        """Stop and take out a part, and give back the pads of others that it was linked with."""
        gst = self._gst
        for element in part.elements:
            self._element(element.name).set_state(gst.State.NULL)
        for link in part.links:
            for name, pad in ((link.source, link.source_pad), (link.sink, link.sink_pad)):
                owned = any(element.name == name for element in part.elements)
                asked = None if owned or pad is None else self._element(name).get_static_pad(pad)
                if asked is None:
                    continue
                if asked.get_direction() == gst.PadDirection.SINK:
                    # What was flushed by the element's end must not keep its successor's pictures out.
                    asked.send_event(gst.Event.new_flush_stop(False))
                self._element(name).release_request_pad(asked)
        for element in part.elements:
            self._cameras.pop(element.name, None)
            self._pipeline.remove(self._element(element.name))


def _write(files: Mapping[str, str], folder: Path) -> None:
    """Raises DeepstreamError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise DeepstreamError(
            f"DeepStream's files can't be written to {folder}: {error.strerror}; TMPDIR names another place"
        ) from None
