"""nvstreammux, both of them: pads on request, batches of the newest pictures."""

from __future__ import annotations

import threading
import time
from typing import Any, ClassVar

import numpy as np

from tests.support.deepstream_stand_ins import faults
from tests.support.deepstream_stand_ins.base import NVMM, Gst, Properties, pads, properties_of, template
from tests.support.deepstream_stand_ins.planes import buffer_of, padded, pictures, resized
from tests.support.deepstream_stand_ins.store import Frame, attach


class _Mux(Properties):
    """A thread forms batches: full, or after the timeout since the first picture. A mixin like ``Stage``."""

    scales: ClassVar[bool]

    def __init__(self) -> None:
        super().__init__()
        self.source = Gst.Pad.new_from_template(self.get_pad_template("src"), "src")
        self.add_pad(self.source)
        self.changed_ = threading.Condition()
        self.waiting: dict[int, tuple[Frame, np.ndarray]] = {}
        self.sizes: dict[int, tuple[int, int]] = {}
        self.ended: set[int] = set()
        self.first = 0.0
        self.running = False
        self.caps_sent = ""
        self.began = False
        self.thread: threading.Thread | None = None

    # --- pads

    def do_request_new_pad(self, pad_template: Any, name: str | None, caps: Any) -> Any:
        if name is None or (self.running and "nvstreammux" in faults.no_new_pads):
            return None
        pad = Gst.Pad.new_from_template(self.get_pad_template("sink_%u"), name)
        number = int(name.removeprefix("sink_"))
        pad.set_chain_function_full(lambda _pad, _parent, buffer: self._chain(number, buffer))
        pad.set_event_function_full(lambda _pad, _parent, event: self._event(number, event))
        pad.set_active(True)
        self.add_pad(pad)
        return pad

    def do_release_pad(self, pad: Any) -> None:
        number = int(pad.get_name().removeprefix("sink_"))
        with self.changed_:
            self.waiting.pop(number, None)
            self.sizes.pop(number, None)
            self.ended.discard(number)
            self.changed_.notify_all()
        pad.set_active(False)
        self.remove_pad(pad)

    def _chain(self, number: int, buffer: Any) -> Any:
        with self.changed_:
            if number not in self.sizes:
                return Gst.FlowReturn.NOT_NEGOTIATED
            frame = Frame(number, buffer.pts, time.time(), self.sizes[number], self.sizes[number])
            [picture] = pictures(buffer, [frame], "I420")
            # Bounded: a picture that the batch hasn't taken is waited for, but not for ever.
            self.changed_.wait_for(lambda: number not in self.waiting or not self.running, 1.0)
            if not self.running or number not in self.sizes:
                return Gst.FlowReturn.FLUSHING
            if not self.waiting:
                self.first = time.monotonic()
            self.waiting[number] = (frame, picture)
            self.changed_.notify_all()
        return Gst.FlowReturn.OK

    def _event(self, number: int, event: Any) -> bool:
        with self.changed_:
            if event.type == Gst.EventType.CAPS:
                shape = event.parse_caps().get_structure(0)
                self.sizes[number] = (shape.get_value("width"), shape.get_value("height"))
            elif event.type == Gst.EventType.EOS:
                self.ended.add(number)
                self.changed_.notify_all()
            elif event.type == Gst.EventType.STREAM_START:
                self.ended.discard(number)
        return True

    # --- batches

    def do_change_state(self, transition: Any) -> Any:
        if transition == Gst.StateChange.READY_TO_PAUSED:
            self.running = True
            self.thread = threading.Thread(target=self._run, daemon=True)
        elif transition == Gst.StateChange.PAUSED_TO_READY:
            with self.changed_:
                self.running = False
                self.changed_.notify_all()
        result = Gst.Element.do_change_state(self, transition)
        if transition == Gst.StateChange.READY_TO_PAUSED and self.thread is not None:
            self.thread.start()
            return Gst.StateChangeReturn.NO_PREROLL if self.values.get("live-source") else result
        return result

    def _pause(self) -> float | None:
        """Seconds until a batch is due: 0 now, None when something happens."""
        if not self.waiting:
            return None
        sources = len(self.sizes.keys() - self.ended)
        if len(self.waiting) >= min(self.values["batch-size"], max(sources, 1)):
            return 0.0
        due = self.first + self.values["batched-push-timeout"] / 1e6
        return max(0.0, due - time.monotonic())

    def _run(self) -> None:
        while True:
            with self.changed_:
                while self.running and (pause := self._pause()) != 0.0:
                    if self.sizes and not self.waiting and self.ended >= self.sizes.keys():
                        break
                    self.changed_.wait(pause)
                if not self.running:
                    return
                taken = list(self.waiting.values())[: self.values["batch-size"]]
                for frame, _ in taken:
                    del self.waiting[frame.pad]
                self.first = time.monotonic()
                over = not taken and not self.values["drop-pipeline-eos"]
                self.changed_.notify_all()
                if not taken and not over:
                    self.changed_.wait(0.05)
                    continue
            if over:
                self.source.push_event(Gst.Event.new_eos())
                return
            self._push(taken)

    def _push(self, taken: list[tuple[Frame, np.ndarray]]) -> None:
        content = []
        for frame, picture in taken:
            if self.scales:
                size = (self.values["width"], self.values["height"])
                frame.size = size
                fit = (
                    padded(picture, size) if self.values["enable-padding"] else resized(picture, "I420", size)
                )
                content.append(fit)
            else:
                content.append(picture)
        width, height = taken[0][0].size
        caps = (
            f"{NVMM}, format=I420, width={width}, height={height}, framerate=25/1, "
            f"batch-size={self.values['batch-size']}"
        )
        if not self.began:
            self.began = True
            self.source.push_event(Gst.Event.new_stream_start("batches"))
        if caps != self.caps_sent:
            self.caps_sent = caps
            self.source.push_event(Gst.Event.new_caps(Gst.Caps.from_string(caps)))
            segment = Gst.Segment()
            segment.init(Gst.Format.TIME)
            self.source.push_event(Gst.Event.new_segment(segment))
        buffer = buffer_of(content, time.monotonic_ns())
        attach(buffer, [frame for frame, _ in taken])
        self.source.push(buffer)


_PADS = (
    template("sink_%u", Gst.PadDirection.SINK, Gst.PadPresence.REQUEST, NVMM),
    template("src", Gst.PadDirection.SRC, Gst.PadPresence.ALWAYS, NVMM),
)


@pads(*_PADS)
class LegacyMux(_Mux, Gst.Element):
    kind = "nvstreammux"
    scales = True
    __gtype_name__ = "CamwireStandInLegacyMux"
    __gproperties__ = properties_of(kind)
    do_change_state = _Mux.do_change_state
    do_request_new_pad = _Mux.do_request_new_pad
    do_release_pad = _Mux.do_release_pad


@pads(*_PADS)
class NewMux(_Mux, Gst.Element):
    kind = "nvstreammux (new)"
    scales = False
    __gtype_name__ = "CamwireStandInNewMux"
    __gproperties__ = properties_of(kind)
    do_change_state = _Mux.do_change_state
    do_request_new_pad = _Mux.do_request_new_pad
    do_release_pad = _Mux.do_release_pad
