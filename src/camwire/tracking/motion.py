"""How uncertain motion is: noise models for the Kalman filter."""

from __future__ import annotations

import numpy as np

from camwire.frames import Float64Array
from camwire.tracking.columns import Rows
from camwire.tracking.kalman import Motion

REFERENCE_RATE = 30.0
"""Frames a second of the videos for which the published constants, which are per frame, were chosen."""
LEAST_HEIGHT = 1.0
"""Pixels; extrapolation can't shrink a box below it."""
LEAST_ASPECT = 0.01


class HeightNoise:
    """Boxes as centre, aspect, height, with noise in proportion to the height.

    DeepSORT's model (Wojke et al., "Simple Online and Realtime Tracking with a Deep Association Metric",
    ICIP 2017, and its published implementation), which ByteTrack uses too. Its constants are standard
    deviations per frame; here they become variances that grow with time, as a random walk's do, at
    ``REFERENCE_RATE``.
    """

    def __init__(self, location: float = 1 / 20, velocity: float = 1 / 160) -> None:
        """The noise of a position after a reference frame, which is that of a detection too, in heights, and
        the noise of a velocity, in heights a reference frame."""
        rate = REFERENCE_RATE
        # Of the aspect the noise doesn't depend on the height: 0.01 a frame, 0.1 detected, velocity 0.00001.
        self._drift = _Variance([location, location, 0, location], 1e-2)
        self._velocity_drift = _Variance([velocity * rate, velocity * rate, 0, velocity * rate], 1e-5 * rate)
        self._detection = _Variance([location, location, 0, location], 1e-1)

    def start(self, xyah: Float64Array) -> Motion:
        """Filters for new boxes [4, N]: at rest, with twice a position's and ten times a velocity's noise."""
        square = xyah[3] ** 2
        return Motion.started(xyah, 4 * self._drift(square), 100 * self._velocity_drift(square))

    def predict(self, motion: Motion, dt: Float64Array) -> None:
        """Move boxes on by ``dt`` [N] seconds."""
        square = motion.position[3] ** 2
        frames = dt * REFERENCE_RATE
        motion.predict(dt, self._drift(square) * frames, self._velocity_drift(square) * frames)
        np.maximum(motion.position[2], LEAST_ASPECT, out=motion.position[2])
        np.maximum(motion.position[3], LEAST_HEIGHT, out=motion.position[3])

    def correct(self, motion: Motion, rows: Rows, xyah: Float64Array) -> None:
        """Take the detections ``xyah`` [4, R] of the given rows in."""
        motion.correct(rows, xyah, self._detection(motion.position[3].take(rows) ** 2))


class _Variance:
    """Variances [4, N] of boxes, from the squares of their heights [N]."""

    def __init__(self, of_height: list[float], of_aspect: float) -> None:
        """Standard deviations: in heights, for x, y, aspect and height; and the aspect's own."""
        self._of_height = np.array(of_height)[:, None] ** 2
        self._constant = np.array([0, 0, of_aspect, 0])[:, None] ** 2

    def __call__(self, square: Float64Array) -> Float64Array:
        result: Float64Array = self._of_height * square
        result += self._constant
        return result
