"""Every model layout through the GPU's detector: out of fixed outputs it reads what the CPU reads in them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from camwire.devices.contracts import ModelInput
from camwire.devices.cuda import CudaDevice
from camwire.devices.letterbox import place
from camwire.frames import Size
from camwire.models.contract import Model
from camwire.models.placing import in_pictures
from tests.devices.cuda.heads import limits_of, on_the_cpu
from tests.devices.cuda.test_heads import MODELS, NAMES, SIZE, outputs_for
from tests.gpu.conftest import write_clip
from tests.gpu.test_device import batch_of, decoded

PICTURE = Size(640, 360)


def says(outputs: list[np.ndarray]) -> Any:
    """A network that says this whatever it sees."""
    import torch

    class Says(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for number, output in enumerate(outputs):
                self.register_buffer(f"output{number}", torch.from_numpy(output))

        def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return tuple(buffer[: len(images)] for buffer in self.buffers())

    return Says()


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_what_the_detector_finds_is_what_the_cpu_reads(
    device: CudaDevice, tmp_path: Path, name: str, half: bool
) -> None:
    from camwire.devices.cuda.detect import CudaDetector
    from camwire.runtimes.torch import network_for

    outputs = outputs_for(MODELS[name], 2, 5)
    if half:
        outputs = [output.astype(np.float16).astype(np.float32) for output in outputs]
    specs = MODELS[name].graph.outputs[: len(outputs)]
    model: Model = replace(MODELS[name], graph=replace(MODELS[name].graph, outputs=specs))
    batch = batch_of(decoded(device, write_clip(tmp_path / "a.mp4", "libx264", "yuv420p", *PICTURE, count=2)))
    limits = limits_of(2, len(NAMES), 0.6, 0.45)
    network = network_for(model, says(outputs), full_precision=not half)
    found = CudaDetector(0, network, batch_size=2, lanes=1)(batch, limits.score, limits.iou)

    placement = place(PICTURE, model.graph.input)
    scale = np.tile(np.array(placement.scale_from(PICTURE), np.float32), (2, 1))
    offset = np.tile(np.array((placement.left, placement.top), np.float32), (2, 1))
    fed = ModelInput(np.empty((0, SIZE.height, SIZE.width, 3), np.uint8), scale, offset)
    wanted = in_pictures(on_the_cpu(model, outputs, SIZE, limits), fed, batch)
    assert len(found) == len(wanted) > 20
    np.testing.assert_array_equal(found.frame_index, wanted.frame_index)
    np.testing.assert_allclose(found.scores, wanted.scores, atol=1e-5)
    np.testing.assert_array_equal(found.classes, wanted.classes)
    np.testing.assert_allclose(found.boxes, wanted.boxes, atol=0.02)
    for ours, theirs in ((found.keypoints, wanted.keypoints), (found.corners, wanted.corners)):
        assert (ours is None) == (theirs is None)
        if ours is not None and theirs is not None:
            np.testing.assert_allclose(ours, theirs, atol=0.05)
    assert (found.masks is None) == (wanted.masks is None)
    if found.masks is not None and wanted.masks is not None:
        assert np.abs(found.masks.astype(int) - wanted.masks).max() <= 2
