"""nvdsanalytics files in INI form. Any mistake makes DeepStream refuse the whole file."""

from __future__ import annotations

from dataclasses import dataclass

from camwire.analytics.nvdsanalytics.groups import (
    ProblemError,
    RefusedError,
    Remark,
    Remarks,
    kind_of,
    read_group,
)
from camwire.analytics.nvdsanalytics.keyfile import Group, KeyFileError, parse_key_file
from camwire.analytics.nvdsanalytics.notices import NvdsConfigError
from camwire.analytics.nvdsanalytics.settings import DEFAULT_WINDOW, Point, Settings

LONGEST_WINDOW = 1_000_000_000
PROPERTY_KEYS = frozenset(
    {
        "enable",
        "config-width",
        "config-height",
        "display-font-size",
        "osd-mode",
        "obj-cnt-win-in-ms",
        "display-obj-cnt",
    }
)


@dataclass(frozen=True, slots=True)
class IniValue:
    """A key's value. A repeated key reads its last value every time, as GLib has it."""

    group: Group
    key: str

    @property
    def line(self) -> int:
        return self.group.lines[self.key]

    def boolean(self) -> bool:
        return self.group.boolean(self.key)

    def integer(self) -> int:
        return self.group.integer(self.key)

    def natural(self) -> int:
        number = self.integer()
        if number < 0:
            raise RefusedError(self.line, f"{self.key} is {number}; it can't be negative")
        return number

    def string(self) -> str:
        return self.group.string(self.key)

    def class_ids(self) -> list[int]:
        return self.group.integers(self.key)

    def points(self, exactly: int | None = None) -> list[Point]:
        numbers = self.group.integers(self.key)
        if any(number < 0 for number in numbers):
            raise RefusedError(self.line, f"{self.key} has a negative coordinate")
        if exactly is not None:
            if len(numbers) < 2 * exactly:
                raise RefusedError(
                    self.line, f"{self.key} has {len(numbers)} numbers; it needs {2 * exactly}"
                )
            numbers = numbers[: 2 * exactly]  # DeepStream looks at no more than it needs.
        if len(numbers) % 2:
            raise RefusedError(self.line, f"{self.key} has {len(numbers)} numbers; points come in pairs x;y")
        return list(zip(numbers[::2], numbers[1::2], strict=True))


def parse_ini(text: str, remarks: Remarks) -> Settings:
    """Read a whole file. Raises NvdsConfigError with every mistake in it."""
    problems = Remarks(remarks.file)
    settings = Settings()
    try:
        groups = parse_key_file(text)
    except KeyFileError as error:
        problems(error.line, error.text)
        raise NvdsConfigError(problems.notices) from None
    if "property" not in groups:
        problems(0, "the group [property] is missing")
    for group in groups.values():
        try:
            _read(group, settings, remarks)
        except (ProblemError, KeyFileError) as error:
            problems(error.line, error.text)
    if problems.notices:
        raise NvdsConfigError(problems.notices)
    for stream in settings.streams.values():
        stream.width, stream.height = settings.width, settings.height
    return settings


def _read(group: Group, settings: Settings, remark: Remark) -> None:
    if group.name == "property":
        _read_property(group, settings, remark)
    elif kind := kind_of(group.name):
        items = [(key, IniValue(group, key)) for key in group.keys]
        read_group(kind, group.name, group.line, items, settings, remark)
    else:
        remark(group.line, f"the unknown group [{group.name}] is ignored")


def _read_property(group: Group, settings: Settings, remark: Remark) -> None:
    def value(key: str) -> IniValue | None:
        return IniValue(group, key) if key in group.values else None

    def needed(key: str) -> IniValue:
        if key not in group.values:
            raise RefusedError(group.line, f"[property] has no {key}; it can't be left out")
        return IniValue(group, key)

    settings.width = needed("config-width").natural()
    settings.enabled = needed("enable").boolean()
    settings.height = needed("config-height").natural()
    if size := value("display-font-size"):
        settings.font_size = size.integer() or settings.font_size
    if mode := value("osd-mode"):
        settings.osd_mode = _within(mode, 0, 2)
    if window := value("obj-cnt-win-in-ms"):
        settings.window = _within(window, 1, LONGEST_WINDOW)
    else:
        settings.window = DEFAULT_WINDOW
    if shown := value("display-obj-cnt"):
        settings.show_counts = shown.boolean()
    for key in group.values.keys() - PROPERTY_KEYS:
        remark(group.lines[key], f"the unknown key {key} in [property] is ignored")


def _within(value: IniValue, low: int, high: int) -> int:
    number = value.integer()
    if not low <= number <= high:
        raise RefusedError(value.line, f"{value.key} is {number}; allowed is {low} to {high}")
    return number
