"""OpenVINO: models on CPUs."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino.preprocess import PrePostProcessor

from camwire.cores import CORES, computing
from camwire.frames import Size, UInt8Array
from camwire.models.contract import Graph, ModelError
from camwire.models.signature import OPENVINO_ERRORS, last_line
from camwire.runtimes.pixels import check_pixels


class OpenVinoRuntime:
    """Fulfils ``Runtime`` on the CPU.

    For each input size one compiled graph with a batch of one and as many streams, of one thread each, as
    there are cores; a batch is as many requests. So a core that one caller leaves idle is taken by another's
    request, and a batch of any size needs no compiling: on CPUs larger batches gain nothing. Threads are not
    pinned, because two processes that pin fight for the same cores.

    BF16 where the processor has it, else FP32; what a model has quantised to 8 bits runs in 8 bits.
    """

    def __init__(self, graph: Graph, *, full_precision: bool = False) -> None:
        """Nothing is compiled yet: see ``prepare``. With ``full_precision`` no BF16."""
        self._core = openvino.Core()
        self._graph = graph
        can_half = "BF16" in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        self._half = can_half and not full_precision
        self._compiled: dict[Size, openvino.CompiledModel] = {}
        self._compiling = threading.Lock()
        self._mine = _Mine()

    @property
    def step(self) -> int | None:
        return self._graph.step

    @property
    def sizes(self) -> tuple[Size, ...]:
        return tuple(self._compiled)

    def describe(self) -> str:
        rest = "BF16" if self._half else "FP32"
        return f"OpenVINO INT8 and {rest}" if self._graph.quantised else f"OpenVINO {rest}"

    def prepare(self, size: Size) -> None:
        """As ``Runtime.prepare`` says; takes about half a second."""
        self.infer(np.zeros((1, size.height, size.width, 3), np.uint8))

    def infer(self, pixels: UInt8Array) -> list[NDArray[Any]]:
        """As ``Runtime.infer`` says. Each calling thread has requests and output arrays of its own."""
        check_pixels(pixels, self._graph, self.step)
        try:
            return self._infer(pixels)
        except OPENVINO_ERRORS as error:
            raise self._unable(error) from error

    def _infer(self, pixels: UInt8Array) -> list[NDArray[Any]]:
        count = len(pixels)
        lane = self._lane(Size(pixels.shape[2], pixels.shape[1]), count)
        running = lane.requests[:count]
        with computing:
            for index, request in enumerate(running):
                request.set_input_tensor(openvino.Tensor(pixels[index : index + 1], shared_memory=True))
                request.start_async()
            for request in running:
                request.wait()
        return [output[:count] for output in lane.outputs]

    def _unable(self, error: Exception) -> ModelError:
        return ModelError(f"model {self._graph.file}: OpenVINO can't run it ({last_line(error)})")

    def _lane(self, size: Size, batch: int) -> _Lane:
        """This thread's requests and outputs, for ``batch`` frames at least."""
        mine = self._mine.lanes
        lane = mine.get(size)
        if lane is None or len(lane.requests) < batch:
            lane = mine[size] = _Lane(self._compiled_for(size), self._graph, batch)
        return lane

    def _compiled_for(self, size: Size) -> openvino.CompiledModel:
        with self._compiling:
            if size not in self._compiled:
                self._compiled[size] = self._compile(size)
            return self._compiled[size]

    def _compile(self, size: Size) -> openvino.CompiledModel:
        settings = {
            "NUM_STREAMS": CORES,
            "INFERENCE_NUM_THREADS": CORES,
            "ENABLE_CPU_PINNING": False,
            "INFERENCE_PRECISION_HINT": "bf16" if self._half else "f32",
        }
        model = _with_preprocessing(self._core.read_model(self._graph.file), self._graph, size)
        return self._core.compile_model(model, "CPU", settings)


class _Mine(threading.local):
    """Each thread's own lanes, by input size."""

    def __init__(self) -> None:
        self.lanes: dict[Size, _Lane] = {}


class _Lane:
    """What one thread infers with: a request a frame, all writing into the same arrays."""

    def __init__(self, compiled: openvino.CompiledModel, graph: Graph, batch: int) -> None:
        ports = [port_of(compiled, tensor.name) for tensor in graph.outputs]
        self.outputs = [np.empty((batch, *port.shape[1:]), port.element_type.to_dtype()) for port in ports]
        self.requests = [compiled.create_infer_request() for _ in range(batch)]
        for index, request in enumerate(self.requests):
            for port, output in zip(ports, self.outputs, strict=True):
                request.set_tensor(port, openvino.Tensor(output[index : index + 1], shared_memory=True))


def port_of(compiled: openvino.CompiledModel, name: str) -> Any:
    """The output of that name, or, where outputs have none, of the node of that name."""
    return next(port for port in compiled.outputs if name in port.names or name == port.node.friendly_name)


def _with_preprocessing(model: openvino.Model, graph: Graph, size: Size) -> openvino.Model:
    """``model`` for an input of ``size``, with cast, mean, scale and transposition as its first steps."""
    planar = graph.layout == "NCHW"
    model.reshape([1, 3, size.height, size.width] if planar else [1, size.height, size.width, 3])
    steps = PrePostProcessor(model)
    steps.input().tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    pixels = steps.input().preprocess().convert_element_type(openvino.Type.f32)
    pixels.mean(list(graph.mean)).scale(list(graph.std))
    steps.input().model().set_layout(openvino.Layout(graph.layout))
    return steps.build()
