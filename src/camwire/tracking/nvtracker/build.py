"""A tracker of DeepStream's family from its parameters."""

from __future__ import annotations

from camwire.tracking.motion import Estimator, HeightScaled, LastBox, Simple
from camwire.tracking.nvtracker import parameters
from camwire.tracking.nvtracker.method import NvTracker
from camwire.tracking.nvtracker.pictures import IN_MEMORY, PictureReader
from camwire.tracking.nvtracker.visual import Visual


def nvtracker(of: parameters.NvTrackerParameters, pictures: PictureReader = IN_MEMORY) -> NvTracker:
    """The algorithm that the parameters describe; what looks at pictures gets them from ``pictures``."""
    looks = of.visual_tracker.visual_tracker_type is not parameters.Visual.NONE
    visual = Visual(of.visual_tracker, pictures) if looks else None
    return NvTracker(of, _estimator(of.state_estimator), visual)


def _estimator(of: parameters.StateEstimator) -> Estimator:
    if of.state_estimator_type is parameters.Estimator.NONE:
        return LastBox()
    by_height = of.noise_weight_var_4_loc > 0 and of.noise_weight_var_4_vel >= 0
    if of.state_estimator_type is parameters.Estimator.SIMPLE or not by_height:
        return Simple(
            location=of.process_noise_var_4_loc,
            size=of.process_noise_var_4_size,
            velocity=of.process_noise_var_4_vel,
            detection=of.measurement_noise_var_4_detector,
            sizes_move=of.state_estimator_type is parameters.Estimator.REGULAR,
        )
    return HeightScaled(of.noise_weight_var_4_loc, of.noise_weight_var_4_vel, of.use_aspect_ratio)
