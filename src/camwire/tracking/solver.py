"""SciPy's solver of assignments, without all else that scipy.optimize brings.

To import scipy.optimize takes 0.6 s of a core and 51 MB of memory, in every process that tracks, for one
function of one small extension module (SciPy 1.17, x86-64). So that module is loaded from its file; where
SciPy has it in another place, scipy.optimize is imported after all.
"""

from __future__ import annotations

from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Protocol, cast

import scipy

from camwire.frames import Float64Array
from camwire.tracking.columns import Rows

FOLDER, MODULE = Path(scipy.__file__).parent / "optimize", "_lsap"


class Solver(Protocol):
    """scipy.optimize.linear_sum_assignment, a modified Jonker-Volgenant algorithm."""

    def __call__(self, cost_matrix: Float64Array, maximize: bool = False) -> tuple[Rows, Rows]: ...


def load_solver(folder: Path = FOLDER) -> Solver:
    """``folder``: scipy.optimize's."""
    module = next(filter(None, (_extension(folder / f"{MODULE}{end}") for end in EXTENSION_SUFFIXES)), None)
    if module is None:
        import scipy.optimize

        module = scipy.optimize
    return cast(Solver, module.linear_sum_assignment)


def _extension(file: Path) -> ModuleType | None:
    spec = spec_from_file_location(f"scipy.optimize.{MODULE}", file)
    if not file.is_file() or spec is None or spec.loader is None:
        return None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module if hasattr(module, "linear_sum_assignment") else None


linear_sum_assignment = load_solver()
