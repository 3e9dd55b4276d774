"""nvurisrcbin: GStreamer's own decoding behind a pad that appears."""

from __future__ import annotations

from typing import Any

from tests.support.deepstream_stand_ins.base import NVMM, GLib, Gst, Properties, pads, properties_of, template

SYSTEM = "video/x-raw, format=I420"


@pads(
    template("sink", Gst.PadDirection.SINK, Gst.PadPresence.ALWAYS, SYSTEM),
    template("src", Gst.PadDirection.SRC, Gst.PadPresence.ALWAYS, f"{NVMM}, format=I420"),
)
class Upload(Gst.Element):
    """From system memory to what stands for the GPU's; where a file begins anew, its time goes on."""

    __gtype_name__ = "CamwireStandInUpload"

    def __init__(self) -> None:
        super().__init__()
        self.again: Any = None
        """Called at the end of a file that is to begin anew."""
        self.offset = self.newest = 0
        self.began = False
        self.sink = Gst.Pad.new_from_template(self.get_pad_template("sink"), "sink")
        self.source = Gst.Pad.new_from_template(self.get_pad_template("src"), "src")
        self.sink.set_chain_function_full(self._chain)
        self.sink.set_event_function_full(self._event)
        self.add_pad(self.sink)
        self.add_pad(self.source)

    def _chain(self, pad: Any, parent: Any, buffer: Any) -> Any:
        moved = buffer.copy()
        moved.pts = buffer.pts + self.offset
        self.newest = moved.pts + (buffer.duration if buffer.duration < 2**63 else 0)
        return self.source.push(moved)

    def _event(self, pad: Any, parent: Any, event: Any) -> bool:
        kinds = Gst.EventType
        if self.again is not None:
            if event.type == kinds.EOS:
                self.offset = self.newest
                self.again()
                return True
            if event.type in (kinds.FLUSH_START, kinds.FLUSH_STOP):
                return True
            if event.type == kinds.SEGMENT and self.began:
                return True
        if event.type == kinds.SEGMENT:
            self.began = True
        if event.type == kinds.CAPS:
            caps = event.parse_caps().copy()
            caps.set_features(0, Gst.CapsFeatures.from_string("memory:NVMM"))
            return self.source.push_event(Gst.Event.new_caps(caps))
        return self.source.push_event(event)


@pads(template("vsrc_%u", Gst.PadDirection.SRC, Gst.PadPresence.SOMETIMES, NVMM))
class UriSource(Properties, Gst.Bin):
    kind = "nvurisrcbin"
    __gtype_name__ = "CamwireStandInUriSource"
    __gproperties__ = properties_of(kind)

    def __init__(self) -> None:
        super().__init__()
        self.decoder = Gst.ElementFactory.make("uridecodebin", None)
        self.decoder.connect("pad-added", self._decoded)
        self.decoder.connect("source-setup", self._set_up)
        self.add(self.decoder)

    def changed(self, name: str) -> None:
        if name == "uri":
            self.decoder.set_property("uri", self.values["uri"])

    def _set_up(self, _: Any, source: Any) -> None:
        if source.find_property("protocols") is not None:
            source.set_property("protocols", self.values["select-rtp-protocol"])
            source.set_property("latency", self.values["latency"])

    def _decoded(self, _: Any, pad: Any) -> None:
        caps = pad.get_current_caps() or pad.query_caps(None)
        if not caps.get_structure(0).get_name().startswith("video/"):
            return
        convert = Gst.ElementFactory.make("videoconvert", None)
        shape = Gst.ElementFactory.make("capsfilter", None)
        shape.set_property("caps", Gst.Caps.from_string(SYSTEM))
        upload = Upload()
        if self.values["file-loop"] and self.values["uri"].startswith("file:/"):
            upload.again = self._begin_anew
        for element in (convert, shape, upload):
            self.add(element)
        convert.link(shape)
        shape.link(upload)
        ghost = Gst.GhostPad.new_from_template("vsrc_0", upload.source, self.get_pad_template("vsrc_%u"))
        ghost.set_active(True)
        self.add_pad(ghost)
        for element in (upload, shape, convert):
            element.sync_state_with_parent()
        pad.link(convert.get_static_pad("sink"))

    def _begin_anew(self) -> None:
        def seek() -> bool:
            flags = Gst.SeekFlags.FLUSH | Gst.SeekFlags.KEY_UNIT
            self.decoder.seek_simple(Gst.Format.TIME, flags, 0)
            return GLib.SOURCE_REMOVE

        GLib.timeout_add(1, seek)
