"""The elementwise filter equals the textbook's filter with 8×8 matrices."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from camwire.tracking.kalman import Motion
from camwire.tracking.motion import HeightScaled

VALUES = arrays(np.float64, (3, 4), elements=st.floats(-1000, 1000))
SPREADS = arrays(np.float64, (3, 4), elements=st.floats(0.01, 100))
STEPS = st.lists(st.tuples(st.floats(0, 2), VALUES, SPREADS, SPREADS, SPREADS), min_size=1, max_size=5)


class MatrixFilter:
    """x' = F x, P' = F P Fᵀ + Q; K = P Hᵀ (H P Hᵀ + R)⁻¹; x + K (z - H x); (I - K H) P."""

    def __init__(self, position, position_std, velocity_std):
        self.x = np.concatenate((position, np.zeros(4)))
        self.p = np.diag(np.concatenate((position_std, velocity_std)) ** 2)
        self.h = np.eye(4, 8)

    def predict(self, dt, position_noise, velocity_noise):
        f = np.eye(8) + dt * np.eye(8, k=4)
        self.x = f @ self.x
        self.p = f @ self.p @ f.T + np.diag(np.concatenate((position_noise, velocity_noise)))

    def correct(self, measured, noise):
        gain = self.p @ self.h.T @ np.linalg.inv(self.h @ self.p @ self.h.T + np.diag(noise))
        self.x = self.x + gain @ (measured - self.h @ self.x)
        self.p = (np.eye(8) - gain @ self.h) @ self.p


@given(VALUES, SPREADS, SPREADS, STEPS)
def test_equals_the_matrix_filter(position, position_std, velocity_std, steps):
    motion = Motion.started(position.T, position_std.T**2, velocity_std.T**2)
    filters = [MatrixFilter(*row) for row in zip(position, position_std, velocity_std, strict=True)]
    for dt, measured, position_noise, velocity_noise, noise in steps:
        motion.predict(np.full(3, dt), np.stack((velocity_noise.T, position_noise.T)))
        motion.correct(np.arange(3), measured.T, noise.T)
        for row, expected in enumerate(filters):
            expected.predict(dt, position_noise[row], velocity_noise[row])
            expected.correct(measured[row], noise[row])
    for row, expected in enumerate(filters):
        p = expected.p
        position, velocity, covariance, velocity_variance, variance = motion.state[:, :, row]
        scale = 1e-6 * (1 + np.abs(expected.x).max())
        np.testing.assert_allclose(position, expected.x[:4], rtol=1e-6, atol=scale)
        np.testing.assert_allclose(velocity, expected.x[4:], rtol=1e-6, atol=scale)
        np.testing.assert_allclose(variance, np.diag(p)[:4], rtol=1e-6)
        np.testing.assert_allclose(covariance, np.diag(p[:4, 4:]), rtol=1e-6, atol=1e-6 * np.diag(p).max())
        np.testing.assert_allclose(velocity_variance, np.diag(p)[4:], rtol=1e-6)


def test_rows_that_are_not_corrected_stay():
    motion = Motion.started(np.zeros((4, 3)), np.ones((4, 3)), np.ones((4, 3)))
    motion.correct(np.array([1]), np.full((4, 1), 8.0), np.ones((4, 1)))
    assert motion.position[0].tolist() == [0.0, 4.0, 0.0]


def test_a_velocity_is_found_whatever_the_frame_rate():
    estimator = HeightScaled()
    for times in (
        np.arange(0, 4, 1 / 30),
        np.arange(0, 4, 1 / 5),
        np.sort(np.random.default_rng(1).uniform(0, 4, 60)),
    ):
        motion = estimator.start(np.array([[-25.0], [-50.0], [25.0], [50.0]]))
        for before, now in pairwise(times):
            estimator.predict(motion, np.array([now - before]))
            moved = 60.0 * (now - times[0])
            seen = np.array([[moved - 25], [-50.0], [moved + 25], [50.0]])
            estimator.correct(motion, np.array([0]), seen)
        np.testing.assert_allclose(motion.velocity[:2, 0], (60, 0), atol=3)


def test_a_shrinking_box_keeps_a_size():
    estimator = HeightScaled()
    motion = estimator.start(np.array([[0.0], [0.0], [5.0], [10.0]]))
    motion.velocity[:, 0] = (0, 0, -5, -100)
    estimator.predict(motion, np.array([1.0]))
    assert (motion.position[2:] > 0).all()
