"""A constant-velocity Kalman filter for the four numbers of a box.

The trackers' models (SORT, DeepSORT, ByteTrack, DeepStream's estimators) move each number by its own velocity
only, measure each number by itself and have diagonal noise. So their 8×8 covariance never couples two
numbers, and the filter is exactly four filters of two states, position and velocity. That needs no
matrices: every step is elementwise over [4, N], which is fast, and bit for bit the same whichever other
tracks are in the table.

Time is in seconds and velocity per second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from camwire.frames import Float64Array
from camwire.tracking.columns import Rows


@dataclass(slots=True)
class Motion:
    """N filters of four numbers each."""

    state: Float64Array
    """[5, 4, N] position, velocity, variance of the position, its covariance with the velocity, variance of
    the velocity."""

    @staticmethod
    def started(
        position: Float64Array, position_variance: Float64Array, velocity_variance: Float64Array
    ) -> Motion:
        """Filters at rest at ``position`` with the given uncertainties, each [4, N]."""
        state = np.zeros((5, *position.shape))
        state[0], state[2], state[4] = position, position_variance, velocity_variance
        return Motion(state)

    def __len__(self) -> int:
        return int(self.state.shape[2])

    def take(self, rows: Rows) -> Self:
        return type(self)(self.state.take(rows, axis=2))

    def followed_by(self, other: Self) -> Self:
        return type(self)(np.concatenate((self.state, other.state), axis=2))

    @property
    def position(self) -> Float64Array:
        """[4, N], a view."""
        view: Float64Array = self.state[0]
        return view

    @property
    def velocity(self) -> Float64Array:
        """[4, N], a view."""
        view: Float64Array = self.state[1]
        return view

    def predict(self, dt: Float64Array, position_noise: Float64Array, velocity_noise: Float64Array) -> None:
        """Move on by ``dt`` [N] seconds; the noises are variances added meanwhile, [4, N]."""
        position, velocity, variance, covariance, velocity_variance = self.state
        position += dt * velocity
        growth = dt * velocity_variance
        variance += dt * (2 * covariance + growth)
        variance += position_noise
        covariance += growth
        velocity_variance += velocity_noise

    def correct(self, rows: Rows, measured: Float64Array, noise: Float64Array) -> None:
        """Take measurements of the ``rows``' positions in, [4, R], with the variances ``noise``, [4, R]."""
        part = self.state.take(rows, axis=2)
        position, velocity, variance, covariance, velocity_variance = part
        total = variance + noise
        gain = variance / total
        velocity_gain = covariance / total
        surprise = measured - position
        position += gain * surprise
        velocity += velocity_gain * surprise
        velocity_variance -= velocity_gain * covariance
        gain = 1 - gain
        covariance *= gain
        variance *= gain
        self.state[:, :, rows] = part
