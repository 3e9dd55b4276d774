"""The bundled model, from a decoded picture to boxes: the GPU's kernels find what a CPU finds.

Here OpenVINO is the network between the kernels; PyTorch's is held against it when it is loaded, and in
tests/gpu/test_translated.py the whole is, on a GPU.
"""

from pathlib import Path

import av
import numpy as np
import openvino

from camwire.devices.contracts import ModelInput
from camwire.devices.cpu import CpuDevice
from camwire.frames import Size
from camwire.link.desired import DesiredModel
from camwire.models import load_model
from camwire.models.contract import Graph
from camwire.models.placing import in_pictures
from camwire.pipeline.detector import Detector
from camwire.runtimes.network import for_common_pictures, network_of
from camwire.runtimes.openvino import port_of
from tests.devices.cuda.heads import limits_of, on_the_device
from tests.devices.cuda.reference import Nv12
from tests.devices.cuda.test_preprocess_kernel import run as preprocessed
from tests.support.frames import batch, frame
from tests.support.street import cyclist_in

LEAST, OVERLAP = 0.43, 0.6


def as_nv12(picture: av.VideoFrame) -> Nv12:
    planes = picture.reformat(format="nv12").to_ndarray()
    luma, chroma = planes[: picture.height], planes[picture.height :]
    return Nv12(luma, chroma.reshape(len(chroma), -1, 2))


def said(graph: Graph, images: np.ndarray) -> list[np.ndarray]:
    compiled = openvino.Core().compile_model(graph.file, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    outputs = compiled(images)
    return [outputs[port_of(compiled, output.name)] for output in graph.outputs]


def with_the_bundled_model(runtime: str) -> DesiredModel:
    return DesiredModel(
        file="nanodet", runtime=runtime, score_threshold=LEAST, iou_threshold=OVERLAP, classes=None
    )


def test_the_bundled_model_finds_on_a_gpu_what_it_finds_on_a_cpu(runner, street: Path) -> None:
    picture = cyclist_in(street)
    pictures = batch(frame(size=Size(picture.width, picture.height), picture=picture))
    model = load_model("nanodet")
    graph = for_common_pictures(model.graph)
    network = network_of(model, graph, "some", lambda: lambda images: (images,), half=False)
    nv12, spec = [as_nv12(picture)], network.input
    images, (scale, offset) = preprocessed(runner, nv12, spec, gain=network.gain, bias=network.bias)
    limits = limits_of(1, len(model.classes), LEAST, OVERLAP)
    raw = on_the_device(runner, model, said(graph, images), spec.size, limits)
    fed = ModelInput(np.empty((0, spec.size.height, spec.size.width, 3), np.uint8), scale, offset)
    found = in_pictures(raw, fed, pictures)

    wanted = Detector.load(with_the_bundled_model("openvino"), CpuDevice())(pictures)
    assert found.classes.tolist() == wanted.classes.tolist() == [0, 0], "a man and his companion"
    np.testing.assert_allclose(found.scores, wanted.scores, atol=0.02)
    np.testing.assert_allclose(found.boxes, wanted.boxes, atol=2)
