"""A tracker of DeepStream's family from its parameters."""

from __future__ import annotations

from camwire.tracking.motion import Estimator, HeightScaled, LastBox, Simple
from camwire.tracking.nvtracker import parameters
from camwire.tracking.nvtracker.method import NvTracker
from camwire.tracking.nvtracker.visual import Visual


def nvtracker(of: parameters.NvTrackerParameters) -> NvTracker:
    """The algorithm that the parameters describe."""
    looks = of.visual_tracker.visual_tracker_type is not parameters.Visual.NONE
    return NvTracker(of, _estimator(of.state_estimator), Visual(of.visual_tracker) if looks else None)


def _estimator(of: parameters.StateEstimator) -> Estimator:
    if of.state_estimator_type is parameters.Estimator.NONE:
        return LastBox()
    if of.state_estimator_type is parameters.Estimator.SIMPLE:
        return Simple(
            location=of.process_noise_var_4_loc,
            size=of.process_noise_var_4_size,
            velocity=of.process_noise_var_4_vel,
            detection=of.measurement_noise_var_4_detector,
        )
    return HeightScaled(of.noise_weight_var_4_loc, of.noise_weight_var_4_vel, of.use_aspect_ratio)
