"""Which track goes with which detection: the assignment of the greatest total gain, over many frames at once.

A pair whose gain exceeds all other gains of its row and of its column together is part of every best
assignment: were it not taken, its row and its column would bring in less, even if both were used elsewhere.
Such pairs are found for all frames in a few array operations, again and again among what they leave. In
real scenes that settles nearly everything; what remains goes, frame by frame, to SciPy's solver (a
modified Jonker-Volgenant algorithm). The total is the optimum in any case.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from camwire.frames import BoolArray, Float64Array
from camwire.tracking.columns import Rows
from camwire.tracking.solver import linear_sum_assignment

MARGIN = 1 + 1e-9
"""By how much a gain has to exceed the others', so that rounding never makes two of a tie."""


def assign(rows: Rows, columns: Rows, gains: Float64Array, frame_of_row: Rows) -> tuple[Rows, Rows]:
    """Choose pairs such that no row and no column is used twice and the sum of gains is greatest.

    The P candidates are ``rows[i]``, ``columns[i]`` with ``gains[i]`` > 0. Rows are numbered such that
    ``frame_of_row`` ascends; the columns that pair with the rows of one frame have adjacent numbers, too, and
    pair with no other frame's. Returns the chosen rows and columns.
    """
    chosen: list[tuple[Rows, Rows]] = []
    while len(rows):
        sure = _in_every_best(rows, columns, gains)
        won = sure.nonzero()[0]
        if not len(won):
            chosen += _solved(rows, columns, gains, frame_of_row)
            break
        won_rows, won_columns = rows.take(won), columns.take(won)
        chosen.append((won_rows, won_columns))
        if len(won) == len(rows):
            break
        left = (~(_among(rows, won_rows) | _among(columns, won_columns))).nonzero()[0]
        rows, columns, gains = rows.take(left), columns.take(left), gains.take(left)
    if len(chosen) == 1:
        return chosen[0]
    none = [np.empty(0, np.intp)]
    return np.concatenate([c[0] for c in chosen] or none), np.concatenate([c[1] for c in chosen] or none)


def assign_greedily(rows: Rows, columns: Rows, scores: Float64Array) -> tuple[Rows, Rows]:
    """Choose the pair with the highest score, then the highest among the others' pairs, and so on.

    Pairs that are the best of both their row and their column are taken at once, which comes to the same. Of
    equal pairs the first comes first.
    """
    chosen: list[tuple[Rows, Rows]] = [(np.empty(0, np.intp), np.empty(0, np.intp))]
    rank = np.empty(len(rows), np.intp)
    rank[np.argsort(-scores, kind="stable")] = np.arange(len(rows))
    while len(rows):
        best = (rank == _least(rows, rank)) & (rank == _least(columns, rank))
        chosen.append((rows[best], columns[best]))
        left = ~(_among(rows, rows[best]) | _among(columns, columns[best]))
        rows, columns, rank = rows[left], columns[left], rank[left]
    return np.concatenate([c[0] for c in chosen]), np.concatenate([c[1] for c in chosen])


def _least(values: Rows, rank: Rows) -> Rows:
    """For each pair the lowest rank among the pairs of the same value."""
    table = np.full(int(values.max()) + 1, np.iinfo(np.intp).max)
    np.minimum.at(table, values, rank)
    return table.take(values)


def _in_every_best(rows: Rows, columns: Rows, gains: Float64Array) -> BoolArray:
    of_row = np.bincount(rows, gains).take(rows)
    of_column = np.bincount(columns, gains).take(columns)
    # Both sums hold the pair's own gain too.
    result: BoolArray = 3 * gains > (of_row + of_column) * MARGIN
    return result


def _among(values: Rows, chosen: Rows) -> BoolArray:
    """Which values are among the chosen ones; both are small numbers from 0."""
    table = np.zeros(int(np.maximum.reduce(values)) + 1, np.bool_)
    table[chosen] = True
    return table.take(values)


def _renumbered(values: Rows) -> tuple[Rows, Rows]:
    """The different values, which are small numbers from 0, ascending, and where each value is among them."""
    names = np.bincount(values).nonzero()[0]
    number = np.empty(int(names[-1]) + 1, np.intp)
    number[names] = np.arange(len(names))
    return names, number.take(values)


def _solved(rows: Rows, columns: Rows, gains: Float64Array, frame_of_row: Rows) -> list[tuple[Rows, Rows]]:
    """Solve each frame as a dense matrix."""
    row_names, row = _renumbered(rows)
    column_names, column = _renumbered(columns)
    order = row.argsort(kind="stable")
    row, column, gains = row.take(order), column.take(order), gains.take(order)
    frame = frame_of_row.take(row_names.take(row))
    edges = (frame[1:] != frame[:-1]).nonzero()[0] + 1
    bounds = [0, *edges.tolist(), len(row)]
    result = []
    for start, stop in pairwise(bounds):
        r, c = row[start:stop], column[start:stop]
        first_row, first_column = r[0], c.min()
        matrix = np.zeros((r[-1] - first_row + 1, c.max() - first_column + 1))
        matrix[r - first_row, c - first_column] = gains[start:stop]
        r, c = linear_sum_assignment(matrix, maximize=True)
        real = matrix[r, c] > 0
        result.append((row_names[r[real] + first_row], column_names[c[real] + first_column]))
    return result
