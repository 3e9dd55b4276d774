"""nvvideoconvert, nvdsosd, nvstreamdemux, nvjpegenc and nvimageenc."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from tests.support.deepstream_stand_ins.base import (
    NVMM,
    Gst,
    Properties,
    Stage,
    pads,
    properties_of,
    template,
)
from tests.support.deepstream_stand_ins.planes import buffer_of, converted, format_of, pictures, resized
from tests.support.deepstream_stand_ins.store import Frame, attach, frames_of

FORMATS = "format={ I420, NV12, RGBA, RGB }"
BORDER = (255, 0, 0)
"""What is drawn around an object, as RGB."""


@pads(*Stage.templates(f"{NVMM}, {FORMATS}", f"{NVMM}, {FORMATS}"))
class Convert(Stage, Gst.Element):
    """Format and size as whoever is behind it wants them."""

    kind = "nvvideoconvert"
    __gtype_name__ = "CamwireStandInConvert"
    __gproperties__ = properties_of(kind)
    do_change_state = Stage.do_change_state

    def caps_out(self, caps: Any) -> Any:
        wanted = self.source.peer_query_caps(None).intersect(self.source.get_pad_template_caps())
        if wanted.is_empty():
            return None
        out, came = wanted.truncate().fixate(), caps.get_structure(0)
        shape = out.get_structure(0)
        sides = {
            name: shape.get_value(name) if shape.has_field(name) else None for name in ("width", "height")
        }
        self.size = None if None in sides.values() else (sides["width"], sides["height"])
        fields = {name: came.get_value(name) for name in ("width", "height")}
        width, height = self.size or (fields["width"], fields["height"])
        rest = f", batch-size={came.get_value('batch-size')}" if came.has_field("batch-size") else ""
        self.before, self.after = format_of(caps), shape.get_string("format")
        return Gst.Caps.from_string(
            f"{NVMM}, format={self.after}, width={width}, height={height}, framerate=25/1{rest}"
        )

    def work(self, buffer: Any) -> Any:
        frames = frames_of(buffer)
        content = [converted(one, self.before, self.after) for one in pictures(buffer, frames, self.before)]
        if self.size is not None:
            content = [resized(one, self.after, self.size) for one in content]
            for frame in frames:
                frame.size = self.size
        out = buffer_of(content, buffer.pts)
        attach(out, frames)
        return out


@pads(*Stage.templates(f"{NVMM}, format=RGBA", f"{NVMM}, format=RGBA"))
class Draw(Stage, Gst.Element):
    """As in DeepStream's source, all objects of a batch are drawn on its first picture, whosever they are."""

    kind = "nvdsosd"
    __gtype_name__ = "CamwireStandInDraw"
    __gproperties__ = properties_of(kind)
    do_change_state = Stage.do_change_state

    def work(self, buffer: Any) -> Any:
        frames = frames_of(buffer)
        content = list(pictures(buffer, frames, "RGBA"))
        for frame in frames:
            for one in frame.objects if self.values["display-bbox"] else ():
                x1, y1, x2, y2 = (round(side) for side in one.box)
                cv2.rectangle(content[0], (x1, y1), (x2, y2), (*BORDER, 255), 3)
            draw_display(frame, content[0])
        out = buffer_of(content, buffer.pts)
        attach(out, frames)
        return out


def draw_display(frame: Frame, picture: np.ndarray) -> None:
    for stroke in frame.strokes:
        x1, y1, x2, y2 = stroke.ends
        cv2.line(picture, (x1, y1), (x2, y2), colour_of(stroke.colour), stroke.width)
    for sign in frame.signs:
        left, top = sign.place
        font, scale = cv2.FONT_HERSHEY_SIMPLEX, sign.size / 22
        cv2.putText(picture, sign.words, (left, top + sign.size), font, scale, colour_of(sign.colour))


def colour_of(colour: tuple[float, float, float]) -> tuple[int, int, int, int]:
    red, green, blue = (round(255 * one) for one in colour)
    return red, green, blue, 255


