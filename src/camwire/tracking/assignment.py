"""Which row goes with which column: the assignment of the greatest total gain, over many frames at once.

A pair whose gain is greater than the best other gains of its row and of its column together is part of
every best assignment: were it not taken, its row and its column would bring in less, even when both are
used elsewhere. Such pairs are found for all frames in a few array operations, again and again on what they
leave. In real scenes that settles nearly everything; what remains goes, frame by frame, to SciPy's solver
(a modified Jonker-Volgenant algorithm). The total is the optimum in any case.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from camwire.frames import Float64Array

Index = NDArray[np.intp]


def assign(rows: Index, columns: Index, gains: Float64Array, groups: Index) -> tuple[Index, Index]:
    """Choose pairs such that no row and no column is used twice and the sum of gains is greatest.

    The P candidate pairs are ``rows[i]``, ``columns[i]`` with ``gains[i]`` > 0 (others can't be chosen);
    ``groups[i]``, ascending, tells which frame the pair belongs to: rows and columns of different groups
    are different. Returns the chosen rows and columns, ordered by row.
    """
    chosen_rows: list[Index] = []
    chosen_columns: list[Index] = []
    rest = np.flatnonzero(gains > 0)
    while len(rest):
        r, c, g = rows[rest], columns[rest], gains[rest]
        sure = g > _best_other(r, g) + _best_other(c, g)
        if not sure.any():
            break
        chosen_rows.append(r[sure])
        chosen_columns.append(c[sure])
        rest = rest[~(np.isin(r, r[sure]) | np.isin(c, c[sure]))]
    for start, stop in _runs(groups[rest]):
        block = rest[start:stop]
        r, c = _solved(rows[block], columns[block], gains[block])
        chosen_rows.append(r)
        chosen_columns.append(c)
    if not chosen_rows:
        return np.empty(0, np.intp), np.empty(0, np.intp)
    all_rows, all_columns = np.concatenate(chosen_rows), np.concatenate(chosen_columns)
    order = np.argsort(all_rows)
    return all_rows[order], all_columns[order]


def _best_other(nodes: Index, gains: Float64Array) -> Float64Array:
    """For each pair the greatest gain among the *other* pairs of its node; 0 where it is the only one."""
    size = int(nodes.max()) + 1
    best = np.zeros(size)
    np.maximum.at(best, nodes, gains)
    is_best = gains == best[nodes]
    second = np.zeros(size)
    np.maximum.at(second, nodes[~is_best], gains[~is_best])
    tied = np.bincount(nodes[is_best], minlength=size) > 1
    second[tied] = best[tied]
    return np.where(is_best, second[nodes], best[nodes])


def _runs(sorted_values: Index) -> list[tuple[int, int]]:
    """Start and stop of each run of equal values."""
    if not len(sorted_values):
        return []
    edges = np.flatnonzero(np.diff(sorted_values)) + 1
    bounds = [0, *edges.tolist(), len(sorted_values)]
    return list(pairwise(bounds))


def _solved(rows: Index, columns: Index, gains: Float64Array) -> tuple[Index, Index]:
    """Solve one group as a dense matrix."""
    row_names, row = np.unique(rows, return_inverse=True)
    column_names, column = np.unique(columns, return_inverse=True)
    matrix = np.zeros((len(row_names), len(column_names)))
    matrix[row, column] = gains
    r, c = linear_sum_assignment(matrix, maximize=True)
    real = matrix[r, c] > 0
    return row_names[r[real]], column_names[c[real]]
