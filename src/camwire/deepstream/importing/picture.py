"""What is drawn and where it goes: [osd], [tiled-display], [sink…] and the application's own groups."""

from __future__ import annotations

import re
from collections.abc import Iterable

from camwire.deepstream.importing.documents import Document, Entry, Group
from camwire.deepstream.importing.draft import HEAD, Draft
from camwire.deepstream.importing.remarks import Remark
from camwire.deepstream.importing.values import boolean, integer

OVERLAY = "overlay"
TOGGLES = {"display-bbox": ("boxes",), "display-text": ("labels",), "display-mask": ("masks",)}
"""In [osd] → in `overlay`."""
EVERYTHING = ("boxes", "labels", "traces", "masks", "zones", "lines")

OSD_REASONS = {"blur-bbox": "blurred objects have no counterpart"}
OSD_QUIET = frozenset(
    """
    gpu-id border-width text-size text-color text-bg-color font clock-x-offset clock-y-offset clock-text-size
    clock-color nvbuf-memory-type process-mode x-clock-offset y-clock-offset clock-font clock-font-size
    blur-on-gie-class-ids
    """.split()  # noqa: SIM905 - a list of words
)

SINKS = {
    1: None,  # nothing is shown
    2: "a window: open the viewer in a browser",
    3: "a file: the section `saving` keeps pictures; `camwire analyze` writes annotated videos of recordings",
    4: "an RTSP stream: take /ws or the MJPEG streams of the REST interface",
    5: "an overlay: open the viewer in a browser",
    6: "a message broker: the section `sinks` sends events to MQTT brokers and webhooks",
}
GROUPS = {
    "message-converter": "events come as JSON by the REST interface and the WebSocket",
    "img-save": "the section `saving` keeps pictures",
    "ds-example": "a custom element has no counterpart",
    "audio-classifier": "audio has no counterpart",
}
"""Groups of deepstream-app that do something when enabled."""
NUMBERED = {
    "secondary-gie": "a second network on each object has no counterpart",
    "secondary-pre-process": "a second network on each object has no counterpart",
    "message-consumer": "events come as JSON by the REST interface and the WebSocket",
}
KNOWN = (
    *(
        "application",
        "tests",
        "tiled-display",
        "osd",
        "streammux",
        "tracker",
        "nvds-analytics",
        "pre-process",
    ),
    *(r"source\d*", "source-list", "source-attr-all", "primary-gie", r"sink\d+", *GROUPS),
    *(rf"{prefix}\d+" for prefix in NUMBERED),
)
"""Groups that are read, or that mean nothing here."""
DIRECTORIES = ("gie-kitti-output-dir", "kitti-track-output-dir", "reid-track-output-dir")


def read_overlay(group: Group, draft: Draft) -> None:
    if not boolean(group.take("enable"), True):
        for name in EVERYTHING:
            draft.put(OVERLAY, name, False)
        group.entries.clear()
        return
    for key, names in TOGGLES.items():
        if entry := group.take(key):
            for name in names:
                draft.put(OVERLAY, name, boolean(entry, True), entry)
    if (clock := group.take("show-clock")) and boolean(clock, False):
        draft.remark(OVERLAY, clock, "a clock in the picture has no counterpart")
    draft.leave(OVERLAY, group, OSD_REASONS, OSD_QUIET)


def read_outputs(document: Document, draft: Draft) -> None:
    """Sinks, the tiler and the rest of the application's groups: a remark each, where it is enabled."""
    for group in document.numbered("sink"):
        _read_sink(group, draft)
    if _enabled(tiler := document.group("tiled-display")):
        _say(tiler.entries.values(), "the viewer arranges the cameras itself", draft)
    for name, reason in GROUPS.items():
        if name in document.groups and _enabled(document.group(name)):
            _say(document.group(name).entries.values(), reason, draft)
    for prefix, reason in NUMBERED.items():
        for group in document.numbered(prefix):
            if _enabled(group):
                _say(group.entries.values(), reason, draft)
    for name, group in document.groups.items():
        if not any(re.fullmatch(known, name) for known in KNOWN):
            draft.remarks[HEAD].append(Remark(str(group.file), group.line, f"[{name}] has no counterpart"))
    for key in DIRECTORIES:
        if entry := document.group("application").take(key):
            draft.remark(HEAD, entry, "objects come as JSON by the WebSocket; `camwire track` writes files")


def _read_sink(group: Group, draft: Draft) -> None:
    enabled, kind = _enabled(group), group.take("type")
    if enabled and kind is not None and (reason := SINKS.get(integer(kind), "has no counterpart")):
        draft.remark(HEAD, kind, reason)


def _enabled(group: Group) -> bool:
    return boolean(group.take("enable"), True)


def _say(entries: Iterable[Entry], text: str, draft: Draft) -> None:
    """At the group's first key."""
    for entry in list(entries)[:1]:
        draft.remark(HEAD, entry, text)
