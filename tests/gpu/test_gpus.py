"""What NVML says of a real GPU."""

import pytest

from camwire.devices.cuda import CudaDevice
from camwire.monitoring.gpus import GpuMeter


def test_a_gpu_tells_its_name_its_load_and_its_memory(device: CudaDevice) -> None:
    pytest.importorskip("pynvml", reason="pip install nvidia-ml-py")
    first = GpuMeter().read()[0]
    assert "NVIDIA" in first.name
    assert first.memory_used is not None
    assert first.memory_total is not None
    assert 0 < first.memory_used < first.memory_total
    for share in (first.utilisation, first.decoder):
        assert share is None or 0 <= share <= 100
