"""Sources: groups [source0], [source1], …, [source-list], and CSV files of them, as cameras.

A disabled source takes no stream number, and a source of type 3 with several files adds all but the first
behind the others, as deepstream-app does: nvdsanalytics files and regions name streams by that number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote

from camwire.config.camera import SCHEMES
from camwire.deepstream.importing.documents import Document, Entry, Group, read_table
from camwire.deepstream.importing.draft import HEAD, CameraDraft, Draft, left_over
from camwire.deepstream.importing.remarks import ImportMistakeError
from camwire.deepstream.importing.values import ValueMistakeError, boolean, integer, texts

MOST_OF_A_GROUP = 1024
"""Cameras of one source group; deepstream-app itself takes 1024 in all."""

V4L2, URI, MULTI_URI, RTSP = 1, 2, 3, 4
UDP_ONLY = (1, 2)
TCP = 4

_NUMBER = re.compile(r"%0?\d*d")

REASONS = {
    "drop-frame-interval": "camwire takes every picture as it comes; output.max_fps and a camera's "
    "detect_interval save work",
    "smart-record": "recordings: `events.clips` keeps a video around each event, and the REST interface "
    "saves the last seconds when it is asked to",
    "init-rtsp-reconnect-interval-sec": "camwire tries at once, then ever more slowly",
    "num-extra-surfaces": "camwire sees to its decoders' pictures itself",
    "low-latency-mode": "camwire decodes without delay wherever the stream allows",
    "file-loop": "files are always played again and again",
    "http-port": "cameras are added and removed by camwire's own REST interface",
    "extract-sei-type5-data": "data that a camera puts beside its pictures isn't read",
}
QUIET = frozenset(
    """
    gpu-id cudadec-memtype nvbuf-memory-type num-decode-surfaces source-id camera-id intra-decode-enable
    disable-audio stream-name-display num-source-bins use-nvmultiurisrcbin max-batch-size
    camera-width camera-height camera-fps-n camera-fps-d num-sources type http-ip sgie-batch-size
    """.split()  # noqa: SIM905 - a list of words
)


def read_sources(document: Document, draft: Draft) -> None:
    """Add the application's cameras to the draft, those with stream numbers first, in their order."""
    behind: list[CameraDraft] = []
    for group in _groups(document, draft):
        try:
            cameras = list(_cameras(group, draft))
        except ValueMistakeError as error:
            draft.mistake(error)
            continue
        draft.cameras += cameras[:1]
        behind += cameras[1:]
    draft.cameras += behind
    draft.cameras.sort(key=lambda camera: not camera.values.get("enabled", True))
    for stream, camera in enumerate(camera for camera in draft.cameras if camera.values.get("enabled", True)):
        camera.stream = stream
    _unique(draft.cameras)


def _groups(document: Document, draft: Draft) -> Iterator[Group]:
    yield from document.numbered("source")
    yield from _table(document, draft)
    yield from _list(document)
    draft.remarks[HEAD] += left_over(document.group("source-list"), REASONS, QUIET)


def _table(document: Document, draft: Draft) -> list[Group]:
    """The rows of the CSV file that the YAML form names."""
    entry = document.group("source").take("csv-file-path")
    if entry is None:
        return []
    try:
        return read_table(entry.path())
    except ImportMistakeError as error:
        draft.mistakes += error.remarks
        return []


def _list(document: Document) -> Iterator[Group]:
    """A group for each address in [source-list], with the keys of [source-attr-all]."""
    group, shared = document.group("source-list"), document.group("source-attr-all")
    addresses, ids, names = (group.take(key) for key in ("list", "sensor-id-list", "sensor-name-list"))
    if addresses is None:
        return
    for position, address in enumerate(texts(addresses)):
        made = Group(group.file, f"source{position}", addresses.line)
        # What is said of the shared keys is said once.
        made.entries |= {
            key: entry for key, entry in shared.entries.items() if not position or key not in REASONS
        }
        made.add(addresses.line, "uri", address)
        made.entries.pop("type", None)
        for key, entry in (("sensor-id", ids), ("sensor-name", names)):
            values = texts(entry) if entry is not None else []
            if position < len(values) and entry is not None:
                made.add(entry.line, key, values[position])
        yield made
    shared.entries.clear()


