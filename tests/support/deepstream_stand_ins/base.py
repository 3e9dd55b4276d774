"""What all stand-ins share: properties from the table, pads, and the way of a buffer through an element."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, GObject, Gst  # noqa: E402

from camwire.deepstream.properties import Kind, Property  # noqa: E402
from camwire.deepstream.property_table import TABLE  # noqa: E402
from tests.support.deepstream_stand_ins import faults  # noqa: E402

Gst.init(None)

NVMM = "video/x-raw(memory:NVMM)"
_TYPES = {
    Kind.BOOL: bool,
    Kind.INT: GObject.TYPE_INT,
    Kind.UINT: GObject.TYPE_UINT,
    Kind.UINT64: GObject.TYPE_UINT64,
    Kind.ENUM: GObject.TYPE_INT,
    Kind.STRING: str,
}

__all__ = ["NVMM", "GLib", "Gst", "Properties", "Stage", "pads", "properties_of", "template"]


Class = TypeVar("Class", bound=type)


def pads(*templates: Any) -> Callable[[Class], Class]:
    """Have an element's class know its pads."""

    def known(kind: Class) -> Class:
        name = getattr(kind, "kind", kind.__name__)
        kind.set_metadata(name, "Filter", "stand-in", "camwire")  # type: ignore[attr-defined]
        for one in templates:
            kind.add_pad_template(one)  # type: ignore[attr-defined]
        return kind

    return known


def properties_of(kind: str) -> dict[str, tuple[Any, ...]]:
    """The table's properties of an element, as GObject wants them."""
    return {name: _declared(one) for name, one in TABLE[kind].items()}


def _declared(one: Property) -> tuple[Any, ...]:
    flags = GObject.ParamFlags.READWRITE
    if one.kind is Kind.BOOL:
        return (bool, one.name, "", bool(one.default), flags)
    if one.kind is Kind.STRING:
        return (str, one.name, "", one.default, flags)
    low, high = (min(one.choices), max(one.choices)) if one.choices else one.bounds or (0, 0)
    return (_TYPES[one.kind], one.name, "", low, high, int(one.default or 0), flags)


class Properties:
    """Keeps values by the table's names. A mixin of elements."""

    kind: ClassVar[str]

    @property
    def values(self) -> dict[str, Any]:
        """Every property with its value."""
        found = self.__dict__.get("_values")
        if found is None:
            found = {name: one.default for name, one in TABLE[self.kind].items()}
            self.__dict__["_values"] = found
        return found

    def do_get_property(self, prop: Any) -> Any:
        return self.values[prop.name]

    def do_set_property(self, prop: Any, value: Any) -> None:
        self.values[prop.name] = value
        self.changed(prop.name)

    def changed(self, name: str) -> None:
        """A property has another value."""


def template(name: str, direction: Any, presence: Any, caps: str) -> Any:
    return Gst.PadTemplate.new(name, direction, presence, Gst.Caps.from_string(caps))


class Stage(Properties):
    """An element with one pad on each side, through which buffers pass one by one.

    A mixin of elements: GObject has to see what it overrides in the element's own class, so each of them says
    ``do_change_state = Stage.do_change_state``.
    """

    sink_caps: ClassVar[str] = NVMM
    source_caps: ClassVar[str] = NVMM
    measured: ClassVar[bool] = False
    """Whether it tells how long it takes, in the batch that it passes on."""

    def __init__(self) -> None:
        super().__init__()
        self.sink = Gst.Pad.new_from_template(self.get_pad_template("sink"), "sink")
        self.source = Gst.Pad.new_from_template(self.get_pad_template("src"), "src")
        self.sink.set_chain_function_full(self._chain)
        self.sink.set_event_function_full(self._event)
        self.add_pad(self.sink)
        self.add_pad(self.source)
        self.caps_in: Any = None

    @staticmethod
    def templates(sink: str, source: str) -> tuple[Any, ...]:
        return (
            template("sink", Gst.PadDirection.SINK, Gst.PadPresence.ALWAYS, sink),
            template("src", Gst.PadDirection.SRC, Gst.PadPresence.ALWAYS, source),
        )

    def do_change_state(self, transition: Any) -> Any:
        if transition == Gst.StateChange.NULL_TO_READY:
            problem = self.prepare()
            if problem is not None:
                self.complain(problem)
                return Gst.StateChangeReturn.FAILURE
        return Gst.Element.do_change_state(self, transition)

    def complain(self, text: str) -> None:
        """Post an error."""
        error = GLib.Error.new_literal(Gst.library_error_quark(), text, Gst.LibraryError.SETTINGS)
        self.post_message(Gst.Message.new_error(self, error, "stand-in"))

    def prepare(self) -> str | None:
        """Read files and the like; returns what is wrong."""
        return None

    def caps_out(self, caps: Any) -> Any:
        """The caps that go on, for those that came in; None: they can't be handled."""
        return caps

    def work(self, buffer: Any) -> Any:
        """The buffer that goes on, here the one that came; None: nothing does."""
        return buffer

    def tell_latency(self, buffer: Any, milliseconds: float) -> None:
        """Write down how long a buffer took."""

    def _chain(self, pad: Any, parent: Any, buffer: Any) -> Any:
        if faults.errors[self.kind] > 0:
            faults.errors[self.kind] -= 1
            self.complain(f"{self.kind} was told to fail")
            return Gst.FlowReturn.ERROR
        if self.kind in faults.swallowed:
            return Gst.FlowReturn.OK
        began = time.monotonic()
        out = self.work(buffer)
        if self.measured and os.environ.get("NVDS_ENABLE_LATENCY_MEASUREMENT"):
            self.tell_latency(buffer, 1e3 * (time.monotonic() - began))
        return Gst.FlowReturn.OK if out is None else self.source.push(out)

    def _event(self, pad: Any, parent: Any, event: Any) -> bool:
        if event.type == Gst.EventType.CAPS:
            self.caps_in = event.parse_caps()
            caps = self.caps_out(self.caps_in)
            if caps is None:
                self.complain(f"{self.kind} can't handle {self.caps_in.to_string()}")
                return False
            return self.source.push_event(Gst.Event.new_caps(caps))
        return self.source.push_event(event)
