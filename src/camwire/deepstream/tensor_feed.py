"""Hands each batch's tensors to a function of the user's while the pipeline runs, whatever the function does.

The function runs in a thread of its own and has one batch at a time. While it works, or keeps anything of the
batch before, other batches pass it by: so it never holds more than one of the pipeline's few buffers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import structlog

from camwire.deepstream.gst import DeepstreamError
from camwire.deepstream.metadata import Metadata, MetadataError
from camwire.deepstream.tensors import DeviceTensor
from camwire.frames import Frame, Tracks
from camwire.pipeline.recorder import Recorder

STAGE = "tensor_function"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TensorBatch:
    """A batch as the function gets it. Keep nothing of it without a copy: its memory is the pipeline's."""

    frames: tuple[Frame, ...]
    """Whose pictures; ``Frame.picture`` is None."""
    tracks: Tracks
    """The objects on them, in pixels of ``Frame.size``."""
    tensors: tuple[DeviceTensor, ...]
    """What nvdspreprocess made: a tensor of all pictures, whose rows are ``regions``. Without it nvinfer's
    outputs: a tensor a layer and picture."""
    frames_by_pad: Mapping[int, Frame]
    """By the muxer's pad, which ``DeviceTensor.pad`` and ``Region.pad`` name. A picture that came before its
    camera did isn't here."""


TensorFunction = Callable[[TensorBatch], object]


def load_function(name: str) -> TensorFunction:
    """The function called ``module:function``. Raises DeepstreamError where it can't be had."""
    module, _, attribute = name.partition(":")
    try:
        function = getattr(import_module(module), attribute, None)
    except Exception as error:  # the user's module, which may do anything
        raise DeepstreamError(
            f"`deepstream.tensor_function`: the module {module} can't be imported "
            f"({type(error).__name__}: {error}); it has to be in the folder in which camwire is started, in "
            "PYTHONPATH, or installed"
        ) from error
    if not callable(function):
        raise DeepstreamError(f"`deepstream.tensor_function`: {module} has no function {attribute}")
    loaded: TensorFunction = function
    return loaded


class TensorFeed:
    """``offer`` is called by GStreamer's thread, which must not wait."""

    def __init__(self, name: str, metadata: Metadata, recorder: Recorder) -> None:
        """Raises DeepstreamError where there is no function of this name."""
        self.name = name
        self._function = load_function(name)
        self._metadata, self._recorder = metadata, recorder
        self._changed = threading.Condition()
        self._next: TensorBatch | None = None
        self._is_busy = self._is_closed = False
        self._counts = {"handed on": 0, "passed by": 0, "kept": 0, "failed": 0}
        self._thread = threading.Thread(target=self._run, name="tensors", daemon=True)
        self._thread.start()

    def offer(self, buffer: Any, frames: Sequence[Frame], tracks: Tracks, pads: Sequence[int]) -> None:
        """A batch with its frames and their pads."""
        with self._changed:
            if self._is_closed or self._is_busy:
                self._counts["passed by"] += 1
                return
        if self._metadata.tensors_alive:
            self._counts["kept"] += 1
            if self._recorder.failed(STAGE):
                log.warning("the tensor function keeps a batch; it gets no other until it has let go of that")
            return
        # What comes behind this point of the pipeline (nvstreamdemux, nvvideoconvert) writes into buffers of
        # its own: one reference more makes nobody copy this one.
        try:
            tensors = self._metadata.tensors(buffer)
        except MetadataError as error:
            self._counts["failed"] += 1
            if self._recorder.failed(STAGE):
                log.error("a batch's tensors can't be handed on", reason=str(error))
            return
        if tensors:
            by_pad = dict(zip(pads, frames, strict=True))
            self._hand_on(TensorBatch(tuple(frames), tracks, tuple(tensors), by_pad))

    def counts(self) -> Mapping[str, int]:
        """Batches handed on to the function, those that passed it by while it worked or because it kept one,
        and how often it failed."""
        return dict(self._counts)

    def close(self, timeout: float) -> bool:
        """False where the function doesn't return in time; it gets nothing more."""
        with self._changed:
            self._is_closed, self._next = True, None
            self._changed.notify()
        self._thread.join(timeout)
        if self._thread.is_alive():
            log.warning("the tensor function does not return", function=self.name)
        return not self._thread.is_alive()

    def _hand_on(self, batch: TensorBatch) -> None:
        with self._changed:
            self._next, self._is_busy = batch, True
            self._changed.notify()

    def _run(self) -> None:
        while (batch := self._awaited()) is not None:
            self._call(batch)
            del batch  # it must not stay here while the next one is awaited
            with self._changed:
                self._is_busy = False

    def _awaited(self) -> TensorBatch | None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._next is not None)
            batch, self._next = self._next, None
            return batch

    def _call(self, batch: TensorBatch) -> None:
        """The function's boundary: what it raises is counted and logged."""
        self._counts["handed on"] += 1
        try:
            self._function(batch)
        except (Exception, SystemExit):
            self._counts["failed"] += 1
            if self._recorder.failed(STAGE):
                log.exception("the tensor function failed", function=self.name)