def _cameras(group: Group, draft: Draft) -> Iterator[CameraDraft]:
    enabled = boolean(group.take("enable"), True)
    shared = CameraDraft({"id": group.name}, None)
    _take_options(group, draft, shared)
    addresses = list(_addresses(group, draft, shared))
    shared.remarks += left_over(group, REASONS, QUIET)
    if not addresses:
        draft.remarks[""] += shared.remarks
    for position, (entry, address) in enumerate(addresses):
        name = f"{shared.values['id']}-{position}" if position else shared.values["id"]
        camera = CameraDraft({"id": name}, None, [] if position else shared.remarks)
        if not draft.put_camera(camera, "url", address, entry):
            draft.remarks[""] += camera.remarks
            continue
        camera.values |= {key: value for key, value in shared.values.items() if key != "id"}
        if not enabled:
            camera.values["enabled"] = False
        yield camera


def _addresses(group: Group, draft: Draft, camera: CameraDraft) -> Iterator[tuple[Entry, str]]:
    kind = group.take("type")
    device, address = group.take("camera-v4l2-dev-node"), group.take("uri")
    count = group.take("num-sources")
    if kind is not None and integer(kind) == V4L2:
        yield device or kind, f"/dev/video{integer(device) if device else 0}"
        return
    if address is None:
        if kind is not None:
            camera.remarks.append(
                kind.remark("a source without a URI; add the camera by hand, in its place among the streams")
            )
        return
    several = kind is not None and integer(kind) == MULTI_URI and count is not None
    for number in range(max(1, min(integer(count), MOST_OF_A_GROUP)) if several and count else 1):
        if url := _url(address, _NUMBER.sub(str(number), address.text) if several else address.text, draft):
            yield address, url


def _url(entry: Entry, text: str, draft: Draft) -> str | None:
    if text.lower().startswith("file:/") and not text.lower().startswith("file://"):
        text = f"file://{text[len('file:') :]}"  # with one slash it is absolute, too
    scheme, separator, rest = text.partition("://")
    if separator and scheme.lower() == "file":
        path = Path(unquote(rest))
        return draft.path(entry.file.parent / path) if "\0" not in str(path) else None
    if separator and scheme.lower() not in SCHEMES:
        draft.remark("", entry, f"camwire opens no {scheme}:// addresses; the camera is left out")
        return None
    return text if separator else draft.path(entry.file.parent / text) if "\0" not in text else None


def _take_options(group: Group, draft: Draft, camera: CameraDraft) -> None:
    for key, name in (("sensor-id", "id"), ("sensor-name", "name")):
        if entry := group.take(key):
            draft.put_camera(camera, name, entry.text, entry)
    if entry := group.take("latency"):
        draft.put_camera(camera, "latency_ms", integer(entry), entry)
    if entry := group.take("drop-on-latency"):
        draft.put_camera(camera, "drop_on_latency", boolean(entry, True), entry)
    if entry := group.take("select-rtp-protocol"):
        _take_transport(entry, draft, camera)
    for key, name in (
        ("rtsp-reconnect-interval-sec", "reconnect_seconds"),
        ("rtsp-reconnect-interval", "reconnect_seconds"),
        ("rtsp-reconnect-attempts", "reconnect_attempts"),
    ):
        if entry := group.take(key):
            _take_reconnect(entry, name, draft)


def _take_transport(entry: Entry, draft: Draft, camera: CameraDraft) -> None:
    protocol = integer(entry)
    if protocol in UDP_ONLY:
        draft.put_camera(camera, "transport", "udp", entry)
    elif protocol != TCP:
        camera.remarks.append(entry.remark("camwire tries one transport only: TCP; or write transport: udp"))


def _take_reconnect(entry: Entry, name: str, draft: Draft) -> None:
    """One for all cameras; with `engine: native` camwire reconnects for ever anyway."""
    value, known = integer(entry), draft.sections["deepstream"].get(name)
    if known is None:
        draft.put("deepstream", name, value, entry)
    elif known != value:
        draft.remark("deepstream", entry, f"differs from the first camera's; {name} is one for all cameras")


def _unique(cameras: Iterable[CameraDraft]) -> None:
    """Ids that are taken get a number behind them."""
    taken: set[str] = set()
    for camera in cameras:
        wanted, number = camera.values["id"], 2
        while camera.values["id"] in taken:
            camera.values["id"] = f"{wanted}-{number}"
            number += 1
        taken.add(camera.values["id"])
