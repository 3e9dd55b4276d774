"""Keeps a pipeline running: hears what it says, builds anew what is broken, and never gives up.

One thread of its own; the lock keeps it and whoever changes the pipeline apart.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path

import structlog

from camwire.deepstream.changes import PipelineChanges, pipeline_changes
from camwire.deepstream.elements import Graph
from camwire.deepstream.flow import Flow
from camwire.deepstream.gst import DeepstreamError
from camwire.deepstream.pipeline import Notice, Pipeline
from camwire.deepstream.taps import Handlers
from camwire.deepstream.watch import PipelineWatch, SourceWatch

STOP_LIMIT = 20.0
"""Seconds in which GStreamer has to stop a pipeline."""
LOOK_EVERY = 0.1
"""Seconds between two looks at the clock."""

log = structlog.get_logger()


class Runner:
    """Runs the graph it was given last."""

    def __init__(self, flow: Flow, handlers: Handlers, folder: Path, watchdog_seconds: float) -> None:
        self._flow, self._handlers, self._folder = flow, handlers, folder
        self._lock = threading.RLock()
        self._graph: Graph | None = None
        self._pipeline: Pipeline | None = None
        self._watch = PipelineWatch(watchdog_seconds)
        self._sources: dict[str, SourceWatch] = {}
        self._stopping_since: float | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="deepstream", daemon=True)
        self._started = False

    @property
    def graph(self) -> Graph | None:
        """What runs, or is to run again."""
        return self._graph

    @property
    def rebuilds(self) -> int:
        return self._watch.rebuilds

    def use(self, graph: Graph, watchdog_seconds: float) -> None:
        """Run this graph from now on. Raises DeepstreamError where it can't be built; then what ran before is
        built again.
        """
        with self._lock:
            before = self._graph
            self._watch.limit = watchdog_seconds
            for source in self._sources.values():
                source.limit = watchdog_seconds
            changes = pipeline_changes(before if self._pipeline else None, graph)
            if changes.rebuild:
                self._replace(graph, before)
            else:
                assert self._pipeline is not None
                assert before is not None
                self._change(self._pipeline, before, graph, changes)
            if not self._started:
                self._thread.start()
                self._started = True

    def close(self, timeout: float) -> bool:
        """Stop everything; false where that takes longer than ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        self._closed.set()
        if self._started:
            self._thread.join(timeout)
        # GStreamer waits for its own threads for as long as they take; whoever closes may not have that long.
        last = threading.Thread(target=self._close_pipeline, name="deepstream-end", daemon=True)
        last.start()
        last.join(max(0.05, deadline - time.monotonic()))
        return not self._thread.is_alive() and not last.is_alive()

    def _close_pipeline(self) -> None:
        with self._lock:
            self._take_down("stopped")

    def stuck(self) -> str | None:
        """Why nothing but a new process will help; None where all is well."""
        if self._started and not self._thread.is_alive() and not self._closed.is_set():
            return "the thread that watches the pipeline has ended"
        since = self._stopping_since
        if since is None or time.monotonic() - since < STOP_LIMIT:
            return None
        return f"GStreamer has not stopped the pipeline within {STOP_LIMIT:.0f} s"

    def queue_levels(self) -> Mapping[str, int]:
        """Buffers in each of the trunk's queues; empty while there is no pipeline, or while it changes."""
        if not self._lock.acquire(blocking=False):
            return {}
        try:
            return self._pipeline.queue_levels() if self._pipeline is not None else {}
        finally:
            self._lock.release()

    # --- building ------------------------------------------------------------------------------

    def _change(self, pipeline: Pipeline, before: Graph, graph: Graph, changes: PipelineChanges) -> None:
        for camera in changes.stop:
            self._stop_camera(pipeline, before, camera)
        self._graph = graph
        self._books_for(graph)
        for camera in changes.start:
            if not self._start_camera(pipeline, graph, camera):
                return  # the next pipeline has the other cameras and values, too
        for element, name, value in changes.values:
            pipeline.set_value(element, name, value)

    def _replace(self, graph: Graph, before: Graph | None) -> None:
        self._take_down("stopped")
        self._books_for(graph)
        try:
            self._set_up(graph)
        except DeepstreamError:
            if before is not None:
                self._books_for(before)
                self._graph = before
                self._try_again()
            raise

    def _set_up(self, graph: Graph) -> None:
        """Raises DeepstreamError."""
        pipeline = Pipeline(graph, self._folder, self._handlers)
        self._graph = graph
        pipeline.play()
        self._pipeline = pipeline
        now = time.monotonic()  # starting may take minutes, where TensorRT builds an engine
        for camera in graph.sources:
            self._began(camera, now)
        self._watch.started(now)
        log.info("the pipeline runs", cameras=len(graph.sources), batch_size=graph.batch_size)

    def _take_down(self, cause: str) -> None:
        if self._pipeline is not None:
            self._stopping_since = time.monotonic()
            self._pipeline.stop()
            self._stopping_since = None
            self._pipeline = None
            self._flow.dispatch.abandon(cause)

    def _books_for(self, graph: Graph) -> None:
        for camera in [camera for camera in self._flow.books if camera not in graph.sources]:
            self._forget(camera)
        for camera in graph.sources:
            if camera not in self._flow.books:
                self._flow.add(camera)

    def _began(self, camera: str, now: float) -> None:
        """A source is being started."""
        book = self._flow.books[camera]
        book.last_arrival, book.has_ended = None, False
        book.status.trying()
        self._sources.setdefault(camera, SourceWatch(self._watch.limit, now)).started(now)

    def _start_camera(self, pipeline: Pipeline, graph: Graph, camera: str) -> bool:
        """False: not without a new pipeline."""
        log.info("camera starts", camera=camera)
        self._began(camera, time.monotonic())
        try:
            pipeline.start_camera(graph, camera)
        except DeepstreamError as error:
            # A muxer or demuxer that gives no more pads while it runs: a new pipeline has them.
            self._failed(f"{error}; a new pipeline is built")
            return False
        return True

    def _stop_camera(self, pipeline: Pipeline, graph: Graph, camera: str) -> None:
        log.info("camera stops", camera=camera)
        pipeline.stop_camera(graph, camera)
        self._forget(camera)

    def _forget(self, camera: str) -> None:
        self._sources.pop(camera, None)
        self._flow.remove(camera)

    # --- watching --------------------------------------------------------------------------------

    def _run(self) -> None:
        """The thread's supervisor boundary: what nobody foresaw costs a pipeline."""
        while not self._closed.is_set():
            try:
                self._turn()
            except Exception as error:
                log.exception("watching the pipeline failed")
                with self._lock:
                    self._failed(f"an error in camwire itself ({type(error).__name__}); the log says more")

    def _turn(self) -> None:
        """Wait for what the pipeline says, at most LOOK_EVERY, and do what has to be done."""
        pipeline = self._pipeline
        notices = pipeline.notices(LOOK_EVERY) if pipeline is not None else []
        if pipeline is None:
            self._closed.wait(LOOK_EVERY)
        with self._lock:
            if pipeline is self._pipeline:
                for notice in notices:
                    self._hear(notice)
            if not self._closed.is_set():
                self._look(time.monotonic())

    def _hear(self, notice: Notice) -> None:
        if self._pipeline is None:
            return
        if notice.kind == "warning":
            log.warning("the pipeline warns", camera=notice.camera, reason=notice.text)
        elif notice.camera is not None and notice.camera in self._sources:
            if notice.of_output:
                assert self._graph is not None
                self._pipeline.stop_output(self._graph, notice.camera)  # it starts again with the source
            self._lose_source(notice.camera, notice.text)
        else:
            self._failed(notice.text)

    def _look(self, now: float) -> None:
        if self._pipeline is None:
            if self._watch.retry_at is not None and now >= self._watch.retry_at:
                self._try_again()
            return
        self._watch.batch(self._flow.last_batch)
        arrivals = [book.last_arrival for book in self._flow.books.values() if book.last_arrival is not None]
        if complaint := self._watch.complaint(max(arrivals, default=None), now):
            self._failed(complaint)
            return
        for camera, source in list(self._sources.items()):
            if source.is_due(now):
                if not self._restart_source(camera, now):
                    return  # the next pipeline starts the other sources, too
            elif self._flow.books[camera].has_ended:
                self._lose_source(camera, "the stream has ended")
            elif complaint := source.complaint(self._flow.books[camera].last_arrival, now):
                self._lose_source(camera, complaint)

    def _lose_source(self, camera: str, reason: str) -> None:
        """The other cameras notice nothing."""
        source = self._sources[camera]
        if source.retry_at is not None:
            return
        log.warning("a camera's elements failed", camera=camera, reason=reason)
        assert self._pipeline is not None
        assert self._graph is not None
        self._pipeline.stop_source(self._graph, camera)
        source.failed(self._flow.books[camera].status.failed(reason))

    def _restart_source(self, camera: str, now: float) -> bool:
        """False: not without a new pipeline."""
        assert self._pipeline is not None
        assert self._graph is not None
        self._began(camera, now)
        try:
            self._pipeline.start_camera(self._graph, camera)
        except DeepstreamError as error:
            self._failed(str(error))
            return False
        return True

    def _failed(self, reason: str) -> None:
        """Nothing less than a new pipeline will do."""
        now = time.monotonic()
        retry_at = self._watch.failed(now, reason)
        log.error("the pipeline is built anew", reason=reason, in_s=round(retry_at - now, 1))
        self._take_down("error")
        for camera, source in self._sources.items():
            if source.retry_at is None:
                self._flow.books[camera].status.failed(reason)

    def _try_again(self) -> None:
        assert self._graph is not None
        try:
            self._set_up(self._graph)
        except DeepstreamError as error:
            self._failed(str(error))
