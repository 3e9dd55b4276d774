"""Runs: things that lie in a row so that those which belong together are next to each other."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from camwire.frames import Int64Array

Value = TypeVar("Value", bound=np.generic)


class Runs(NamedTuple):
    """What each of N things belongs to, said once a run instead of once a thing; R runs."""

    which: Int64Array
    """[R] what a run's things belong to."""
    length: Int64Array
    """[R] how many they are."""

    def begins(self) -> Int64Array:
        """[R] the place of each run's first thing."""
        ends: Int64Array = self.length.cumsum()
        return ends - self.length

    def of(self, values: NDArray[Value]) -> NDArray[Value]:
        """[..., N] for each thing the value of what it belongs to; ``values`` [..., W] has one for each."""
        return values.take(self.which, axis=-1).repeat(self.length, axis=-1)

    def each(self) -> Int64Array:
        """[N] what each thing belongs to."""
        return self.which.repeat(self.length)

    def upwards(self) -> Int64Array:
        """[N] ``which`` for the first thing of each run, and one more for each after it."""
        return (self.which - self.begins()).repeat(self.length) + np.arange(int(self.length.sum()))

    def among(self, chosen: Int64Array) -> Runs:
        """The runs of some of the things: ``chosen`` are their places, ascending."""
        length = chosen.searchsorted(self.length.cumsum())
        length[1:] -= length[:-1].copy()
        return Runs(self.which, length)
