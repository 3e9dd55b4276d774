"""Looking for targets in the pictures with correlation filters: what NvDCF calls its visual tracker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from camwire.frames import BoolArray, Float64Array, Frame
from camwire.tracking.association import Pairs
from camwire.tracking.columns import Rows
from camwire.tracking.nvtracker import dcf
from camwire.tracking.nvtracker.parameters import VisualTracker
from camwire.tracking.nvtracker.pictures import IN_MEMORY, NoPictureError, PictureReader, Plane

SIZES = (12, 18, 24, 30, 36)
"""Cells a side of a patch, by featureImgSizeLevel - 1."""
DIRECTIONS = 4
"""Channels of edge directions."""

FEATURELESS = 1e-3
"""Mean power of a spectrum below which there is nothing in a patch; with contrast it is 1 and more."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen of N targets in one frame each."""

    centres: Float64Array
    """[2, N] where they are."""
    certainty: Float64Array
    """[N] how surely, 0 to 1; 0 for those that nothing was learned of yet."""
    response: Any
    """[N, S, S] by displacement, in shares of the usual peak; of each cell the highest of its neighbours."""
    blind: BoolArray
    """[N] targets without any feature to know them by, as in fog or the dark: looks say nothing of them."""
    origin: Float64Array
    """[2, N] the centres of the regions looked at."""
    cell: Float64Array
    """[2, N] picture pixels a cell."""

    def similarity(self, pairs: Pairs, boxes: Float64Array) -> Float64Array:
        """[P] how much the picture at the pairs' ``boxes`` [4, M] looks like their targets, 0 to 1; 1 for
        those that nothing is to be said of."""
        size = self.response.shape[1]
        target = pairs.track
        centre = (boxes[:2] + boxes[2:]).take(pairs.detection, axis=1) / 2
        place = np.rint((centre - self.origin.take(target, axis=1)) / self.cell.take(target, axis=1))
        inside = (np.abs(place) < size / 2).all(axis=0)
        x, y = np.where(inside, place, 0).astype(np.intp) % size
        likeness = np.where(inside, _on_host(self.response[target, y, x]), 0.0).clip(0, 1)
        result: Float64Array = np.where(self.blind.take(target), 1.0, likeness)
        return result


class Visual:
    """Looks for targets and learns what they look like.

    The filters' arrays are those of the reader's module.
    """

    def __init__(self, of: VisualTracker, reader: PictureReader = IN_MEMORY) -> None:
        self._xp = xp = reader.arrays
        self._planes = reader.planes
        self._colours = 3 if of.use_color_names else 1
        self._directions = DIRECTIONS if of.use_hog else 0
        self._padding = of.search_region_padding_scale
        self._correlation = dcf.Correlation(
            xp,
            size=SIZES[of.feature_img_size_level - 1],
            channels=self._colours + self._directions,
            sigma=of.gaussian_sigma,
            focus=of.feature_focus_offset_factor_y,
        )
        self.rate = of.filter_lr

    def blank(self, count: int) -> dcf.Filters:
        """Filters of new targets."""
        return self._correlation.blank(count)

    def open(self, frames: tuple[Frame, ...]) -> list[tuple[Plane, ...]]:
        """The pictures of a batch, ready to be looked at. Raises NoPictureError for a frame without one."""
        for frame in frames:
            if frame.picture is None:
                raise NoPictureError(f"{frame.camera}: this tracker looks at pictures, and there is none")
        return [self._planes(frame)[: self._colours] for frame in frames]

    def look(
        self, filters: dcf.Filters, boxes: Float64Array, frame: Rows, pictures: list[tuple[Plane, ...]]
    ) -> Sight:
        """Look for N targets around their expected ``boxes``, [4, N] corners, in the frames ``frame``, [N]
        ascending."""
        xp = self._xp
        centre, cell = self._regions(boxes)
        spectrum = self._correlation.spectrum(self._features(centre, cell, frame, pictures))
        response = self._correlation.response(filters, spectrum)
        top, place = dcf.peaks(xp, response)
        filters.last[:] = top
        usual = xp.where(filters.peak > 0, filters.peak, xp.inf)
        return Sight(
            centres=centre + _on_host(place) * cell,
            certainty=_on_host((top / usual).clip(0, 1)).astype(np.float64),
            blind=_on_host(filters.denominator.mean(axis=(1, 2)) < FEATURELESS),
            response=dcf.near_maximum(xp, response) / usual[:, None, None],
            origin=centre,
            cell=cell,
        )

    def learn(
        self,
        filters: dcf.Filters,
        boxes: Float64Array,
        frame: Rows,
        pictures: list[tuple[Plane, ...]],
        rate: Float64Array,
    ) -> None:
        """Take in how targets look in ``boxes``, by ``rate`` [N]: 0 not at all, 1 forgetting the past."""
        rows = rate.nonzero()[0]
        if not len(rows):
            return
        xp = self._xp
        centre, cell = self._regions(boxes.take(rows, axis=1))
        part = filters.take(rows)
        spectrum = self._correlation.spectrum(self._features(centre, cell, frame.take(rows), pictures))
        self._correlation.learn(part, spectrum, xp.asarray(rate.take(rows), xp.float32))
        filters.put(rows, part)

    def _regions(self, boxes: Float64Array) -> tuple[Float64Array, Float64Array]:
        """The centres, [2, N], and the cells, [2, N] picture pixels, of the regions around boxes."""
        size = boxes[2:] - boxes[:2]
        sides = size + self._padding * np.sqrt(size[0] * size[1])
        return (boxes[:2] + boxes[2:]) / 2, sides / self._correlation.size

    def _features(
        self, centre: Float64Array, cell: Float64Array, frame: Rows, pictures: list[tuple[Plane, ...]]
    ) -> Any:
        """[N, K, S, S]. Python runs once a frame and colour."""
        xp, size = self._xp, self._correlation.size
        features = xp.zeros((len(frame), self._correlation.channels, size, size), xp.float32)
        left_top = centre - cell * (size / 2)
        bounds = frame.searchsorted(np.arange(len(pictures) + 1)).tolist()
        for planes, start, stop in zip(pictures, bounds[:-1], bounds[1:], strict=True):
            if start == stop:
                continue
            for channel, plane in enumerate(planes):
                scale = np.array(plane.scale)[:, None]
                region = xp.asarray(left_top[:, start:stop] * scale)
                cells = xp.asarray(cell[:, start:stop] * scale)
                patch = dcf.standardised(xp, dcf.patches(xp, plane.sums, region, cells, size))
                features[start:stop, channel] = patch
        if self._directions:
            features[:, self._colours :] = dcf.gradients(xp, features[:, 0], self._directions)
        return features


def _on_host(array: Any) -> Any:
    """The array as NumPy's."""
    return array if isinstance(array, np.ndarray) else array.get()
