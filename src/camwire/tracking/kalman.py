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
    """[5, 4, N] position, velocity, covariance of the two, variance of the velocity, variance of the
    position: in this order what is computed alike is a slice."""

    @staticmethod
    def started(
        position: Float64Array, position_variance: Float64Array, velocity_variance: Float64Array
    ) -> Motion:
        """Filters at rest at ``position`` with the given uncertainties, each [4, N]."""
        state = np.zeros((5, *position.shape))
        state[0], state[4], state[3] = position, position_variance, velocity_variance
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

    def predict(self, dt: Float64Array, noise: Float64Array) -> None:
        """Move on by ``dt`` [N] seconds; ``noise`` [2, 4, N] are the variances that velocities and positions
        gain meanwhile."""
        covariance, variance = self.state[2], self.state[4]
        growth = dt * self.state[1:4:2]
        spread = 2 * covariance
        spread += growth[1]
        spread *= dt
        variance += spread
        self.state[0:3:2] += growth
        self.state[3:] += noise

    def correct(self, rows: Rows, measured: Float64Array, noise: Float64Array) -> None:
        """Take measurements of the ``rows``' positions in, [4, R], with the variances ``noise``, [4, R]."""
        part = self.state.take(rows, axis=2)
        position, _, covariance, velocity_variance, variance = part
        velocity_gain, gain = gains = part[2::2] / (variance + noise)
        part[:2] += gains[::-1] * (measured - position)
        velocity_variance -= velocity_gain * covariance
        part[2::2] *= 1 - gain
        self.state[:, :, rows] = part
