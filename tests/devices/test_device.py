"""Opening devices by name."""

import os

import pytest

from camwire.devices import DeviceError, open_device


@pytest.mark.parametrize("name", ["cpu", "auto"])
def test_the_cpu_takes_one_frame_at_a_time_on_every_core(name):
    device = open_device(name)
    assert (device.name, device.batch_size, device.hwaccel()) == ("cpu", 1, None)
    assert device.lanes == len(os.sched_getaffinity(0)) + 2


def test_what_is_not_there_is_said_plainly():
    with pytest.raises(
        DeviceError, match="'cuda:0': this version of camwire runs on the CPU only; use `cpu`"
    ):
        open_device("cuda:0")
    with pytest.raises(DeviceError, match="unknown device 'gpu'; known: auto, cpu"):
        open_device("gpu")
