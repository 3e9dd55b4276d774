"""The kernels on the GPU make what the same source makes on the CPU, up to rounding."""

import numpy as np
import pytest

from camwire.frames import Size
from tests.devices.cuda.drawing import draw
from tests.devices.cuda.reference import random_nv12
from tests.devices.cuda.runners import GpuRunner, HostRunner
from tests.devices.cuda.test_draw_kernel import ALL, crowd


@pytest.mark.gpu
@pytest.mark.parametrize("wide", [False, True])
def test_drawn_pictures_agree(gpu: None, host_runner: HostRunner, wide: bool) -> None:
    rng = np.random.default_rng(12)
    sources = [random_nv12(rng, size, wide) for size in (Size(960, 540), Size(101, 77), Size(1, 9))]
    sizes = [Size(640, 360), Size(100, 76), Size(320, 240)]
    tracks = crowd(sizes[2], 120, 3, frame_index=[0] * 40 + [1] * 30 + [2] * 50)
    ours, theirs = (draw(runner, sources, sizes, tracks, ALL) for runner in (GpuRunner(), host_runner))
    for made, wanted in zip(ours, theirs, strict=True):
        for plane, other in zip(made.planes, wanted.planes, strict=True):
            difference = np.abs(plane.astype(int) - other)
            # A pixel whose centre lies on the edge of a trace may fall to either side.
            assert (difference > 1).mean() < 0.001
