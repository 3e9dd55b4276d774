"""Struct of arrays: a table whose columns are arrays with one row a track."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.intp]


@dataclass(slots=True)
class Columns:
    """Base of tables. Fields are arrays whose first axis counts rows, or tables of the same length."""

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def take(self, rows: Rows) -> Self:
        """A copy of the rows at the given positions, in that order."""
        return type(self)(*(_taken(column, rows) for column in self._columns()))

    def followed_by(self, other: Self) -> Self:
        """These rows, then those of ``other``."""
        pairs = zip(self._columns(), other._columns(), strict=True)
        return type(self)(*(_joined(first, second) for first, second in pairs))

    def _columns(self) -> list[Any]:
        return [getattr(self, field.name) for field in fields(self)]


def _taken(column: Any, rows: Rows) -> Any:
    return column.take(rows) if isinstance(column, Columns) else column.take(rows, axis=0)


def _joined(first: Any, second: Any) -> Any:
    return first.followed_by(second) if isinstance(first, Columns) else np.concatenate((first, second))
