"""From an application's file, or a folder of files, to a configuration's text."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from camwire.analytics.nvdsanalytics import load as nvdsanalytics
from camwire.analytics.nvdsanalytics.notices import NvdsConfigError
from camwire.config import ConfigError, load_text
from camwire.deepstream.importing.detector import read_detector
from camwire.deepstream.importing.documents import Document, Entry, Group, read
from camwire.deepstream.importing.draft import HEAD, Draft
from camwire.deepstream.importing.kinds import Kind, kind_of
from camwire.deepstream.importing.mux import read_mux
from camwire.deepstream.importing.picture import read_outputs, read_overlay
from camwire.deepstream.importing.preprocess import read_preprocess
from camwire.deepstream.importing.remarks import ImportMistakeError, Remark
from camwire.deepstream.importing.sources import read_sources
from camwire.deepstream.importing.tracker import read_tracker, take_file
from camwire.deepstream.importing.values import ValueMistakeError, boolean, path
from camwire.deepstream.importing.writing import written

Engine = Literal["native", "deepstream"]

ENDINGS = (".txt", ".ini", ".cfg", ".conf", ".yml", ".yaml")
MOST_FILES = 200
"""Files of a folder that are looked at."""

_FOLLOWED = {
    Kind.INFER: ("primary-gie", "config-file"),
    Kind.PREPROCESS: ("pre-process", "config-file"),
    Kind.ANALYTICS: ("nvds-analytics", "config-file"),
    Kind.TRACKER: ("tracker", "ll-config-file"),
}
"""Where the application's file names the files of its elements."""


@dataclass(frozen=True, slots=True)
class Imported:
    """``text`` may hold the cameras' passwords, as DeepStream's files did; ``remarks`` hold none."""

    text: str
    cameras: int
    remarks: tuple[Remark, ...]


def import_application(source: Path, folder: Path, engine: Engine = "native") -> Imported:
    """Read deepstream-app's file ``source``, or all of DeepStream's files in the folder ``source``.

    ``folder`` is where the configuration will stand: paths in it are relative to that where they can be.
    The text is a configuration that `camwire check` passes. Raises ImportMistakeError with every mistake.
    """
    draft = _drafted(source, folder, engine)
    trouble = _trouble(draft)
    if trouble is not None and draft.is_for_deepstream:
        # What DeepStream's engine can't have, the native one can.
        draft = _drafted(source, folder, "native")
        draft.remarks[HEAD].append(Remark("engine: deepstream", 0, f"isn't set: {trouble}"))
        trouble = _trouble(draft)
    if trouble is not None:
        raise ImportMistakeError([Remark("the imported configuration", 0, trouble)])
    remarks = [remark for remarks in draft.remarks.values() for remark in remarks]
    remarks += [remark for camera in draft.cameras for remark in camera.remarks]
    return Imported(written(draft), len(draft.cameras), tuple(remarks))


def _drafted(source: Path, folder: Path, engine: Engine) -> Draft:
    draft = Draft(Path(os.path.abspath(folder)))
    application, files = _gathered(source, draft)
    if engine != "native":
        draft.top["engine"] = engine
    for step in _steps(application, files, draft):
        try:
            step()
        except ValueMistakeError as error:
            draft.mistake(error)
        except ImportMistakeError as error:
            draft.mistakes += error.remarks
    if draft.mistakes:
        raise ImportMistakeError(draft.mistakes)
    return draft


def _steps(application: Document, files: dict[Kind, Path], draft: Draft) -> list[Callable[[], None]]:
    """In an order in which each finds what it needs: cameras have numbers before regions name them."""
    return [
        lambda: read_sources(application, draft),
        lambda: read_mux(application.group("streammux"), draft),
        lambda: _detector(application, files, draft),
        lambda: _preprocess(application, files, draft),
        lambda: _tracker(application, files, draft),
        lambda: _analytics(application, files, draft),
        lambda: read_overlay(application.group("osd"), draft),
        lambda: read_outputs(application, draft),
    ]


