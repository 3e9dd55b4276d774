"""How uncertain motion is: noise models for the Kalman filter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from camwire.frames import Float64Array
from camwire.tracking.kalman import Motion

REFERENCE_RATE = 30.0
"""Frames a second of the videos for which the published constants, which are per frame, were chosen."""
LEAST_HEIGHT = 1.0
"""Pixels; extrapolation can't shrink a box below it."""
LEAST_ASPECT = 0.01


@dataclass(frozen=True, slots=True)
class HeightNoise:
    """Boxes as centre, aspect, height, with noise in proportion to the height.

    DeepSORT's model (Wojke et al., "Simple Online and Realtime Tracking with a Deep Association Metric",
    ICIP 2017, and its published implementation), which ByteTrack uses too. Its constants are standard
    deviations per frame; here they become variances that grow with time, as a random walk's do, at
    ``REFERENCE_RATE``.
    """

    location: float = 1 / 20
    """Standard deviation of a position after one reference frame, and of a detection, in heights."""
    velocity: float = 1 / 160
    """Standard deviation of a velocity after one reference frame, in heights a reference frame."""
    aspect: float = 1e-2
    aspect_velocity: float = 1e-5
    aspect_detected: float = 1e-1

    def start(self, xyah: Float64Array) -> Motion:
        """Filters for new boxes [N, 4]: at rest, with twice a position's and ten times a velocity's noise."""
        height = xyah[:, 3]
        location = self._spread(2 * self.location * height, self.aspect)
        velocity = self._spread(10 * self.velocity * height, self.aspect_velocity) * REFERENCE_RATE
        return Motion.started(xyah, location, velocity)

    def predict(self, motion: Motion, dt: Float64Array) -> None:
        """Move boxes on by ``dt`` [N] seconds."""
        height = motion.position[:, 3]
        frames = dt[:, None] * REFERENCE_RATE
        location = self._spread(self.location * height, self.aspect)
        velocity = self._spread(self.velocity * height, self.aspect_velocity) * REFERENCE_RATE
        motion.predict(dt[:, None], location**2 * frames, velocity**2 * frames)
        least = np.array([-np.inf, -np.inf, LEAST_ASPECT, LEAST_HEIGHT])
        np.maximum(motion.position, least, out=motion.position)

    def correct(self, motion: Motion, rows: np.ndarray, xyah: Float64Array) -> None:
        """Take the detections ``xyah`` [R, 4] of the given rows in."""
        noise = self._spread(self.location * motion.position[rows, 3], self.aspect_detected) ** 2
        motion.correct_rows(rows, xyah, noise)

    @staticmethod
    def _spread(of_height: Float64Array, of_aspect: float) -> Float64Array:
        """[N, 4] from a value for x, y and height, [N], and one for the aspect."""
        result = np.repeat(of_height[:, None], 4, axis=1)
        result[:, 2] = of_aspect
        return result
