"""Reading an nvdsanalytics file in either of its formats."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from camwire.analytics.nvdsanalytics.groups import Remarks
from camwire.analytics.nvdsanalytics.ini import parse_ini
from camwire.analytics.nvdsanalytics.notices import Notice, NvdsConfigError
from camwire.analytics.nvdsanalytics.settings import Settings
from camwire.analytics.nvdsanalytics.yaml import parse_yaml

Format = Literal["ini", "yaml"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file that DeepStream would run with, and what is odd about it."""

    settings: Settings
    notices: tuple[Notice, ...]


def format_of(path: Path) -> Format:
    """DeepStream goes by the name: `.yml` and `.yaml` are YAML, everything else is INI."""
    return "yaml" if path.name.endswith((".yml", ".yaml")) else "ini"


def parse(text: str, form: Format, file: str) -> Loaded:
    """Read a configuration's text; ``file`` names it in notices.

    Raises NvdsConfigError where DeepStream would not run with it: every mistake (INI) or the first (YAML).
    """
    remarks = Remarks(file)
    settings = parse_yaml(text, remarks) if form == "yaml" else parse_ini(text, remarks)
    return Loaded(settings, tuple(remarks.notices))


def load(path: Path) -> Loaded:
    """Read a file. Raises NvdsConfigError, also where the file can't be read."""
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise NvdsConfigError([Notice(str(path), 0, f"can't be read: {error.strerror}")]) from None
    return parse(text, format_of(path), str(path))
