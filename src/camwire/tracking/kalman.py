"""A constant-velocity Kalman filter for the four numbers of a box.

The trackers' models (SORT, DeepSORT, ByteTrack, DeepStream's estimators) move each number by its own velocity
only, measure each number by itself and have diagonal noise. So their 8×8 covariance never couples two
numbers, and the filter is exactly four filters of two states, position and velocity. That needs no
matrices: every step is elementwise over [N, 4], which is fast, and bit for bit the same whichever other rows
are in the table.

Time is in seconds and velocity per second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from camwire.frames import Float64Array
from camwire.tracking.columns import Columns


@dataclass(slots=True)
class Motion(Columns):
    """N filters of four numbers each; all columns float64 [N, 4]."""

    position: Float64Array
    velocity: Float64Array
    position_variance: Float64Array
    covariance: Float64Array
    """Of position with velocity."""
    velocity_variance: Float64Array

    @staticmethod
    def started(position: Float64Array, position_std: Float64Array, velocity_std: Float64Array) -> Motion:
        """Filters at rest at ``position`` with the given uncertainties, each [N, 4]."""
        zero = np.zeros_like(position)
        return Motion(position.copy(), zero, position_std**2, zero.copy(), velocity_std**2)

    def predict(self, dt: Float64Array, position_noise: Float64Array, velocity_noise: Float64Array) -> None:
        """Move on by ``dt`` [N, 1] seconds; the noises are variances added meanwhile, [N, 4]."""
        self.position += dt * self.velocity
        self.position_variance += dt * (2 * self.covariance + dt * self.velocity_variance) + position_noise
        self.covariance += dt * self.velocity_variance
        self.velocity_variance += velocity_noise

    def correct(self, measured: Float64Array, noise: Float64Array) -> None:
        """Take a measurement of the position in, [N, 4], with the variances ``noise``, [N, 4]."""
        total = self.position_variance + noise
        position_gain = self.position_variance / total
        velocity_gain = self.covariance / total
        surprise = measured - self.position
        self.position += position_gain * surprise
        self.velocity += velocity_gain * surprise
        self.velocity_variance -= velocity_gain * self.covariance
        self.covariance *= 1 - position_gain
        self.position_variance *= 1 - position_gain

    def correct_rows(self, rows: np.ndarray, measured: Float64Array, noise: Float64Array) -> None:
        """Correct some rows; ``measured`` and ``noise`` have as many rows as ``rows``."""
        part = self.take(rows)
        part.correct(measured, noise)
        self.put(rows, part)

    def put(self, rows: np.ndarray, part: Motion) -> None:
        """Replace the given rows."""
        for column, values in zip(self._columns(), part._columns(), strict=True):
            column[rows] = values
