"""A TensorRT engine as a network for the CUDA device's detector."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from camwire.models.contract import Model, ModelError
from camwire.models.yolo import Yolo
from camwire.runtimes.tensorrt import engine_for, import_tensorrt
from camwire.runtimes.torch import TorchNetwork


def tensorrt_network(model: Model, batch: int, *, half: bool, folder: Path | None = None) -> TorchNetwork:
    """The network of a YOLO11 or YOLOv8 detector's ONNX file on the current GPU, for 1 to ``batch`` frames.

    Builds its engine unless it is in the cache. Raises ModelError for other models, and when TensorRT or a
    GPU that it knows is missing.
    """
    import torch

    graph = model.graph
    if not isinstance(model, Yolo) or model.task != "detect" or model.anchors_first or graph.layout != "NCHW":
        raise ModelError(
            f"model {graph.file}: on GPUs TensorRT runs detectors with the output [B, 4+C, A]; "
            f"this is: {model.reading}"
        )
    about = torch.cuda.get_device_properties(torch.cuda.current_device())
    gpu = f"{about.name} ({about.major}.{about.minor})"
    forward = _Engine(import_tensorrt(), engine_for(graph, batch, gpu, half=half, folder=folder), graph.file)
    gain = tuple(1 / std for std in graph.std)
    bias = tuple(-mean / std for mean, std in zip(graph.mean, graph.std, strict=True))
    return TorchNetwork(
        model.name,
        model.classes,
        graph.input,
        (gain[0], gain[1], gain[2]),
        (bias[0], bias[1], bias[2]),
        forward,
    )


class _Engine:
    """One execution context; launches on the current stream and doesn't wait, so a CUDA graph can hold it."""

    def __init__(self, trt: Any, engine: bytes, file: Path) -> None:
        import torch

        self._runtime = trt.Runtime(trt.Logger(trt.Logger.ERROR))
        self._engine = self._runtime.deserialize_cuda_engine(engine)
        if self._engine is None:
            raise ModelError(f"model {file}: TensorRT can't load its engine on this GPU")
        self._context = self._engine.create_execution_context()
        names = [self._engine.get_tensor_name(index) for index in range(self._engine.num_io_tensors)]
        inputs = [n for n in names if self._engine.get_tensor_mode(n) == trt.TensorIOMode.INPUT]
        (self._input,), (self._output,) = inputs, [n for n in names if n not in inputs]
        types = {trt.DataType.FLOAT: torch.float32, trt.DataType.HALF: torch.float16}
        self._input_type = types[self._engine.get_tensor_dtype(self._input)]
        self._output_type = types[self._engine.get_tensor_dtype(self._output)]

    def __call__(self, images: Any) -> Any:
        """As ``TorchNetwork.forward`` says."""
        import torch

        fed = images.to(self._input_type).contiguous()
        self._context.set_input_shape(self._input, tuple(fed.shape))
        shape = tuple(self._context.get_tensor_shape(self._output))
        output = torch.empty(shape, dtype=self._output_type, device=fed.device)
        self._context.set_tensor_address(self._input, fed.data_ptr())
        self._context.set_tensor_address(self._output, output.data_ptr())
        self._context.execute_async_v3(torch.cuda.current_stream().cuda_stream)
        return output.half()
