"""Opening devices by name."""

import os
from pathlib import Path

import pytest

from camwire.devices import DeviceError, open_device


@pytest.mark.parametrize("name", ["cpu", "auto"])
def test_the_cpu_takes_one_frame_at_a_time_on_every_core(name):
    device = open_device(name)
    assert (device.name, device.batch_size, device.hwaccel()) == ("cpu", 1, None)
    assert device.lanes == len(os.sched_getaffinity(0)) + 2


def test_what_is_not_there_is_said_plainly():
    for name in ("gpu", "cuda", "cuda:", "cuda:x"):
        with pytest.raises(DeviceError, match=f"unknown device '{name}'; known: auto, cpu, cuda:0"):
            open_device(name)


@pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="there is an NVIDIA GPU")
def test_a_gpu_that_is_not_there_is_said_plainly():
    with pytest.raises(DeviceError, match="NVIDIA's driver"):
        open_device("cuda:0")
