"""Correlation filters find what they learned, for many targets at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.tracking.nvtracker import dcf

SIZE = 18


def noise(count, seed=0, shape=(SIZE, SIZE)):
    return np.random.default_rng(seed).normal(size=(count, *shape)).astype(np.float32)


def looks(count, channels=5):
    """[count, channels, SIZE, SIZE] features of targets that have nothing in common."""
    return np.stack([noise(count, seed) for seed in range(channels)], axis=1)


def learned(features):
    correlation = dcf.Correlation(np, SIZE, features.shape[1], sigma=1.0, focus=0.0)
    filters = correlation.blank(len(features))
    correlation.learn(filters, correlation.spectrum(features), np.ones(len(features), np.float32))
    return correlation, filters


@given(st.integers(-3, 3), st.integers(-3, 3))
def test_the_peak_is_where_the_target_went(x, y):
    patches = looks(3)
    correlation, filters = learned(patches)
    moved = np.roll(patches, (y, x), axis=(2, 3))
    top, place = dcf.peaks(np, correlation.response(filters, correlation.spectrum(moved)))
    np.testing.assert_allclose(place, np.array([[x] * 3, [y] * 3]), atol=0.3)
    assert (top > 0.2).all()


def test_a_target_looks_like_itself_and_not_like_another():
    patches = looks(4)
    correlation, filters = learned(patches)
    own, _ = dcf.peaks(np, correlation.response(filters, correlation.spectrum(patches)))
    other, _ = dcf.peaks(np, correlation.response(filters, correlation.spectrum(np.roll(patches, 1, axis=0))))
    assert own.min() > 0.9
    assert other.max() < 0.5 * own.min()


def test_targets_do_not_mix():
    """Each target's result is the same alone as among others."""
    patches = looks(5, channels=2)
    correlation, filters = learned(patches)
    together = correlation.response(filters, correlation.spectrum(patches))
    for target in range(5):
        rows = np.array([target])
        alone = correlation.response(filters.take(rows), correlation.spectrum(patches[rows]))
        np.testing.assert_array_equal(alone[0], together[target])


def test_learning_moves_towards_the_new_look_by_the_rate():
    first, second = noise(1)[:, None], noise(1, seed=1)[:, None]
    correlation, filters = learned(first)
    spectra = [correlation.spectrum(look) for look in (first, second)]
    before = filters.denominator.copy()
    correlation.learn(filters, spectra[1], np.array([0.25], np.float32))
    fresh = np.abs(spectra[1]).sum(axis=1) ** 2
    np.testing.assert_allclose(filters.denominator, 0.75 * before + 0.25 * fresh, rtol=1e-3, atol=1e-3)


@given(st.floats(-30, 60), st.floats(-30, 60), st.floats(0.3, 5), st.floats(0.3, 5), st.integers(0, 2**31))
def test_patches_are_means_over_cells(left, top, wide, high, seed):
    plane = np.random.default_rng(seed).integers(0, 256, (40, 50)).astype(np.uint8)
    sums = np.pad(plane.astype(np.int32).cumsum(0).cumsum(1), ((1, 0), (1, 0))).astype(np.int32)
    got = dcf.patches(np, sums, np.array([[left], [top]]), np.array([[wide], [high]]), 6)[0]
    x = np.rint(left + wide * np.arange(7))
    y = np.rint(top + high * np.arange(7))
    for row in range(6):
        for column in range(6):
            x1 = int(np.clip(x[column], 0, 49))
            y1 = int(np.clip(y[row], 0, 39))
            x2 = max(int(np.clip(x[column + 1], 1, 50)), x1 + 1)
            y2 = max(int(np.clip(y[row + 1], 1, 40)), y1 + 1)
            assert got[row, column] == pytest.approx(plane[y1:y2, x1:x2].mean(), rel=1e-5)


def test_the_peak_lies_between_cells():
    x, y = np.meshgrid(np.arange(SIZE), np.arange(SIZE))
    bump = np.exp(-((x - 3.3) ** 2 + (y - 15.8) ** 2) / 4)[None]
    top, place = dcf.peaks(np, bump)
    np.testing.assert_allclose(place[:, 0], (3.3, 15.8 - SIZE), atol=0.05)
    assert top[0] == bump.max()


def test_a_uniform_patch_is_not_stretched_into_noise():
    patch = 100 + 0.1 * noise(1)
    assert np.abs(dcf.standardised(np, patch)).max() < 0.1


def test_edges_are_strong_across_their_direction():
    ramp = np.tile(np.arange(SIZE, dtype=np.float32), (SIZE, 1))[None]
    channels = dcf.gradients(np, ramp, 4)[0, :, SIZE // 2, SIZE // 2]
    np.testing.assert_allclose(channels, (2, np.sqrt(2), 0, np.sqrt(2)), atol=1e-5)


def test_near_maximum_looks_at_all_neighbours():
    response = np.zeros((1, SIZE, SIZE), np.float32)
    response[0, 0, 0] = 1
    near = dcf.near_maximum(np, response)[0]
    assert {(int(a), int(b)) for a, b in zip(*near.nonzero(), strict=True)} == {
        (a, b) for a in (SIZE - 1, 0, 1) for b in (SIZE - 1, 0, 1)
    }
