"""OpenVINO: models on CPUs."""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino.preprocess import PrePostProcessor

from camwire.frames import UInt8Array
from camwire.models.contract import Graph, ModelError
from camwire.models.signature import last_line


class OpenVinoRuntime:
    """Fulfils ``Runtime`` on the CPU.

    One compiled graph with a batch of one and as many streams, of one thread each, as there are cores; a
    batch is as many requests. So a core that one caller leaves idle is taken by another's request, nothing is
    computed by more threads than there are cores, and a batch of any size needs no compiling: on CPUs larger
    batches gain nothing. Threads are not pinned, because two processes that pin fight for the same cores.

    BF16 where the processor has instructions for it, else FP32. OpenVINO's telemetry belongs to its model
    converter, which is never called.
    """

    def __init__(self, graph: Graph) -> None:
        """Compile and run once, so that the first frame finds everything in place.

        Raises ModelError when OpenVINO can't run the file.
        """
        core = openvino.Core()
        self._graph = graph
        self._half = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        try:
            self._compiled = core.compile_model(
                _with_preprocessing(core.read_model(graph.file), graph), "CPU", self._settings()
            )
        except RuntimeError as error:
            raise ModelError(f"model {graph.file}: OpenVINO can't run it ({last_line(error)})") from error
        self._ports = [self._port(tensor.name) for tensor in graph.outputs]
        self._lanes = threading.local()
        size = graph.input.size
        self.infer(np.zeros((1, size.height, size.width, 3), np.uint8))

    def describe(self) -> str:
        return f"OpenVINO {'BF16' if self._half else 'FP32'}"

    def infer(self, pixels: UInt8Array) -> list[NDArray[Any]]:
        """As ``Runtime.infer`` says. Each calling thread has requests and output arrays of its own."""
        size = self._graph.input.size
        if pixels.shape[1:] != (size.height, size.width, 3) or pixels.dtype != np.uint8 or not len(pixels):
            wanted = f"uint8[B, {size.height}, {size.width}, 3]"
            raise ValueError(f"pixels are {pixels.dtype}{list(pixels.shape)}; wanted: {wanted}")
        lane = self._lane(len(pixels))
        running = lane.requests[: len(pixels)]
        for index, request in enumerate(running):
            request.set_input_tensor(openvino.Tensor(pixels[index : index + 1], shared_memory=True))
            request.start_async()
        for request in running:
            request.wait()
        return [output[: len(pixels)] for output in lane.outputs]

    def _lane(self, batch: int) -> _Lane:
        """This thread's requests and outputs, for ``batch`` frames at least."""
        lane: _Lane | None = getattr(self._lanes, "lane", None)
        if lane is None or len(lane.requests) < batch:
            lane = self._lanes.lane = _Lane(self._compiled, self._graph, self._ports, batch)
        return lane

    def _settings(self) -> dict[str, Any]:
        cores = len(os.sched_getaffinity(0))
        return {
            "NUM_STREAMS": cores,
            "INFERENCE_NUM_THREADS": cores,
            "ENABLE_CPU_PINNING": False,
            "INFERENCE_PRECISION_HINT": "bf16" if self._half else "f32",
        }

    def _port(self, name: str) -> int:
        for index, port in enumerate(self._compiled.outputs):
            if name in port.names:
                return index
        raise ModelError(f"model {self._graph.file}: it has no output {name!r}")


class _Lane:
    """What one thread infers with: a request a frame, all writing into the same arrays."""

    def __init__(self, compiled: openvino.CompiledModel, graph: Graph, ports: list[int], batch: int) -> None:
        self.outputs = [np.empty((batch, *tensor.shape[1:]), tensor.dtype) for tensor in graph.outputs]
        self.requests = [compiled.create_infer_request() for _ in range(batch)]
        for index, request in enumerate(self.requests):
            for port, output in zip(ports, self.outputs, strict=True):
                request.set_output_tensor(
                    port, openvino.Tensor(output[index : index + 1], shared_memory=True)
                )


def _with_preprocessing(model: openvino.Model, graph: Graph) -> openvino.Model:
    """``model`` with the input's size set, and cast, mean, scale and transposition made its first steps."""
    size = graph.input.size
    model.reshape([1, 3, size.height, size.width])
    steps = PrePostProcessor(model)
    steps.input().tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    steps.input().preprocess().convert_element_type(openvino.Type.f32).mean(list(graph.mean)).scale(
        list(graph.std)
    )
    steps.input().model().set_layout(openvino.Layout("NCHW"))
    return steps.build()
