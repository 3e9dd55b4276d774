"""Discriminative correlation filters, for many targets at once.

A filter is learned such that its correlation with the picture around a target is a narrow Gaussian at the
target's centre; in a later picture the correlation's peak shows where the target went, and its height how
surely. In the Fourier domain learning and looking are products (Bolme et al., "Visual Object Tracking using
Adaptive Correlation Filters", CVPR 2010; several channels with one denominator: Danelljan et al.,
"Discriminative Scale Space Tracking", PAMI 2017, equations 4 to 6).

Nothing here loops over targets. The arrays are NumPy's or CuPy's, whichever module is given as ``xp``.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any, Self

import numpy as np

from camwire.tracking.columns import Rows

REGULARISATION = 1e-2
"""Added to the denominator, as a share of its mean: frequencies that a target lacks tell nothing."""
PEAK_LR = 0.1
"""How fast the mean height of a target's peaks follows."""
FIRST_PEAK = 0.6
"""The height of the peak that a filter learned from one look usually gives in the next picture; in the very
picture that it learned from, it is 1."""
LEAST_SPREAD = 8.0
"""Grey levels; a patch with less contrast isn't stretched further, as that would enlarge noise."""


@dataclass(slots=True)
class Filters:
    """N filters of K channels over S × S cells; the real Fourier transform has R = S // 2 + 1 columns."""

    numerator: Any
    """[N, K, S, R] complex64."""
    denominator: Any
    """[N, S, R] float32."""
    peak: Any
    """[N] float32 mean height of recent peaks, learned with the rest; 0 before that."""
    last: Any
    """[N] float32 height of the peak of the last look."""

    @staticmethod
    def none(count: int) -> Filters:
        """Filters without channels, where nothing looks at pictures."""
        return Filters(np.zeros((count, 0)), np.zeros((count, 0)), np.zeros(count), np.zeros(count))

    def __len__(self) -> int:
        return len(self.peak)

    def take(self, rows: Rows) -> Self:
        return type(self)(*(column[rows] for column in self._columns()))

    def followed_by(self, other: Self) -> Self:
        # NumPy hands CuPy's arrays to CuPy's function of the same name.
        columns = zip(self._columns(), other._columns(), strict=True)
        return type(self)(*(np.concatenate(pair) for pair in columns))

    def put(self, rows: Rows, part: Filters) -> None:
        """Replace the given rows."""
        for column, values in zip(self._columns(), part._columns(), strict=True):
            column[rows] = values

    def _columns(self) -> tuple[Any, Any, Any, Any]:
        return self.numerator, self.denominator, self.peak, self.last


