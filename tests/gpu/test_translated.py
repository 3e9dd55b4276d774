"""ONNX files by PyTorch on a GPU; what needs no GPU is in tests/runtimes/translated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from camwire.devices.cpu import CpuDevice
from camwire.devices.cuda import CudaDevice
from camwire.frames import Size
from camwire.models import Overrides, load_model
from camwire.pipeline.detector import Detector
from camwire.runtimes.network import for_common_pictures
from camwire.runtimes.networks import choose_network
from tests.devices.cuda.test_bundled_model import with_the_bundled_model
from tests.gpu.conftest import write_clip
from tests.gpu.test_device import batch_of, decoded
from tests.models.files import save_model
from tests.models.layouts import LAYOUTS, random_outputs
from tests.models.small_yolo import save_small_yolo
from tests.support.frames import batch, frame
from tests.support.street import cyclist_in

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's compiler has many about itself


@pytest.mark.parametrize(
    ("full", "runtime", "near"), [(True, "PyTorch FP32", 2e-3), (False, "PyTorch FP16, compiled", 2e-2)]
)
def test_an_onnx_file_is_seen_by_the_gpu_as_by_openvino(
    device: CudaDevice, tmp_path: Path, full: bool, runtime: str, near: float
) -> None:
    """Small batches, which are fused, and one that is compiled, too."""
    from camwire.runtimes.translated import checking

    file = str(save_small_yolo(tmp_path / "small.onnx"))
    choice = choose_network(file, "torch", Overrides(), 32, full_precision=full)
    assert (choice.reason, choice.network.runtime) == ("asked for", runtime)
    assert choice.network.capturable
    graph = for_common_pictures(load_model(file).graph)
    images = checking.pictures(graph).repeat(8, 1, 1, 1) * torch.linspace(0.5, 1, 16)[:, None, None, None]
    (wanted,) = checking.said_by_openvino(graph, images)
    forward = choice.network.instance()
    for count in (16, 3, 1):
        fed = images[:count].cuda().half().contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            (found,) = forward(fed)
        apart = (found.float().cpu() - wanted[:count]).abs() / (wanted[:count].abs() + 1)
        assert float(apart.mean()) < near


def test_the_bundled_model_runs_there(device: CudaDevice) -> None:
    """Made for one picture at a time, and takes any number."""
    network = choose_network("nanodet", "torch", Overrides(), 8).network
    with torch.inference_mode():
        outputs = network.instance()(torch.rand((5, 3, 416, 416), device="cuda").half())
    assert {len(output) for output in outputs} == {5}


def test_the_bundled_model_finds_there_what_it_finds_on_a_cpu(device: CudaDevice, street: Path) -> None:
    from camwire.pipeline.gpu_detector import GpuDetector

    picture = cyclist_in(street)
    settings = with_the_bundled_model("auto")
    found = GpuDetector.load(settings, device)(batch_of([cyclist_in(street, device.hwaccel())]))
    here = batch(frame(size=Size(picture.width, picture.height), picture=picture))
    wanted = Detector.load(settings, CpuDevice())(here)
    assert found.classes.tolist() == wanted.classes.tolist() == [0, 0]
    np.testing.assert_allclose(found.scores, wanted.scores, atol=0.03)
    np.testing.assert_allclose(found.boxes, wanted.boxes, atol=3)


def test_boxes_of_an_onnx_file_come_back_from_pictures(device: CudaDevice, tmp_path: Path) -> None:
    """The file says the same boxes whatever it sees; all is part of a graph."""
    from camwire.devices.cuda.detect import CudaDetector

    said = random_outputs(LAYOUTS[0], 1, 3)
    file = str(save_model(tmp_path / "some.onnx", LAYOUTS[0], said))
    network = choose_network(file, "torch", Overrides(), 8).network
    detector = CudaDetector(0, network, batch_size=8, lanes=2)
    assert detector.describe() == "some 96×64, PyTorch FP32"  # there is nothing to halve
    clip = write_clip(tmp_path / "clip.mp4", "libx264", "yuv420p", 960, 640, count=5)
    pictures = decoded(device, clip)
    best = said[0][0, 4:].max()
    for count in (1, 5):
        limits = np.full((count, 80), 0.5, np.float32), np.ones((count, 80), np.float32)
        found = detector(batch_of(pictures[:count]), *limits)
        for index in range(count):
            assert found.scores[found.rows_of(index)][0] == pytest.approx(best, abs=2e-3)


def test_an_onnx_file_runs_with_what_camwire_brings(device: CudaDevice, tmp_path: Path) -> None:
    file = str(save_model(tmp_path / "some.onnx", LAYOUTS[0], dynamic=True))
    choice = choose_network(file, "auto", Overrides(size=Size(96, 64)), 2)
    assert choice.reason.startswith("auto: ")
