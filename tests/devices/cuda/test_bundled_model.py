"""The bundled model, from a decoded picture to boxes: the GPU's kernels find what a CPU finds.

Here OpenVINO is the network between the kernels; PyTorch's is held against it when it is loaded, and in
tests/gpu/test_translated.py the whole is, on a GPU.
"""

from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import openvino

from camwire.devices.contracts import ModelInput
from camwire.devices.cpu import CpuDevice
from camwire.devices.cuda.preprocess import grid_of, pack, target_of
from camwire.devices.cuda.surfaces import SURFACE
from camwire.frames import Batch, Size
from camwire.link.desired import DesiredModel
from camwire.models import load_model
from camwire.models.contract import Graph
from camwire.models.placing import in_pictures
from camwire.pipeline.detector import Detector
from camwire.runtimes.network import Network, for_common_pictures, network_of
from camwire.runtimes.openvino import port_of
from tests.devices.cuda.heads import limits_of, on_the_device
from tests.devices.cuda.reference import Nv12, put
from tests.support.frames import batch, frame

LEAST, OVERLAP = 0.43, 0.6


def cyclist(street: Path, hwaccel: Any = None) -> av.VideoFrame:
    """One is near, others are far away."""
    with av.open(street, hwaccel=hwaccel) as container:
        return next(islice(container.decode(video=0), 120, None))


def as_nv12(picture: av.VideoFrame) -> Nv12:
    planes = picture.reformat(format="nv12").to_ndarray()
    luma, chroma = planes[: picture.height], planes[picture.height :]
    return Nv12(luma, chroma.reshape(len(chroma), -1, 2))


def fed_by_the_kernel(runner, pictures: Batch, nv12: Nv12, network: Network) -> tuple[np.ndarray, ModelInput]:
    """[1, 3, H, W] as the network wants it."""
    surface, _alive = put(runner, nv12)
    table = np.zeros(SURFACE.itemsize, np.uint8).view(SURFACE)
    scale, offset = pack(table, pictures, [surface], network.input)
    width, height = network.input.size
    made = runner.put(np.full((1, 3, height, width), np.nan, np.float32))
    steps = (3 * width * height, width * height, width, 1)
    target = runner.put(target_of(network.input, steps, network.gain, network.bias))
    runner.run("preprocess", "preprocess_float", grid_of(network.input, 1), runner.put(table), made, target)
    return made.fetch(), ModelInput(np.empty((0, height, width, 3), np.uint8), scale, offset)


def said(graph: Graph, images: np.ndarray) -> list[np.ndarray]:
    compiled = openvino.Core().compile_model(graph.file, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    outputs = compiled(images)
    return [outputs[port_of(compiled, output.name)] for output in graph.outputs]


def with_the_bundled_model(runtime: str) -> DesiredModel:
    return DesiredModel(
        file="nanodet", runtime=runtime, score_threshold=LEAST, iou_threshold=OVERLAP, classes=None
    )


def test_the_bundled_model_finds_on_a_gpu_what_it_finds_on_a_cpu(runner, street: Path) -> None:
    picture = cyclist(street)
    pictures = batch(frame(size=Size(picture.width, picture.height), picture=picture))
    model = load_model("nanodet")
    graph = for_common_pictures(model.graph)
    network = network_of(model, graph, "some", lambda: lambda images: (images,), half=False)
    images, fed = fed_by_the_kernel(runner, pictures, as_nv12(picture), network)
    limits = limits_of(1, len(model.classes), LEAST, OVERLAP)
    found = in_pictures(
        on_the_device(runner, model, said(graph, images), graph.input.size, limits), fed, pictures
    )

    wanted = Detector.load(with_the_bundled_model("openvino"), CpuDevice())(pictures)
    assert found.classes.tolist() == wanted.classes.tolist() == [0, 0], "a man and his companion"
    np.testing.assert_allclose(found.scores, wanted.scores, atol=0.02)
    np.testing.assert_allclose(found.boxes, wanted.boxes, atol=2)
