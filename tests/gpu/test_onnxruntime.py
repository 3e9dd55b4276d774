"""ONNX Runtime on a GPU; what needs no GPU is in tests/runtimes/test_onnxruntime_network.py."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from camwire.devices.cuda import CudaDevice
from camwire.devices.cuda.detect import CudaDetector
from camwire.frames import Size
from camwire.models import Overrides, load_model
from camwire.runtimes import onnxruntime_providers
from camwire.runtimes.network import for_common_pictures
from camwire.runtimes.networks import choose_network
from tests.gpu.conftest import write_clip
from tests.gpu.test_device import batch_of, decoded
from tests.models.files import save_dynamic, save_model
from tests.models.layouts import LAYOUTS, SIZE, random_outputs

torch = pytest.importorskip("torch")
pytest.importorskip("openvino", reason="OpenVINO reads what an ONNX file says of itself")


@pytest.fixture
def onnxruntime_gpu(device: CudaDevice) -> CudaDevice:
    if (obstacle := onnxruntime_providers.obstacle()) is not None:
        pytest.skip(f"runtime onnxruntime is {obstacle}")
    return device


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("dynamic", [False, True])
def test_tensors_of_pytorch_go_in_and_come_out(dynamic: bool, half: bool, tmp_path: Path) -> None:
    """On the CPU, where no provider for GPUs is needed; all else is what a GPU's network does."""
    from camwire.runtimes.onnxruntime_network import BoundForward, BoundSession, open_session

    said = random_outputs(LAYOUTS[0], 1, 3)
    file = save_model(tmp_path / "some.onnx", LAYOUTS[0], said, dynamic=dynamic, half=half)
    graph = load_model(str(file)).graph
    session = open_session(file, [("CPUExecutionProvider", {})])
    forward = BoundForward(BoundSession(session, [graph.outputs[0].name], "cpu"), graph)
    for count in (4, 1):
        images = torch.zeros((count, 3, SIZE.height, SIZE.width), dtype=torch.float16)
        (output,) = forward(images.contiguous(memory_format=torch.channels_last))
        assert output.dtype is (torch.float16 if half else torch.float32)
        np.testing.assert_allclose(output.numpy(), np.repeat(said[0], count, 0), rtol=1e-3, atol=1e-3)


def test_an_onnx_file_is_seen_by_the_gpu_as_by_the_cpu(onnxruntime_gpu: CudaDevice, tmp_path: Path) -> None:
    """Every output of a network of real convolutions, batch by batch, in both precisions."""
    from camwire.runtimes.onnxruntime_network import BoundForward, BoundSession, open_session

    file = str(save_dynamic(tmp_path / "open.onnx", imgsz="[640, 640]"))
    graph = for_common_pictures(load_model(file).graph)
    session = open_session(graph.file, [("CPUExecutionProvider", {})])
    on_cpu = BoundForward(BoundSession(session, ["output0"], "cpu"), graph)
    for full in (True, False):
        choice = choose_network(file, "onnxruntime", Overrides(), 8, full_precision=full)
        assert choice.reason == "asked for"
        assert not choice.network.capturable
        stream = torch.cuda.Stream()
        with torch.cuda.stream(stream), torch.inference_mode():
            forward = choice.network.instance()
            for count in (8, 1, 3):
                images = torch.rand((count, 3, 384, 640), device="cuda").half()
                (found,) = forward(images.contiguous(memory_format=torch.channels_last))
                stream.synchronize()
                (wanted,) = on_cpu(images.cpu())
                assert found.is_cuda
                near = 2e-3 if full else 1e-2
                np.testing.assert_allclose(found.float().cpu(), wanted, atol=near, rtol=near)


def test_boxes_of_an_onnx_file_come_back_from_pictures(onnxruntime_gpu: CudaDevice, tmp_path: Path) -> None:
    """The file says the same boxes whatever it sees; each lane has a session and a stream of its own."""
    said = random_outputs(LAYOUTS[0], 1, 3)
    file = str(save_model(tmp_path / "some.onnx", LAYOUTS[0], said, dynamic=True))
    network = choose_network(file, "onnxruntime", Overrides(), 8).network
    detector = CudaDetector(0, network, batch_size=8, lanes=2)
    assert detector.describe().startswith("some 96×64, ONNX Runtime ")
    clip = write_clip(tmp_path / "clip.mp4", "libx264", "yuv420p", 960, 640, count=5)
    pictures: list[av.VideoFrame] = decoded(onnxruntime_gpu, clip)
    sure = said[0][0, 4:].max(axis=0) > 0.5
    for count in (1, 5):
        limits = np.full((count, 80), 0.5, np.float32), np.ones((count, 80), np.float32)
        found = detector(batch_of(pictures[:count]), *limits)
        assert 0 < len(found) <= count * sure.sum()
        best = said[0][0, 4:].max()
        for index in range(count):
            assert found.scores[found.rows_of(index)][0] == pytest.approx(best, abs=2e-3)


def test_the_choice_is_told(onnxruntime_gpu: CudaDevice, tmp_path: Path) -> None:
    file = str(save_model(tmp_path / "some.onnx", LAYOUTS[0], dynamic=True))
    choice = choose_network(file, "auto", Overrides(size=Size(96, 64)), 2)
    assert choice.reason.startswith("auto: ")
