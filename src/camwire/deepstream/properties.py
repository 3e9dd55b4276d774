"""What is known of an element's properties: type, default, range, unit, and how surely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

Value = bool | int | float | str


class Kind(Enum):
    """GObject's types, as far as these elements use them."""

    BOOL = "bool"
    INT = "int"
    UINT = "uint"
    UINT64 = "uint64"
    ENUM = "enum"
    STRING = "string"
    CAPS = "caps"


class Certainty(Enum):
    """How a property came to be known."""

    SOURCE = "S"
    """Read in DeepStream 9.1's source."""
    DOCUMENTATION = "D"
    """Read in NVIDIA's documentation."""
    LIBRARY = "L"
    """Asked of NVIDIA's own element, from the wheel of its decoder (9.0.2)."""
    REMEMBERED = "R"
    """From public documentation, as remembered."""
    GSTREAMER = "G"
    """GStreamer's own element: checked against the installed one in tests."""


RANGES = {
    Kind.INT: (-(2**31), 2**31 - 1),
    Kind.UINT: (0, 2**32 - 1),
    Kind.UINT64: (0, 2**64 - 1),
}
"""Of the types themselves."""


@dataclass(frozen=True, slots=True)
class Property:
    """One property of an element; ``default`` is None where there is none or it isn't known."""

    name: str
    kind: Kind
    default: Value | None
    certainty: Certainty
    low: int | None = None
    high: int | None = None
    choices: Mapping[int, str] | None = None
    """What an enum's numbers mean."""
    unit: str = ""

    @property
    def bounds(self) -> tuple[int, int] | None:
        """The smallest and the largest number; None for what isn't a number."""
        if self.kind not in RANGES:
            return None
        least, most = RANGES[self.kind]
        return (least if self.low is None else self.low, most if self.high is None else self.high)

    def problem_with(self, value: Value) -> str | None:
        """Why the property can't have this value, in words; None where it can."""
        if self.kind is Kind.BOOL:
            return None if isinstance(value, bool) else f"{self.name} is true or false, not {value!r}"
        if self.kind in (Kind.STRING, Kind.CAPS):
            return None if isinstance(value, str) else f"{self.name} is text, not {value!r}"
        if isinstance(value, bool) or not isinstance(value, int):
            return f"{self.name} is a whole number, not {value!r}"
        if self.choices is not None:
            known = ", ".join(f"{number} ({word})" for number, word in self.choices.items())
            return None if value in self.choices else f"{self.name} is one of {known}, not {value}"
        if self.bounds is not None and not self.bounds[0] <= value <= self.bounds[1]:
            return f"{self.name} goes from {self.bounds[0]} to {self.bounds[1]}, {value} doesn't"
        return None
