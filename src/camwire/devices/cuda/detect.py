"""Detection without leaving the GPU: surfaces to boxes as one CUDA graph a batch size.

The graph holds everything from the upload of the table of surfaces to the copy of the boxes: preprocessing,
the network, the best class of each anchor, the best anchors, suppression. Per batch the host fills the
table, starts the graph and waits for one event. Masks of the few objects that are left follow in a launch of
their own.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from camwire.devices.contracts import ModelInput
from camwire.devices.cuda.heads import HEAD, ROW, detections_of, extras_of, head_of
from camwire.devices.cuda.masks import DeviceMasks
from camwire.devices.cuda.preprocess import grid_of, pack, target_of
from camwire.devices.cuda.program import THREADS, foreign_stream, launch
from camwire.devices.cuda.surfaces import SURFACE, Records, surface_on_device
from camwire.frames import Batch, Detections, Float32Array
from camwire.models.contract import Model
from camwire.models.nanodet import NanoDet
from camwire.models.placing import in_pictures
from camwire.runtimes.network import Network

CANDIDATES = 1024
"""Anchors a frame, the best ones, that are compared with each other (kernels/boxes.cu: MOST_CANDIDATES)."""
MOST_BOXES = 300
"""Boxes a frame, the best ones, that come back."""
WARM_UP = 3


class CudaDetector:
    """A network on a GPU, from frames to boxes in picture pixels. Any thread may call it."""

    def __init__(self, index: int, network: Network, *, batch_size: int, lanes: int) -> None:
        """Captures its graphs, which takes seconds. ``lanes``: how many batches may be under way at once."""
        self._index = index
        self._network = network
        self.batch_sizes = tuple(batch_sizes(batch_size, few=network.slow_to_prepare))
        """That there is a graph for, ascending."""
        self._lanes: queue.LifoQueue[_Lane] = queue.LifoQueue()
        with self._device():
            way = _Way()
            for _ in range(lanes):
                self._lanes.put(_Lane(network, self.batch_sizes, way))

    @property
    def class_names(self) -> tuple[str, ...]:
        return self._network.classes

    def describe(self) -> str:
        """`yolo11s 640×384, PyTorch FP16`."""
        return self._network.describe()

    def __call__(self, batch: Batch, scores: Float32Array, overlaps: Float32Array) -> Detections:
        """Every frame's objects, in a frame by score downwards.

        ``scores`` [B, C]: the least of each class; infinity leaves a class out. ``overlaps`` [B, C]: of two
        boxes of a class whose IoU is higher, the weaker is left out. Raises DeviceError for pictures
        elsewhere, ModelError when the network says what is no number.
        """
        if not batch.frames:
            return Detections.empty()
        with self._device(), self._lane() as lane:
            return lane.detect(batch, scores, overlaps)

    @contextmanager
    def _lane(self) -> Iterator[_Lane]:
        lane = self._lanes.get()
        try:
            yield lane
        finally:
            self._lanes.put(lane)

    def _device(self) -> Any:
        import torch

        return torch.cuda.device(self._index)


class _Way:
    """The stream that all batches take, one behind the other: side by side they would take the cache from
    each other, and each would come out later. While one is under way, the next is already queued."""

    def __init__(self) -> None:
        import torch

        self.stream = torch.cuda.Stream()
        self.entrance = threading.Lock()


class _Lane:
    """Buffers and a graph for each batch size: what one batch needs."""

    def __init__(self, network: Network, batch_sizes: Sequence[int], way: _Way) -> None:
        import torch

        batch_size = batch_sizes[-1]
        width, height = network.input.size
        self._network = network
        self._stream, self._entrance = way.stream, way.entrance
        self._aside = torch.cuda.Stream()
        """For what follows the network, which needn't wait for the next batch's."""
        with torch.cuda.stream(self._stream):
            self._forward = network.instance()
        self._decoded, self._done = torch.cuda.Event(), torch.cuda.Event(blocking=True)
        self._table = _pinned(batch_size * SURFACE.itemsize)
        self._surfaces = torch.empty(batch_size * SURFACE.itemsize, dtype=torch.uint8, device="cuda")
        self.rows: Records = self._table.numpy().view(SURFACE)
        images = torch.zeros((batch_size, 3, height, width), dtype=torch.float16, device="cuda")
        self._images = images.contiguous(memory_format=torch.channels_last)
        target = target_of(network.input, self._images.stride(), network.gain, network.bias)
        self._target = torch.from_numpy(target.view(np.uint8)).cuda()
        # Least scores and greatest overlaps, a row a frame.
        self._limits_here = torch.zeros((2, batch_size, len(network.classes))).pin_memory()
        self._limits = torch.zeros_like(self._limits_here, device="cuda")
        self.limits: Float32Array = self._limits_here.numpy()
        self._extras = extras_of(network.model)
        self._found = torch.zeros((batch_size, MOST_BOXES, ROW + self._extras.width), device="cuda")
        self._counts = torch.zeros(batch_size, dtype=torch.int32, device="cuda")
        self._found_here = torch.zeros_like(self._found, device="cpu").pin_memory()
        self._counts_here = torch.zeros_like(self._counts, device="cpu").pin_memory()
        self._heads: dict[int, _Described] = {}
        """By batch size."""
        self._runs = self._prepared(batch_sizes)

    def detect(self, batch: Batch, scores: Float32Array, overlaps: Float32Array) -> Detections:
        import torch

        network, count = self._network, len(batch)
        self.limits[0, :count], self.limits[1, :count] = scores, overlaps
        self.limits[0, count:] = np.inf
        surfaces = [surface_on_device(frame.picture) for frame in batch.frames]
        scale, offset = pack(self.rows, batch, surfaces, network.input)
        size = next(size for size in self._runs if size >= count)
        with self._entrance, torch.inference_mode(), torch.cuda.stream(self._stream):
            # FFmpeg copies a decoded picture to its place on the default stream and does not wait for that.
            self._decoded.record(torch.cuda.default_stream())
            self._stream.wait_event(self._decoded)
            self._runs[size]()
            self._done.record(self._stream)
        self._done.synchronize()
        width, height = network.input.size
        fed = ModelInput(np.empty((0, height, width, 3), np.uint8), scale, offset)
        counts, found = np.minimum(self._counts_here.numpy()[:count], MOST_BOXES), self._found_here.numpy()
        masks = partial(DeviceMasks, self._aside, self._heads[size].prototypes)
        raw = detections_of(network.model, found[:count], counts, network.input.size, masks)
        return in_pictures(raw, fed, batch)

    def _prepared(self, batch_sizes: Sequence[int]) -> dict[int, Callable[[], None]]:
        """What launches the work for each of ``batch_sizes``: a graph, unless the network must not be in one.

        Only one graph runs at a time, so they share memory.
        """
        import torch

        pool = torch.cuda.graph_pool_handle()
        runs: dict[int, Callable[[], None]] = {}
        for size in reversed(batch_sizes):
            with torch.inference_mode(), torch.cuda.stream(self._stream):
                for _ in range(WARM_UP):
                    self._work(size)
            self._stream.synchronize()
            runs[size] = self._captured(size, pool) if self._network.capturable else partial(self._work, size)
        return dict(sorted(runs.items()))

    def _captured(self, size: int, pool: Any) -> Callable[[], None]:
        import torch

        graph = torch.cuda.CUDAGraph()
        # Decoders allocate while this goes on: only this thread's calls belong to the graph.
        with (
            torch.inference_mode(),
            torch.cuda.graph(graph, pool=pool, stream=self._stream, capture_error_mode="thread_local"),
        ):
            self._work(size)
        replay: Callable[[], None] = graph.replay
        return replay

    def _work(self, size: int) -> None:
        """From the upload of the table to the copy of the boxes, launched on the current stream."""
        import torch

        stream = foreign_stream(torch.cuda.current_stream().cuda_stream)
        used = size * SURFACE.itemsize
        self._surfaces[:used].copy_(self._table[:used], non_blocking=True)
        self._limits.copy_(self._limits_here, non_blocking=True)
        launch(
            "preprocess",
            "preprocess_half",
            grid_of(self._network.input, size),
            _addresses(self._surfaces, self._images, self._target),
            stream,
        )
        self._suppress(merged(self._network.model, self._forward(self._images[:size])), size, stream)
        self._found_here[:size].copy_(self._found[:size], non_blocking=True)
        self._counts_here[:size].copy_(self._counts[:size], non_blocking=True)

    def _suppress(self, outputs: tuple[Any, ...], size: int, stream: Any) -> None:
        import torch

        described = self._described(outputs, size)
        kind = "half" if outputs[0].dtype == torch.float16 else "float"
        best = torch.empty((size, described.anchors), device="cuda")
        which = torch.empty((size, described.anchors), dtype=torch.int32, device="cuda")
        head, least, most = _addresses(described.head, self._limits[0], self._limits[1])
        blocks = -(-described.anchors // THREADS), size
        launch("boxes", f"best_classes_{kind}", blocks, (head, least, *_addresses(best, which)), stream)
        numbers = np.int32(CANDIDATES), np.int32(MOST_BOXES)
        found = _addresses(self._found, self._counts)
        launch(
            "boxes",
            f"suppress_{kind}",
            (size,),
            (head, *_addresses(best, which), *numbers, most, *found),
            stream,
        )

    def _described(self, outputs: tuple[Any, ...], size: int) -> _Described:
        """What the kernels are told of the outputs; it goes up with every batch, as part of the graph."""
        model, planes = self._network.model, self._extras.mask_weights
        if size not in self._heads:
            self._heads[size] = _Described()
        described, head = self._heads[size], head_of(model, outputs, self._network.input.size)
        described.anchors = int(head["anchors"][0])
        described.here.numpy().view(HEAD)[:] = head
        described.head.copy_(described.here, non_blocking=True)
        if planes:
            described.prototypes = outputs[1], planes
        return described


class _Described:
    """A batch size's outputs."""

    def __init__(self) -> None:
        import torch

        self.here = _pinned(HEAD.itemsize)
        self.head = torch.empty(HEAD.itemsize, dtype=torch.uint8, device="cuda")
        self.anchors = 0
        self.prototypes: tuple[Any, int] = None, 0
        """The masks' tensor, which holds until the next batch of this lane, and how many planes it has."""


def merged(model: Model, outputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The outputs as ``head_of`` takes them: of one precision, NanoDet's grids one after the other."""
    import torch

    if isinstance(model, NanoDet):
        grids = len(outputs) // 2
        outputs = torch.cat(outputs[:grids], 1), torch.cat(outputs[grids:], 1)
    return outputs if len({one.dtype for one in outputs}) == 1 else tuple(one.float() for one in outputs)


def batch_sizes(largest: int, *, few: bool = False) -> list[int]:
    """What graphs are made for: ``largest`` and the powers of two below it; with ``few`` one frame, the
    largest, and eighths up to half of it, most of which aren't compiled (``WORTH_COMPILING``)."""
    if few:
        return sorted({1, *(max(1, largest * eighths // 8) for eighths in (1, 2, 3, 4)), largest})
    return [1 << bit for bit in range(largest.bit_length()) if 1 << bit < largest] + [largest]


def _pinned(size: int) -> Any:
    import torch

    return torch.zeros(size, dtype=torch.uint8).pin_memory()


def _addresses(*tensors: Any) -> tuple[np.uint64, ...]:
    return tuple(np.uint64(tensor.data_ptr()) for tensor in tensors)
