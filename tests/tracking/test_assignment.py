"""The assignment is optimal, frame by frame."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linear_sum_assignment

from camwire.tracking.assignment import assign, assign_greedily

# Few distinct values make ties likely.
GAINS = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(0, 1))
MATRICES = st.lists(
    st.tuples(st.integers(1, 6), st.integers(1, 6)).flatmap(
        lambda shape: arrays(np.float64, shape, elements=GAINS)
    ),
    min_size=1,
    max_size=4,
)


def _pairs(matrices):
    """All entries of the matrices as pairs; rows and columns of different matrices are different."""
    rows, columns, gains, frame_of_row = [], [], [], []
    row_base = column_base = 0
    for group, matrix in enumerate(matrices):
        r, c = np.indices(matrix.shape)
        rows.append(r.ravel() + row_base)
        columns.append(c.ravel() + column_base)
        gains.append(matrix.ravel())
        frame_of_row.append(np.full(matrix.shape[0], group))
        row_base += matrix.shape[0]
        column_base += matrix.shape[1]
    r, c, g = np.concatenate(rows), np.concatenate(columns), np.concatenate(gains)
    return r[g > 0], c[g > 0], g[g > 0], np.concatenate(frame_of_row)


@given(MATRICES)
def test_total_is_the_solvers_and_nothing_is_used_twice(matrices):
    rows, columns, gains, frames = _pairs(matrices)
    gain_of = {(r, c): g for r, c, g in zip(rows.tolist(), columns.tolist(), gains.tolist(), strict=True)}

    chosen_rows, chosen_columns = assign(rows, columns, gains, frames)

    chosen = list(zip(chosen_rows.tolist(), chosen_columns.tolist(), strict=True))
    assert len(set(chosen_rows.tolist())) == len(set(chosen_columns.tolist())) == len(chosen)
    assert set(chosen) <= set(gain_of)
    best = sum(matrix[linear_sum_assignment(matrix, maximize=True)].sum() for matrix in matrices)
    np.testing.assert_allclose(sum(gain_of[pair] for pair in chosen), best, atol=1e-12)


def test_greedy_would_be_wrong_here():
    rows, columns = np.array([0, 0, 1]), np.array([0, 1, 0])
    gains = np.array([0.9, 0.8, 0.7])
    chosen = assign(rows, columns, gains, np.zeros(2, np.intp))
    assert sorted(zip(*(part.tolist() for part in chosen), strict=True)) == [(0, 1), (1, 0)]


def test_no_pairs():
    none = np.empty(0, np.intp)
    rows, columns = assign(none, none, np.empty(0), np.zeros(3, np.intp))
    assert len(rows) == len(columns) == 0


@given(MATRICES)
def test_greedy_takes_the_best_pair_again_and_again(matrices):
    rows, columns, scores, _ = _pairs(matrices)
    expected, used_rows, used_columns = set(), set(), set()
    for index in np.argsort(-scores, kind="stable").tolist():
        r, c = int(rows[index]), int(columns[index])
        if r not in used_rows and c not in used_columns:
            expected.add((r, c))
            used_rows.add(r)
            used_columns.add(c)
    chosen_rows, chosen_columns = assign_greedily(rows, columns, scores)
    assert set(zip(chosen_rows.tolist(), chosen_columns.tolist(), strict=True)) == expected
    assert len(chosen_rows) == len(expected)
