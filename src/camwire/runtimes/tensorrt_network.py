"""A TensorRT engine as a network for the CUDA device's detector."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from camwire.models.contract import Graph, Model, ModelError
from camwire.runtimes.network import Network, for_common_pictures, in_parts, network_of
from camwire.runtimes.tensorrt import engine_for, import_tensorrt


def tensorrt_network(model: Model, batch: int, *, half: bool, folder: Path | None = None) -> Network:
    """The network of a detector's ONNX file on the current GPU, for 1 to ``batch`` frames.

    Builds the engine unless it is in the cache. Raises ModelError when TensorRT or a GPU that it knows is
    missing.
    """
    graph = for_common_pictures(model.graph)
    trt = import_tensorrt()
    serialised = engine_for(graph, batch, gpu_name(), half=half, folder=folder)
    runtime = trt.Runtime(trt.Logger(trt.Logger.ERROR))
    engine = runtime.deserialize_cuda_engine(serialised)
    if engine is None:
        raise ModelError(f"model {graph.file}: TensorRT can't load its engine on this GPU")
    instance = partial(_Run, trt, engine, graph)
    return network_of(model, graph, f"TensorRT {trt.__version__}", instance, half=half)


def gpu_name() -> str:
    """The current GPU's, with its compute capability: `NVIDIA L4 (8.9)`."""
    import torch

    about = torch.cuda.get_device_properties(torch.cuda.current_device())
    return f"{about.name} ({about.major}.{about.minor})"


class _Run:
    """One execution context; launches on the current stream and doesn't wait, so a CUDA graph can hold it."""

    def __init__(self, trt: Any, engine: Any, graph: Graph) -> None:
        import torch

        self._graph = graph
        self._context = engine.create_execution_context()
        names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
        (self._input,) = (n for n in names if engine.get_tensor_mode(n) == trt.TensorIOMode.INPUT)
        types = {trt.DataType.FLOAT: torch.float32, trt.DataType.HALF: torch.float16}
        self._input_type = types[engine.get_tensor_dtype(self._input)]
        self._outputs = {tensor.name: types[engine.get_tensor_dtype(tensor.name)] for tensor in graph.outputs}

    def __call__(self, images: Any) -> tuple[Any, ...]:
        """As ``Forward`` says."""
        return in_parts(images, self._input_type, self._graph, self._run)

    def _run(self, fed: Any) -> tuple[Any, ...]:
        import torch

        self._context.set_input_shape(self._input, tuple(fed.shape))
        self._context.set_tensor_address(self._input, fed.data_ptr())
        outputs = []
        for name, dtype in self._outputs.items():
            shape = tuple(self._context.get_tensor_shape(name))
            outputs.append(torch.empty(shape, dtype=dtype, device="cuda"))
            self._context.set_tensor_address(name, outputs[-1].data_ptr())
        self._context.execute_async_v3(torch.cuda.current_stream().cuda_stream)
        return tuple(outputs)