@pads(
    template("sink", Gst.PadDirection.SINK, Gst.PadPresence.ALWAYS, f"{NVMM}, {FORMATS}"),
    template("src_%u", Gst.PadDirection.SRC, Gst.PadPresence.REQUEST, f"{NVMM}, {FORMATS}"),
)
class Demux(Properties, Gst.Element):
    """A buffer a frame, with the frame's own timestamp, on the pad of the muxer's number."""

    kind = "nvstreamdemux"
    __gtype_name__ = "CamwireStandInDemux"
    __gproperties__ = properties_of(kind)

    def __init__(self) -> None:
        super().__init__()
        self.sink = Gst.Pad.new_from_template(self.get_pad_template("sink"), "sink")
        self.sink.set_chain_function_full(self._chain)
        self.sink.set_event_function_full(self._event)
        self.add_pad(self.sink)

    def do_request_new_pad(self, pad_template: Any, name: str | None, caps: Any) -> Any:
        pad = Gst.Pad.new_from_template(self.get_pad_template("src_%u"), name)
        pad.set_active(True)
        self.add_pad(pad)
        return pad

    def do_release_pad(self, pad: Any) -> None:
        pad.set_active(False)
        self.remove_pad(pad)

    def _event(self, pad: Any, parent: Any, event: Any) -> bool:
        if event.type == Gst.EventType.CAPS:
            self.form = format_of(event.parse_caps())
        elif event.type == Gst.EventType.EOS:
            for source in self.srcpads:
                source.push_event(event)
        return True

    def _chain(self, pad: Any, parent: Any, buffer: Any) -> Any:
        frames = frames_of(buffer)
        for frame, picture in zip(frames, pictures(buffer, frames, self.form), strict=True):
            source = self.get_static_pad(f"src_{frame.pad}")
            if source is not None:
                self._push(source, frame, picture)
        return Gst.FlowReturn.OK

    def _push(self, source: Any, frame: Frame, picture: np.ndarray) -> None:
        caps = Gst.Caps.from_string(
            f"{NVMM}, format={self.form}, width={frame.size[0]}, height={frame.size[1]}, framerate=25/1"
        )
        # The pad itself knows: its name may have been another's, whose last picture was still on its way.
        sent = source.get_current_caps()
        if sent is None:
            source.push_event(Gst.Event.new_stream_start(source.get_name()))
        if sent is None or not sent.is_equal(caps):
            source.push_event(Gst.Event.new_caps(caps))
            segment = Gst.Segment()
            segment.init(Gst.Format.TIME)
            source.push_event(Gst.Event.new_segment(segment))
        out = buffer_of([picture], frame.pts)
        attach(out, [frame])
        source.push(out)


class _Encoder(Stage):
    def caps_out(self, caps: Any) -> Any:
        self.before = format_of(caps)
        shape = caps.get_structure(0)
        width, height = shape.get_value("width"), shape.get_value("height")
        return Gst.Caps.from_string(f"image/jpeg, width={width}, height={height}, framerate=25/1")

    def work(self, buffer: Any) -> Any:
        [picture] = pictures(buffer, frames_of(buffer), self.before)
        rgb = converted(picture, "I420", "RGBA") if self.before == "I420" else picture
        order = cv2.COLOR_RGBA2BGR if self.before == "I420" else cv2.COLOR_RGB2BGR
        quality = [cv2.IMWRITE_JPEG_QUALITY, self.values["quality"]]
        _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(rgb, order), quality)
        out = Gst.Buffer.new_wrapped(jpeg.tobytes())
        out.pts = buffer.pts
        return out


@pads(*Stage.templates(f"{NVMM}, format=I420", "image/jpeg"))
class JpegEncoder(_Encoder, Gst.Element):
    kind = "nvjpegenc"
    __gtype_name__ = "CamwireStandInJpegEncoder"
    __gproperties__ = properties_of(kind)
    do_change_state = Stage.do_change_state


@pads(*Stage.templates(f"{NVMM}, format=RGB", "image/jpeg"))
class ImageEncoder(_Encoder, Gst.Element):
    kind = "nvimageenc"
    __gtype_name__ = "CamwireStandInImageEncoder"
    __gproperties__ = properties_of(kind)
    do_change_state = Stage.do_change_state
