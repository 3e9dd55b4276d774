"""SciPy's solver is the one that is used, and scipy.optimize isn't imported for it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from camwire.tracking.solver import FOLDER, load_solver


@pytest.mark.parametrize("folder", [FOLDER, Path("/nonexistent")])
def test_it_says_what_scipys_says(folder: Path) -> None:
    solve = load_solver(folder)
    rng = np.random.default_rng(0)
    for _ in range(50):
        gains = rng.random(rng.integers(1, 9, 2)).round(1)  # with ties
        for said, wanted in zip(solve(gains, maximize=True), linear_sum_assignment(gains, True), strict=True):
            np.testing.assert_array_equal(said, wanted)


def test_to_track_brings_no_more_of_scipy() -> None:
    """Where this fails, SciPy has its solver elsewhere, and every worker takes 51 MB more."""
    code = "import sys, camwire.tracking.engine; print('scipy.optimize' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