def _gathered(source: Path, draft: Draft) -> tuple[Document, dict[Kind, Path]]:
    """The application's document and, for what it doesn't name, the one file of each kind in the folder."""
    if not source.is_dir():
        document = read(source)
        kind = kind_of(document)
        if kind is Kind.APPLICATION:
            return document, {}
        if kind is None or kind is Kind.MUX:
            raise ImportMistakeError(
                [Remark(str(source), 0, "none of DeepStream's files that can be imported")]
            )
        return Document(source, {}), {kind: source}
    found = _by_kind(source)
    if not found:
        raise ImportMistakeError([Remark(str(source), 0, "none of DeepStream's files is in this folder")])
    several = [paths for kind, paths in found.items() if kind is Kind.APPLICATION and len(paths) > 1]
    if several:
        names = ", ".join(path.name for path in several[0])
        raise ImportMistakeError([Remark(str(source), 0, f"several applications: {names}; name one of them")])
    applications = found.pop(Kind.APPLICATION, [])
    files = {kind: paths[0] for kind, paths in found.items()}
    if not applications:
        draft.remarks[HEAD] += [
            Remark(str(file), 0, f"not imported: {files[kind].name} is a file of {kind.value}, too")
            for kind, paths in found.items()
            for file in paths[1:]
        ]
    return (read(applications[0]) if applications else Document(source, {})), files


def _by_kind(folder: Path) -> dict[Kind, list[Path]]:
    found: dict[Kind, list[Path]] = {}
    candidates = (file for file in sorted(folder.iterdir()) if file.suffix in ENDINGS and file.is_file())
    for _, file in zip(range(MOST_FILES), candidates, strict=False):
        try:
            kind = kind_of(read(file))
        except ImportMistakeError:
            continue  # what isn't DeepStream's doesn't have to be readable
        if kind is not None:
            found.setdefault(kind, []).append(file)
    return found


def _named(kind: Kind, application: Document, files: dict[Kind, Path], draft: Draft) -> Entry | None:
    """The entry that names the file of an element; made up where only the folder has one. None without any,
    or where the file isn't there, which is said."""
    group, key = _FOLLOWED[kind]
    entry = application.group(group).take(key)
    if entry is None:
        if kind not in files or application.groups:
            return None
        return Entry(files[kind], 0, "file", kind.value, files[kind].name)
    if not path(entry).is_file():
        draft.remark(HEAD, entry, f"{path(entry)} isn't here, so nothing of it is imported")
        return None
    return entry


def _detector(application: Document, files: dict[Kind, Path], draft: Draft) -> None:
    entry = _named(Kind.INFER, application, files, draft)
    file = read(path(entry)) if entry is not None else None
    group = application.group("primary-gie")
    if entry is None and not group.entries:
        return
    read_detector(group, file, draft)
    if file is not None and entry is not None and draft.is_for_deepstream:
        draft.put("deepstream", "detector_config", draft.path(path(entry)), entry)
        # Nothing of the file is lost, whatever has no counterpart in `model`.
        draft.remarks["model"] = [
            remark for remark in draft.remarks["model"] if remark.file != str(file.file)
        ]


def _preprocess(application: Document, files: dict[Kind, Path], draft: Draft) -> None:
    enabled = boolean(application.group("pre-process").take("enable"), True)
    entry = _named(Kind.PREPROCESS, application, files, draft)
    if entry is not None and enabled:
        read_preprocess(read(path(entry)), draft)


def _tracker(application: Document, files: dict[Kind, Path], draft: Draft) -> None:
    if not application.groups and Kind.TRACKER in files:
        take_file(Entry(files[Kind.TRACKER], 0, "file", "tracker", files[Kind.TRACKER].name), draft)
    read_tracker(application.group("tracker"), draft)


def _analytics(application: Document, files: dict[Kind, Path], draft: Draft) -> None:
    group: Group = application.group("nvds-analytics")
    enabled = boolean(group.take("enable"), True)
    entry = _named(Kind.ANALYTICS, application, files, draft)
    if entry is None or not enabled:
        return
    try:
        loaded = nvdsanalytics.load(path(entry))
    except NvdsConfigError as error:
        raise ImportMistakeError(
            [Remark(each.file, each.line, each.text) for each in error.notices]
        ) from None
    draft.remarks["analytics"] += [Remark(each.file, each.line, each.text) for each in loaded.notices]
    draft.put("analytics", "nvdsanalytics", draft.path(path(entry)), entry)
    if draft.is_for_deepstream:
        draft.put("deepstream", "analytics", "nvdsanalytics", entry)


def _trouble(draft: Draft) -> str | None:
    """Why camwire's own check wouldn't take it; None where it does."""
    try:
        load_text(written(draft), "camwire.yaml", environment={})
    except ConfigError as error:
        return "; ".join(problem.message for problem in error.problems)
    return None
