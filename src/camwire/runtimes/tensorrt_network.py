"""A TensorRT engine as a network for the CUDA device's detector."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from camwire.models.contract import Model, ModelError
from camwire.models.inputs import COMMON, input_for
from camwire.runtimes.tensorrt import engine_for, import_tensorrt
from camwire.runtimes.torch import TorchNetwork


def tensorrt_network(model: Model, batch: int, *, half: bool, folder: Path | None = None) -> TorchNetwork:
    """The network of a YOLO11 or YOLOv8 detector's ONNX file on the current GPU, for 1 to ``batch`` frames.

    Where the file leaves the input's size open, it is as large as pictures of ``COMMON``'s aspect need.
    Builds the engine unless it is in the cache. Raises ModelError when TensorRT or a GPU that it knows is
    missing.
    """
    import torch

    step = None if model.graph.reshaped else model.graph.step
    graph = replace(model.graph, input=input_for(model.graph.input, step, [COMMON]))
    about = torch.cuda.get_device_properties(torch.cuda.current_device())
    gpu = f"{about.name} ({about.major}.{about.minor})"
    trt = import_tensorrt()
    serialised = engine_for(graph, batch, gpu, half=half, folder=folder)
    runtime = trt.Runtime(trt.Logger(trt.Logger.ERROR))
    engine = runtime.deserialize_cuda_engine(serialised)
    if engine is None:
        raise ModelError(f"model {graph.file}: TensorRT can't load its engine on this GPU")
    gain = tuple(1 / std for std in graph.std)
    bias = tuple(-mean / std for mean, std in zip(graph.mean, graph.std, strict=True))
    return TorchNetwork(
        model.name,
        model.classes,
        graph.input,
        f"TensorRT {trt.__version__}",
        False,
        (gain[0], gain[1], gain[2]),
        (bias[0], bias[1], bias[2]),
        partial(_Run, trt, engine, graph.batch),
    )


class _Run:
    """One execution context; launches on the current stream and doesn't wait, so a CUDA graph can hold it."""

    def __init__(self, trt: Any, engine: Any, at_once: int | None) -> None:
        """``at_once``: frames that one run of the engine takes; None for as many as there are."""
        import torch

        self._at_once = at_once
        self._context = engine.create_execution_context()
        names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
        inputs = [n for n in names if engine.get_tensor_mode(n) == trt.TensorIOMode.INPUT]
        (self._input,), (self._output,) = inputs, [n for n in names if n not in inputs]
        types = {trt.DataType.FLOAT: torch.float32, trt.DataType.HALF: torch.float16}
        self._input_type = types[engine.get_tensor_dtype(self._input)]
        self._output_type = types[engine.get_tensor_dtype(self._output)]

    def __call__(self, images: Any) -> Any:
        """As ``Forward`` says."""
        import torch

        count, at_once = len(images), self._at_once or len(images)
        fed = torch.zeros(
            (count + -count % at_once, *images.shape[1:]), dtype=self._input_type, device="cuda"
        )
        fed[:count] = images
        outputs = [self._run(fed[start : start + at_once]) for start in range(0, len(fed), at_once)]
        return (outputs[0] if len(outputs) == 1 else torch.cat(outputs))[:count]

    def _run(self, fed: Any) -> Any:
        import torch

        self._context.set_input_shape(self._input, tuple(fed.shape))
        shape = tuple(self._context.get_tensor_shape(self._output))
        output = torch.empty(shape, dtype=self._output_type, device="cuda")
        self._context.set_tensor_address(self._input, fed.data_ptr())
        self._context.set_tensor_address(self._output, output.data_ptr())
        self._context.execute_async_v3(torch.cuda.current_stream().cuda_stream)
        return output
