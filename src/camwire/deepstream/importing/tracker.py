"""[tracker] of the application, as the section `tracker` and what nvtracker alone is told."""

from __future__ import annotations

from pathlib import Path

from camwire.deepstream.importing.documents import Entry, Group
from camwire.deepstream.importing.draft import Draft
from camwire.deepstream.importing.values import ValueMistakeError, boolean, integer, path
from camwire.tracking.nvtracker.files import TrackerFileError, UnsupportedError, parse

SECTION = "tracker"
RESETS = {0: "never", 1: "on_reconnect", 2: "on_eos", 3: "on_reconnect"}
"""tracking-id-reset-mode."""
LARGEST_TRACKER_FILE = 1 << 20
"""Bytes."""
PRESETS = {
    "accuracy": "nvdcf_accuracy",
    "nvdcf": "nvdcf_perf",
    "nvsort": "nvsort",
    "deepsort": "nvdeepsort",
    "iou": "iou",
}
"""Which of DeepStream's trackers it is, by a part of its file's or its library's name."""
USUAL_LIBRARY = "libnvds_nvmultiobjecttracker.so"

REASONS = {
    "sub-batches": "camwire's tracker handles all cameras in one step",
    "input-tensor-meta": "re-identification with the detector's tensor has no counterpart",
    "enable-past-frame": "objects are reported when they are confirmed, not afterwards",
}
QUIET = frozenset(
    """
    gpu-id compute-hw enable-batch-process display-tracking-id user-meta-pool-size tracking-surface-type
    sub-batch-err-recovery-trial-cnt tensor-meta-gie-id
    """.split()  # noqa: SIM905 - a list of words
)


def read_tracker(group: Group, draft: Draft) -> None:
    if not boolean(group.take("enable"), bool(group.entries)):
        for entry in list(group.entries.values())[:1]:
            draft.remark(SECTION, entry, "was switched off; camwire always follows objects")
        return
    library, file = group.take("ll-lib-file"), group.take("ll-config-file")
    if file is not None:
        take_file(file, draft)
    elif library is not None:
        # Today's one library does IOU without a file.
        _take_preset(library, "iou", draft)
    if library is not None and (path(library).is_file() or library.text != USUAL_LIBRARY):
        draft.put("deepstream", "tracker_library", draft.path(path(library)), library)
    if reset := group.take("tracking-id-reset-mode"):
        _take_reset(reset, draft)
    _take_size(group.take("tracker-width"), group.take("tracker-height"), draft)
    draft.leave(SECTION, group, REASONS, QUIET)


def take_file(entry: Entry, draft: Draft) -> None:
    """Name the low-level file; a list of them (for sub-batches) is taken by its first."""
    first, *more = entry.text.split(";")
    if more:
        draft.remark(SECTION, entry, "several files: the first is for all cameras")
    file = path(Entry(entry.file, entry.line, entry.group, entry.key, first))
    try:
        with file.open("rb") as opened:
            text = opened.read(LARGEST_TRACKER_FILE).decode()
        ignored = parse(text, str(file)).ignored
    except (OSError, UnicodeDecodeError):
        draft.remark(SECTION, entry, f"{file} can't be read here; a preset stands for it")
        _take_preset(entry, "nvdcf_perf", draft)
    except UnsupportedError as error:
        _take_unsupported(entry, file, error, draft)
    except TrackerFileError as error:
        raise ValueMistakeError(entry, f"low-level tracker file: {error}") from None
    else:
        draft.put(SECTION, "config", draft.path(file), entry)
        if ignored and not draft.is_for_deepstream:
            draft.remark(SECTION, entry, f"keys without a meaning natively: {', '.join(ignored)}")


def _take_unsupported(entry: Entry, file: Path, error: UnsupportedError, draft: Draft) -> None:
    """A file for DeepStream's tracker alone, which has it; natively a preset stands for it."""
    if draft.is_for_deepstream:
        draft.put(SECTION, "config", draft.path(file), entry)
        return
    draft.remark(SECTION, entry, f"{error}; a preset stands for it")
    _take_preset(entry, "nvdcf_perf", draft)


def _take_preset(entry: Entry, otherwise: str, draft: Draft) -> None:
    """The tracker that the name of a file or a library speaks of, for both engines."""
    name = Path(entry.text.lower()).name
    kind = next((kind for part, kind in PRESETS.items() if part in name), otherwise)
    if kind == "nvdeepsort":
        draft.remark(SECTION, entry, "was NvDeepSORT, which wants a network to compare looks with")
        kind = "nvsort"
    draft.put(SECTION, "type", kind, entry)
    draft.put("deepstream", "tracker", kind, entry)


def _take_reset(entry: Entry, draft: Draft) -> None:
    mode = integer(entry)
    if mode in RESETS:
        draft.put(SECTION, "id_reset", RESETS[mode], entry)
    if mode not in (0, 1, 2):
        draft.remark(SECTION, entry, "is 0, 1 or 2 here; both resets at once have no counterpart")


def _take_size(width: Entry | None, height: Entry | None, draft: Draft) -> None:
    if width is not None and height is not None:
        draft.put("deepstream", "tracker_size", f"{integer(width)}x{integer(height)}", width)
    elif width is not None or height is not None:
        entry = width or height
        assert entry is not None
        draft.remark("deepstream", entry, "tracker_size wants width and height")
