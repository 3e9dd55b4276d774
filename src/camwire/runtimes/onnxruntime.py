"""ONNX Runtime: models on CPUs."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime  # type: ignore[import-untyped, import-not-found, unused-ignore]
from numpy.typing import NDArray
from onnxruntime.capi import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
    onnxruntime_pybind11_state as states,
)

from camwire.cores import computing
from camwire.frames import Size, UInt8Array
from camwire.models.contract import Graph, ModelError
from camwire.runtimes.pixels import check_pixels

ERRORS: tuple[type[Exception], ...] = (
    RuntimeError,
    ValueError,
    *(kind for kind in vars(states).values() if isinstance(kind, type) and issubclass(kind, Exception)),
)
"""What ONNX Runtime raises: its own exceptions have no common base."""

PROVIDER = "CPUExecutionProvider"


class OnnxRuntime:
    """Fulfils ``Runtime``.

    One session, whose ``run`` any thread may call. A run uses one thread, the caller's: lanes side by side
    keep all cores busy, as many at once as there are. A file for a fixed number of frames is run as often as
    it takes; one with an open batch takes all at once. Pixels are normalised here, in one pass over each
    plane.
    """

    def __init__(self, graph: Graph) -> None:
        """Loads the file. Raises ModelError when ONNX Runtime can't run it."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(os.fspath(graph.file), options, providers=[PROVIDER])
        except ERRORS as error:
            raise unable(graph.file, error) from error
        self._graph = graph
        self._input = self._session.get_inputs()[0].name
        self._outputs = [tensor.name for tensor in graph.outputs]
        self._sizes: dict[Size, None] = {}
        self._mine = threading.local()

    @property
    def step(self) -> int | None:
        return None if self._graph.reshaped else self._graph.step

    @property
    def sizes(self) -> tuple[Size, ...]:
        return tuple(self._sizes)

    def describe(self) -> str:
        rest = "FP16" if self._graph.dtype == "float16" else "FP32"
        precision = f"INT8 and {rest}" if self._graph.quantised else rest
        return f"ONNX Runtime {precision}"

    def prepare(self, size: Size) -> None:
        """As ``Runtime.prepare`` says."""
        self.infer(np.zeros((1, size.height, size.width, 3), np.uint8))

    def infer(self, pixels: UInt8Array) -> list[NDArray[Any]]:
        """As ``Runtime.infer`` says."""
        check_pixels(pixels, self._graph, self.step)
        count, at_once = len(pixels), self._graph.batch or len(pixels)
        fed = self._normalised(pixels, -count % at_once)
        try:
            with computing:
                parts = [self._run(fed[start : start + at_once]) for start in range(0, count, at_once)]
        except ERRORS as error:
            raise unable(self._graph.file, error) from error
        self._sizes.setdefault(Size(pixels.shape[2], pixels.shape[1]))
        whole = parts[0] if len(parts) == 1 else [np.concatenate(part) for part in zip(*parts, strict=True)]
        return [output[:count] for output in whole]

    def _run(self, fed: NDArray[Any]) -> list[NDArray[Any]]:
        return self._session.run(self._outputs, {self._input: fed})  # type: ignore[no-any-return]

    def _normalised(self, pixels: UInt8Array, spare: int) -> NDArray[Any]:
        """In the file's own layout and type, and ``spare`` frames more, of which nothing is wanted; in memory
        that this thread keeps."""
        graph = self._graph
        count, height, width, _ = pixels.shape
        count += spare
        shape = (count, 3, height, width) if graph.layout == "NCHW" else (count, height, width, 3)
        fed = self._buffer(shape)
        planes = fed if graph.layout == "NCHW" else fed.transpose(0, 3, 1, 2)
        for picture, channels in zip(pixels, planes[: len(pixels)], strict=True):
            for plane, target, mean, std in zip(
                cv2.split(picture), channels, graph.mean, graph.std, strict=True
            ):
                np.multiply(plane, np.float32(1 / std), out=target)
                if mean:
                    target -= np.float32(mean / std)
        return fed.astype(graph.dtype, copy=False)

    def _buffer(self, shape: Sequence[int]) -> NDArray[np.float32]:
        kept: NDArray[np.float32] | None = getattr(self._mine, "buffer", None)
        if kept is None or kept.shape != tuple(shape):
            kept = self._mine.buffer = np.zeros(shape, np.float32)
        return kept


def unable(file: Path, error: Exception) -> ModelError:
    """``error`` in one line for people."""
    reason = " ".join(str(error).split())
    return ModelError(f"model {file}: ONNX Runtime can't run it ({reason})")
