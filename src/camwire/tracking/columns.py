"""Struct of arrays: a table whose columns are arrays with one row a track."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.intp]
"""Positions of rows in a table."""


class Rowed(Protocol):
    """Anything that has rows to be picked and joined."""

    def __len__(self) -> int: ...

    def take(self, rows: Rows) -> Self:
        """A copy of the given rows, in that order."""

    def followed_by(self, other: Self) -> Self:
        """These rows, then those of ``other``."""


@dataclass(slots=True)
class Columns:
    """Base of tables. A field is an array whose first axis counts rows, or :class:`Rowed` itself."""

    def __len__(self) -> int:
        return len(self._columns()[0])

    def take(self, rows: Rows) -> Self:
        """A copy of the given rows, in that order."""
        return type(self)(*(_taken(column, rows) for column in self._columns()))

    def followed_by(self, other: Self) -> Self:
        """These rows, then those of ``other``."""
        pairs = zip(self._columns(), other._columns(), strict=True)
        return type(self)(*(_joined(first, second) for first, second in pairs))

    def _columns(self) -> list[Any]:
        return [getattr(self, name) for name in self.__dataclass_fields__]


def _taken(column: Any, rows: Rows) -> Any:
    return column.take(rows, axis=0) if isinstance(column, np.ndarray) else column.take(rows)


def _joined(first: Any, second: Any) -> Any:
    if isinstance(first, np.ndarray):
        return np.concatenate((first, second))
    return first.followed_by(second)
