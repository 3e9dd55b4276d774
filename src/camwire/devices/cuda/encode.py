"""JPEG through nvJPEG: several pictures at once, each with an encoder state and a stream of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from camwire.devices.cuda.memory import Pinned
from camwire.devices.cuda.nvjpeg import Handle, Image
from camwire.devices.cuda.render import CudaPicture
from camwire.devices.cuda.threads import PerThread, high_priority_stream

STATES = 8
"""Pictures a thread has under way; more gain nothing on an H100."""
OUTBOX = 16 << 20
"""Bytes of JPEG on their way to the host before a thread waits for them."""


class CudaEncoder:
    """Implements :class:`camwire.devices.contracts.Encoder`; any number of threads may call it at once."""

    def __init__(self, index: int, states: int = STATES) -> None:
        """Starts the library, which takes seconds. Raises DeviceError."""
        import cupy

        with cupy.cuda.Device(index):
            handle = Handle()
        self._benches = PerThread(index, lambda: _Bench(handle, states))

    def __call__(self, pictures: Sequence[CudaPicture], quality: int) -> list[bytes]:
        """A JPEG (4:2:0) of each picture; ``quality`` is 1 to 100. Raises DeviceError."""
        return self._benches.get().encode(pictures, quality)


class _Post:
    """An encoder state with its stream."""

    def __init__(self, handle: Handle) -> None:
        self.stream: Any = high_priority_stream()
        self.pointer: int = self.stream.ptr
        self.state = handle.state(self.pointer)
        self.image = Image()


class _Bench:
    """One thread's encoder states and the pinned memory into which JPEGs come."""

    def __init__(self, handle: Handle, states: int) -> None:
        self._handle = handle
        self._posts = [_Post(handle) for _ in range(states)]
        self._parameters: dict[int, Any] = {}
        self._outbox = Pinned(OUTBOX)

    def encode(self, pictures: Sequence[CudaPicture], quality: int) -> list[bytes]:
        if not pictures:
            return []
        if quality not in self._parameters:
            self._parameters[quality] = self._handle.parameters(quality, self._posts[0].pointer)
            self._posts[0].stream.synchronize()
        drawn = pictures[0].stream.record()
        for post in self._posts[: len(pictures)]:
            post.stream.wait_event(drawn)
        outbox = _Outbox(self._outbox, self._posts)
        for position, picture in enumerate(pictures):
            post = self._posts[position % len(self._posts)]
            if position >= len(self._posts):
                outbox.take(self._handle, post)
            self._start(post, picture, quality)
        for position in range(max(0, len(pictures) - len(self._posts)), len(pictures)):
            outbox.take(self._handle, self._posts[position % len(self._posts)])
        return outbox.emptied()

    def _start(self, post: _Post, picture: CudaPicture, quality: int) -> None:
        width, height = picture.size
        post.image.channel[:3] = picture.planes
        post.image.pitch[:3] = width, width // 2, width // 2
        self._handle.encode(post.state, self._parameters[quality], post.image, width, height, post.pointer)


class _Outbox:
    """JPEGs on their way into pinned memory, in the pictures' order."""

    def __init__(self, memory: Pinned, posts: Sequence[_Post]) -> None:
        self._memory = memory
        self._posts = posts
        self._spans: list[tuple[int, int]] = []
        self._used = 0
        self._done: list[bytes] = []

    def take(self, handle: Handle, post: _Post) -> None:
        """Wait for a picture's length and start copying it; the state is free for the next picture."""
        length = handle.length(post.state, post.pointer)
        if self._used + length > len(self._memory.bytes):
            self._empty()
        if length > len(self._memory.bytes):
            raise ValueError(f"a JPEG of {length} bytes is larger than anything expected")
        handle.fetch(post.state, self._memory.address + self._used, length, post.pointer)
        self._spans.append((self._used, length))
        self._used += length

    def _empty(self) -> None:
        for post in self._posts:
            post.stream.synchronize()
        held = self._memory.bytes
        self._done += [held[start : start + length].tobytes() for start, length in self._spans]
        self._spans, self._used = [], 0

    def emptied(self) -> list[bytes]:
        self._empty()
        return self._done