class Correlation:
    """Learns filters and looks with them."""

    def __init__(self, xp: ModuleType, size: int, channels: int, sigma: float, focus: float) -> None:
        """For patches of ``size`` × ``size`` cells; the peak's Gaussian has ``sigma`` cells; the window's
        centre lies ``focus`` × size cells below the patch's (above, where negative)."""
        self._xp = xp
        self.size = size
        self.channels = channels
        cells = xp.arange(size, dtype=xp.float32)
        nearest = xp.minimum(cells, size - cells)
        peak = xp.exp(-(nearest**2) / (2 * sigma**2))
        self._desired = xp.fft.rfft2(peak[:, None] * peak[None, :]).astype(xp.complex64)
        self._window = (_hann(xp, size, focus)[:, None] * _hann(xp, size, 0.0)[None, :]).astype(xp.float32)

    def blank(self, count: int) -> Filters:
        """Filters that have learned nothing."""
        xp, size = self._xp, self.size
        return Filters(
            xp.zeros((count, self.channels, size, size // 2 + 1), xp.complex64),
            xp.zeros((count, size, size // 2 + 1), xp.float32),
            xp.zeros(count, xp.float32),
            xp.zeros(count, xp.float32),
        )

    def spectrum(self, features: Any) -> Any:
        """[N, K, S, R] of features [N, K, S, S]."""
        return self._xp.fft.rfft2(features * self._window)

    def response(self, filters: Filters, spectrum: Any) -> Any:
        """[N, S, S] how well the target fits at each displacement, which counts from the corner and wraps."""
        xp = self._xp
        level = REGULARISATION * filters.denominator.mean(axis=(1, 2), keepdims=True) + 1e-12
        product = (filters.numerator.conj() * spectrum).sum(axis=1) / (filters.denominator + level)
        return xp.fft.irfft2(product, s=(self.size, self.size))

    def learn(self, filters: Filters, spectrum: Any, rate: Any) -> None:
        """Move the filters towards what they would be for ``spectrum`` alone, by ``rate`` [N], 0 to 1."""
        rate = rate[:, None, None]
        power = (spectrum.real**2 + spectrum.imag**2).sum(axis=1)
        filters.denominator += rate * (power - filters.denominator)
        learned = spectrum * self._desired.conj()
        filters.numerator += rate[:, None] * (learned - filters.numerator)
        filters.peak += PEAK_LR * (filters.last - filters.peak)
        fresh = rate.ravel() == 1
        filters.peak[fresh] = FIRST_PEAK


def peaks(xp: ModuleType, response: Any) -> tuple[Any, Any]:
    """The height [N] of each response's [N, S, S] highest point and its displacement x, y [2, N] in cells.

    Between cells the peak is that of the parabolas through it and its neighbours.
    """
    count, size, _ = response.shape
    every = xp.arange(count)
    flat = response.reshape(count, -1).argmax(axis=1)
    y, x = flat // size, flat % size
    top = response[every, y, x]
    shift_x = _parabola(xp, response[every, y, x - 1], top, response[every, y, (x + 1) % size])
    shift_y = _parabola(xp, response[every, y - 1, x], top, response[every, (y + 1) % size, x])
    place = xp.stack((_signed(xp, x, size) + shift_x, _signed(xp, y, size) + shift_y))
    return top, place


def near_maximum(xp: ModuleType, response: Any) -> Any:
    """[N, S, S] for each cell the highest of it and its eight neighbours."""
    rows = xp.maximum(response, xp.maximum(xp.roll(response, 1, 1), xp.roll(response, -1, 1)))
    return xp.maximum(rows, xp.maximum(xp.roll(rows, 1, 2), xp.roll(rows, -1, 2)))


def patches(xp: ModuleType, sums: Any, left_top: Any, cell: Any, size: int) -> Any:
    """[N, S, S] float32 means of a plane over cells of regions.

    ``sums`` [H + 1, W + 1] int32 is the plane's integral; regions begin at ``left_top`` [2, N] and have
    ``size`` × ``size`` cells of ``cell`` [2, N], in the plane's pixels. Cells beyond the border take the
    border's values.
    """
    height, width = sums.shape[0] - 1, sums.shape[1] - 1
    x_low, x_high = _edges(xp, left_top[0], cell[0], size, width)
    y_low, y_high = _edges(xp, left_top[1], cell[1], size, height)
    flat, stride = sums.ravel(), width + 1
    top, bottom = y_low[:, :, None] * stride, y_high[:, :, None] * stride
    left, right = x_low[:, None, :], x_high[:, None, :]
    total = (
        flat.take(bottom + right) - flat.take(top + right) - flat.take(bottom + left) + flat.take(top + left)
    )
    area = (y_high - y_low)[:, :, None] * (x_high - x_low)[:, None, :]
    return total.astype(xp.float32) / area.astype(xp.float32)


def _edges(xp: ModuleType, begin: Any, cell: Any, size: int, limit: int) -> tuple[Any, Any]:
    """[N, S] first and last-but-one whole pixel of each cell along an axis, never empty, inside the plane."""
    edges = xp.rint(begin[:, None] + cell[:, None] * xp.arange(size + 1))
    low = xp.clip(edges[:, :-1], 0, limit - 1).astype(xp.int32)
    high = xp.clip(edges[:, 1:], 1, limit).astype(xp.int32)
    return low, xp.maximum(high, low + 1)


def standardised(xp: ModuleType, patch: Any) -> Any:
    """Patches [N, S, S] with mean 0 and, unless nearly uniform, variance 1."""
    centred = patch - patch.mean(axis=(1, 2), keepdims=True)
    spread = xp.sqrt((centred**2).mean(axis=(1, 2), keepdims=True))
    return centred / xp.maximum(spread, LEAST_SPREAD)


def gradients(xp: ModuleType, patch: Any, bins: int) -> Any:
    """[N, bins, S, S] how strong edges in each of ``bins`` directions, of half a turn, are in [N, S, S]."""
    padded = xp.pad(patch, ((0, 0), (1, 1), (1, 1)), mode="edge")
    dx = padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]
    dy = padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]
    angles = xp.arange(bins, dtype=xp.float32) * (xp.pi / bins)
    along = dx[:, None] * xp.cos(angles)[:, None, None] + dy[:, None] * xp.sin(angles)[:, None, None]
    return xp.abs(along)


def _parabola(xp: ModuleType, before: Any, top: Any, after: Any) -> Any:
    """Where between -1/2 and 1/2 the vertex of the parabola through three points is."""
    curve = before - 2 * top + after
    return xp.where(curve < 0, 0.5 * (before - after) / xp.where(curve < 0, curve, -1), 0).clip(-0.5, 0.5)


def _signed(xp: ModuleType, index: Any, size: int) -> Any:
    """Displacements count from 0 up to half the size, then from minus half."""
    return xp.where(index > size // 2, index - size, index).astype(xp.float32)


def _hann(xp: ModuleType, size: int, focus: float) -> Any:
    """[size] Hann's window, its centre shifted by ``focus`` × size cells; 0 where it ends."""
    from_centre = (xp.arange(size) + 0.5) / size - 0.5 - focus
    return xp.where(xp.abs(from_centre) < 0.5, xp.cos(xp.pi * from_centre) ** 2, 0)
