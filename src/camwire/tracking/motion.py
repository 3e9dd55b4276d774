"""How uncertain motion is: noise models for the Kalman filter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from camwire.frames import Float64Array
from camwire.tracking.columns import Rows
from camwire.tracking.kalman import Motion

REFERENCE_RATE = 30.0
"""Frames a second of the videos for which the published constants, which are per frame, were chosen."""
LEAST = np.array([[-np.inf], [-np.inf], [0.01], [1.0]])
"""What extrapolation can't bring x, y, aspect and height (pixels) below."""


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
        square, velocity_square = location**2, (velocity * REFERENCE_RATE) ** 2
        # Of the aspect the noise doesn't depend on the height: 0.01 a frame, 0.1 detected, velocity 0.00001.
        aspect, velocity_aspect = 1e-2**2, (1e-5 * REFERENCE_RATE) ** 2
        self._drift = _Variance((square, velocity_square), (aspect, velocity_aspect))
        self._start = _Variance((4 * square, 100 * velocity_square), (aspect, velocity_aspect))
        self._detection = _Variance((square,), (1e-1**2,))

    def start(self, xyah: Float64Array) -> Motion:
        """Filters for new boxes [4, N]: at rest, with twice a position's and ten times a velocity's noise."""
        return Motion.started(xyah, *self._start(xyah[3]))

    def predict(self, motion: Motion, dt: Float64Array) -> None:
        """Move boxes on by ``dt`` [N] seconds."""
        position_noise, velocity_noise = self._drift(motion.position[3]) * (dt * REFERENCE_RATE)
        motion.predict(dt, position_noise, velocity_noise)
        np.maximum(motion.position, LEAST, out=motion.position)

    def correct(self, motion: Motion, rows: Rows, xyah: Float64Array) -> None:
        """Take the detections ``xyah`` [4, R] of the given rows in."""
        motion.correct(rows, xyah, self._detection(motion.position[3].take(rows))[0])


class _Variance:
    """Variances of x, y, aspect and height of boxes, from their heights; K kinds at once."""

    def __init__(self, of_height: Sequence[float], of_aspect: Sequence[float]) -> None:
        """For each kind the variance of x, y and height, in heights squared, and that of the aspect."""
        self._of_height = np.array([[[h], [h], [0], [h]] for h in of_height])
        self._constant = np.array([[[0], [0], [a], [0]] for a in of_aspect])

    def __call__(self, height: Float64Array) -> Float64Array:
        """[K, 4, N] for heights [N]."""
        result: Float64Array = self._of_height * (height * height)
        result += self._constant
        return result
