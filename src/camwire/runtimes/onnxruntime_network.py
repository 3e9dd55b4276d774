"""ONNX Runtime on a GPU, as a network for the CUDA device's detector: nothing goes through the host."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped, import-not-found, unused-ignore]

from camwire.models.contract import Graph, Model
from camwire.models.signature import read_signature
from camwire.runtimes import onnxruntime_providers as offered
from camwire.runtimes.engine_cache import EngineCache, default_folder
from camwire.runtimes.engine_key import EngineKey, file_hash
from camwire.runtimes.half import in_half_precision
from camwire.runtimes.network import Forward, Network, for_common_pictures, in_parts, input_shapes, network_of
from camwire.runtimes.onnxruntime import ERRORS, unable
from camwire.runtimes.tensorrt import import_tensorrt
from camwire.runtimes.tensorrt_network import gpu_name

TYPES = {"tensor(float)": "float32", "tensor(float16)": "float16"}
"""Of ONNX Runtime, as NumPy and PyTorch name them."""


@dataclass(frozen=True, slots=True)
class Memory:
    """An array somewhere, C-contiguous."""

    address: int
    shape: tuple[int, ...]


class BoundSession:
    """A session that reads its input and writes its outputs where addresses say. One thread at a time."""

    def __init__(self, session: Any, outputs: Sequence[str], device: str, index: int = 0) -> None:
        """``outputs``: their names, in the order of what ``run`` takes. ``device``, `cpu` or `cuda`, and
        its number: where all addresses are."""
        (fed,) = session.get_inputs()
        types = {output.name: TYPES[output.type] for output in session.get_outputs()}
        self.input_type = TYPES[fed.type]
        """`float16` or `float32`."""
        self.output_types = tuple(types[name] for name in outputs)
        self._input, self._outputs = fed.name, tuple(outputs)
        self._session = session
        self._binding = session.io_binding()
        self._place = device, index
        self._options = onnxruntime.RunOptions()
        # What follows on the same stream comes after it anyway; the host needn't wait.
        self._options.add_run_config_entry("disable_synchronize_execution_providers", "1")

    def run(self, fed: Memory, outputs: Sequence[Memory]) -> None:
        """Launch one run. On a GPU it is under way when this returns: the memory is in use until the
        session's stream has come so far. Raises ONNX Runtime's own errors."""
        bind = self._binding
        bind.bind_input(self._input, *self._place, np.dtype(self.input_type).type, fed.shape, fed.address)
        for name, dtype, memory in zip(self._outputs, self.output_types, outputs, strict=True):
            bind.bind_output(name, *self._place, np.dtype(dtype).type, memory.shape, memory.address)
        self._session.run_with_iobinding(bind, self._options)


class BoundForward:
    """A session as ``Forward`` says, on ``torch.Tensor`` wherever they are."""

    def __init__(self, session: BoundSession, graph: Graph) -> None:
        """``graph``: with the shapes of its outputs for the input that is fed."""
        import torch

        self._session = session
        self._graph = graph
        self._input_type = getattr(torch, session.input_type)
        self._output_types = [getattr(torch, name) for name in session.output_types]

    def __call__(self, images: Any) -> tuple[Any, ...]:
        """As ``Forward`` says. Raises ModelError."""
        return in_parts(images, self._input_type, self._graph, self._run)

    def _run(self, fed: Any) -> tuple[Any, ...]:
        import torch

        outputs = tuple(
            torch.empty((len(fed), *tensor.shape[1:]), dtype=dtype, device=fed.device)
            for tensor, dtype in zip(self._graph.outputs, self._output_types, strict=True)
        )
        try:
            self._session.run(_memory(fed), [_memory(output) for output in outputs])
        except ERRORS as error:
            raise unable(self._graph.file, error) from error
        return outputs


def onnxruntime_network(model: Model, batch: int, *, half: bool) -> Network:
    """The network of a detector's ONNX file on the current GPU, for 1 to ``batch`` frames.

    Where TensorRT 10 is installed, it runs all of the model that it can. Raises ModelError when the model or
    this ONNX Runtime can't run on a GPU.
    """
    import torch

    graph = for_common_pictures(model.graph)
    tensorrt = _tensorrt_options(graph, batch, half=half) if offered.has_tensorrt() else None
    content = in_half_precision(graph.file) if half and graph.is_single else None
    return network_of(
        model,
        graph,
        f"ONNX Runtime {'CUDA' if tensorrt is None else 'TensorRT'}",
        partial(_instance, graph, content, torch.cuda.current_device(), tensorrt),
        half=half,
        # A session waits and allocates when it likes, which no CUDA graph can hold.
        capturable=False,
    )


def _tensorrt_options(graph: Graph, batch: int, *, half: bool) -> dict[str, str]:
    (fed,) = read_signature(graph.file).inputs
    smallest, largest = ("x".join(map(str, shape)) for shape in input_shapes(graph, batch))
    # TensorRT's provider knows its engines by the model's name and shapes, not by its weights.
    key = EngineKey(
        model=file_hash(graph.file),
        tensorrt=f"tensorrt {import_tensorrt().__version__}, onnxruntime {onnxruntime.__version__}",
        gpu=gpu_name(),
        precision="FP16 where it is faster" if half else "as the file",
        shapes=f"{fed.name} {smallest} to {largest}",
    )
    engines = EngineCache(default_folder().with_name("onnxruntime")).own_folder(graph.file, key)
    shapes = (fed.name, smallest, largest) if min(fed.shape) < 0 else None
    return offered.tensorrt_options(engines, half=half, shapes=shapes)


def open_session(file: Path, wanted: Sequence[offered.Provider], content: bytes | None = None) -> Any:
    """A session of ``file``, or of ``content`` in its place, that has the first of the ``wanted`` providers.

    Raises ModelError.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            content or os.fspath(file), options, providers=list(wanted), enable_fallback=0
        )
    except ERRORS as error:
        raise unable(file, error) from error
    offered.require(wanted[0][0], session.get_providers(), file)
    return session


def _instance(graph: Graph, content: bytes | None, gpu: int, tensorrt: dict[str, str] | None) -> Forward:
    """On the current stream."""
    import torch

    stream = torch.cuda.current_stream().cuda_stream
    session = open_session(graph.file, offered.providers(gpu, stream, tensorrt), content)
    names = [tensor.name for tensor in graph.outputs]
    return BoundForward(BoundSession(session, names, "cuda", gpu), graph)


def _memory(tensor: Any) -> Memory:
    return Memory(tensor.data_ptr(), tuple(tensor.shape))
