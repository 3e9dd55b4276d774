"""How boxes move: Kalman filters over a form of the box, with the noise that a tracker's authors chose.

Published constants are per frame; here they become variances that grow with time, as a random walk's do, at
``REFERENCE_RATE``. So dropped frames and uneven rates don't distort the motion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from camwire.frames import Float64Array
from camwire.tracking.boxes import corners_of_xyah, corners_of_xywh, xyah_of, xywh_of
from camwire.tracking.columns import Rows
from camwire.tracking.kalman import Motion

REFERENCE_RATE = 30.0
"""Frames a second of the videos for which the published constants were chosen."""
LEAST = np.array([[-np.inf], [-np.inf], [0.01], [1.0]])
"""What extrapolation can't bring x, y, aspect or width, and height (pixels) below."""


class Estimator(Protocol):
    """Keeps and extrapolates boxes, which are all [4, N] corners. The filter's own form is its secret, but
    for its first two numbers, which are the centre."""

    def start(self, corners: Float64Array) -> Motion:
        """Filters for new boxes, at rest."""

    def predict(self, motion: Motion, dt: Float64Array) -> None:
        """Move all boxes on by ``dt`` [N] seconds."""

    def correct(
        self, motion: Motion, rows: Rows, corners: Float64Array, noise: Float64Array | None = None
    ) -> None:
        """Take the measured ``corners`` [4, R] of the given rows in, ``noise`` [R] times as uncertain (in
        variance) as a detection; None for detections."""

    def corners(self, position: Float64Array) -> Float64Array:
        """[4, N] corners of filters' positions [4, N]."""


class HeightScaled:
    """Boxes as centre, aspect (or width) and height, with noise in proportion to the height.

    DeepSORT's model (Wojke et al., "Simple Online and Realtime Tracking with a Deep Association Metric",
    ICIP 2017, and its published implementation), which ByteTrack uses too, and DeepStream's REGULAR
    estimator. The default weights are those of DeepStream's NvSORT preset; DeepSORT's are 1/20 and 1/160.
    """

    def __init__(self, location: float = 0.0301, velocity: float = 0.0017, use_aspect: bool = True) -> None:
        """The noise of a position after a reference frame, which is that of a detection too, in heights; and
        the noise of a velocity, in heights a reference frame."""
        self._form: Callable[[Float64Array], Float64Array] = xyah_of if use_aspect else xywh_of
        self.corners = corners_of_xyah if use_aspect else corners_of_xywh
        square, velocity_square = location**2, (velocity * REFERENCE_RATE) ** 2
        # An aspect's noise doesn't depend on the height: 0.01 a frame, 0.1 detected, its velocity's 0.00001.
        aspect, velocity_aspect = 1e-2**2, (1e-5 * REFERENCE_RATE) ** 2
        drift, start = (velocity_square, square), (100 * velocity_square, 4 * square)
        self._drift = _Variance(drift, (velocity_aspect, aspect), use_aspect, REFERENCE_RATE)
        self._start = _Variance(start, (velocity_aspect, aspect), use_aspect)
        self._detection = _Variance((square,), (1e-1**2,), use_aspect)

    def start(self, corners: Float64Array) -> Motion:
        """With twice a position's and ten times a velocity's noise."""
        position = self._form(corners)
        velocity_variance, variance = self._start(position[3])
        return Motion.started(position, variance, velocity_variance)

    def predict(self, motion: Motion, dt: Float64Array) -> None:
        noise = self._drift(motion.position[3])
        noise *= dt
        motion.predict(dt, noise)
        np.maximum(motion.position, LEAST, out=motion.position)

    def correct(
        self, motion: Motion, rows: Rows, corners: Float64Array, noise: Float64Array | None = None
    ) -> None:
        variance = self._detection(motion.position[3].take(rows))[0]
        motion.correct(rows, self._form(corners), variance if noise is None else variance * noise)


class _Variance:
    """Variances of x, y, aspect or width, and height of boxes, from their heights; K kinds at once."""

    def __init__(
        self, of_height: Sequence[float], of_aspect: Sequence[float], use_aspect: bool, rate: float = 1.0
    ) -> None:
        """For each kind the variance of what scales with the height, in heights², and the aspect's; ``rate``
        times as much."""
        scaled = 0 if use_aspect else 1
        self._of_height = np.array([[[h], [h], [h * scaled], [h]] for h in of_height]) * rate
        self._constant = np.array([[[0], [0], [a * (1 - scaled)], [0]] for a in of_aspect]) * rate

    def __call__(self, height: Float64Array) -> Float64Array:
        """[K, 4, N] for heights [N]."""
        result: Float64Array = self._of_height * (height * height)
        result += self._constant
        return result


class Simple:
    """Boxes as centre, width and height with fixed noise; the centre has a velocity, sizes where they move.

    DeepStream's SIMPLE estimator, and REGULAR where its noise doesn't go by the height. Variances are in
    pixels squared, per reference frame.
    """

    corners = staticmethod(corners_of_xywh)

    def __init__(
        self, location: float, size: float, velocity: float, detection: float, *, sizes_move: bool = False
    ) -> None:
        moving = np.array([[1.0], [1.0], [float(sizes_move)], [float(sizes_move)]])
        place = np.array([[location], [location], [size], [size]])
        self._drift = np.stack((moving * velocity * REFERENCE_RATE**3, place * REFERENCE_RATE))
        self._detection = np.full((4, 1), detection)
        # A new target may move by as much a frame as a detection may be wrong.
        self._start_velocity = moving * detection * REFERENCE_RATE**2

    def start(self, corners: Float64Array) -> Motion:
        position = xywh_of(corners)
        same = np.ones_like(position)
        return Motion.started(position, self._detection * same, self._start_velocity * same)

    def predict(self, motion: Motion, dt: Float64Array) -> None:
        motion.predict(dt, self._drift * dt)
        np.maximum(motion.position, LEAST, out=motion.position)

    def correct(
        self, motion: Motion, rows: Rows, corners: Float64Array, noise: Float64Array | None = None
    ) -> None:
        variance = self._detection if noise is None else self._detection * noise
        motion.correct(rows, xywh_of(corners), variance)


class LastBox:
    """No estimator: a box stays where it was last detected. Its velocity is measured, but moves nothing."""

    corners = staticmethod(corners_of_xywh)

    def start(self, corners: Float64Array) -> Motion:
        position = xywh_of(corners)
        none = np.zeros_like(position)
        return Motion.started(position, none, none)

    def predict(self, motion: Motion, dt: Float64Array) -> None:
        elapsed = motion.state[4]
        elapsed += dt

    def correct(
        self,
        motion: Motion,
        rows: Rows,
        corners: Float64Array,
        noise: Float64Array | None = None,  # noqa: ARG002
    ) -> None:
        """The velocity is the mean of the one before and of that between the last two measurements."""
        part = motion.state.take(rows, axis=2)
        position, velocity, elapsed = part[0], part[1], part[4]
        measured = xywh_of(corners)
        moved = elapsed > 0
        step = np.divide(measured - position, elapsed, out=velocity.copy(), where=moved)
        velocity += step
        velocity /= 2
        position[:] = measured
        elapsed[:] = 0
        motion.state[:, :, rows] = part
