"""Pictures that camwire draws itself: the newest batch at a time, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import structlog

from camwire.deepstream.dispatch import Dispatch, Drawable
from camwire.deepstream.metadata import Metadata
from camwire.deepstream.scene import FlowScene
from camwire.devices.contracts import Device
from camwire.link.pictures import Rendition
from camwire.pipeline.recorder import Recorder
from camwire.pipeline.renditions import Made, scene_for

log = structlog.get_logger()


class Drawer:
    """``put`` is called by GStreamer's thread, which must not wait for pictures to be drawn."""

    def __init__(
        self,
        device: Device,
        metadata: Metadata,
        dispatch: Dispatch,
        recorder: Recorder,
        scene: Callable[[], FlowScene | None],
        clock: Callable[[], float],
    ) -> None:
        self._device, self._metadata = device, metadata
        self._dispatch, self._recorder = dispatch, recorder
        self._scene, self._clock = scene, clock
        self._changed = threading.Condition()
        self._newest: Any = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="drawer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, timeout: float) -> bool:
        """End the thread; false where it doesn't end in time."""
        with self._changed:
            self._closed, self._newest = True, None
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def put(self, sample: Any) -> None:
        """A sample with a batch. One that has not been drawn yet is given up; its frames are counted when the
        next is drawn."""
        with self._changed:
            self._newest = None if self._closed else sample
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._newest is not None)
                if self._closed:
                    return
                sample, self._newest = self._newest, None
            self._draw(sample)

    def _draw(self, sample: Any) -> None:
        """The thread's boundary: a batch that can't be drawn is counted and logged, the next one comes."""
        buffer, scene = sample.get_buffer(), self._scene()
        drawable = self._dispatch.drawable(buffer.pts)
        if drawable is None or scene is None:
            return
        left = dict(drawable.pending)
        try:
            made = self._made(sample, drawable, scene)
            for index, pending in drawable.pending.items():
                del left[index]
                self._dispatch.send(pending, [one for one in made if one.index == index])
        except Exception:
            for pending in left.values():
                self._dispatch.failed(pending)
            if self._recorder.failed("render"):
                log.exception("a stage failed", stage="render")

    def _made(self, sample: Any, drawable: Drawable, scene: FlowScene) -> Sequence[Made]:
        buffer = sample.get_buffer()
        frames = list(drawable.batch.frames)
        for index in drawable.pending:
            picture = self._metadata.picture(buffer, drawable.positions[index])
            # Rules in pixels are meant in the muxer's picture, which may have another aspect than the source.
            frames[index] = replace(frames[index], picture=picture, source_size=frames[index].size)
        batch = replace(drawable.batch, frames=tuple(frames))
        made: list[Made] = []
        rendering = encoding = 0.0
        for rendition in ("full", "thumbnail", "clean"):
            indices = [index for index, one in drawable.pending.items() if rendition in one.needed]
            if not indices:
                continue
            began = self._clock()
            look = scene_for(rendition, batch, drawable.tracks, scene)
            pictures = self._device.render(look.batch, indices, look.tracks, look.overlay)
            rendered = self._clock()
            jpegs = self._device.encode(pictures, scene.jpeg_quality)
            rendering += rendered - began
            encoding += self._clock() - rendered
            made += self._named(rendition, indices, look.batch.frames, jpegs)
        for pending in drawable.pending.values():
            pending.marks.rendered = pending.marks.analysed + rendering
            pending.marks.encoded = pending.marks.rendered + encoding
        return made

    @staticmethod
    def _named(
        rendition: Rendition, indices: Sequence[int], frames: Sequence[Any], jpegs: Sequence[bytes]
    ) -> list[Made]:
        return [
            Made(index, rendition, frames[index], jpeg) for index, jpeg in zip(indices, jpegs, strict=True)
        ]
