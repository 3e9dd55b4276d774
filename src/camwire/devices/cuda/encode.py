"""JPEGs of a whole batch in two launches (kernels/jpeg.cu) and two copies: how long they are, and they."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from camwire.devices import DeviceError
from camwire.devices.cuda import jpeg
from camwire.devices.cuda.memory import DeviceMemory, Pinned, Workspace, bytes_at
from camwire.devices.cuda.program import launch
from camwire.devices.cuda.render import CudaPicture
from camwire.devices.cuda.surfaces import Records
from camwire.devices.cuda.threads import PerThread, high_priority_stream
from camwire.frames import Size

JPEG_PICTURE = np.dtype(
    [
        *((name, np.uint64) for name in ("y", "u", "v")),
        *(
            (name, np.int32)
            for name in (
                "y_pitch",
                "c_pitch",
                "width",
                "height",
                "columns",
                "rows",
                "first_block",
                "first_segment",
                "header",
                "header_size",
                "headers_through",
                "quality",
            )
        ),
    ]
)
"""``JpegPicture`` of kernels/transform.cuh."""

BLOCKS_A_MCU, WORDS_A_BLOCK = 6, 40
"""As in kernels/transform.cuh and huffman.cuh."""
ALIGNED = 256
ROOM_A_PIXEL = 0.5
"""Bytes of JPEG that room is made for at first; a good quality takes half. Pictures that need more get it."""


class Plan(NamedTuple):
    """What there is to do for a batch."""

    records: Records
    """[pictures] of JPEG_PICTURE, but for the planes' addresses."""
    headers: bytes
    blocks: int
    segments: int
    pixels: int

    @property
    def grid(self) -> tuple[int, int]:
        return int(self.records["rows"].max()), len(self.records)


@lru_cache(maxsize=64)
def plan(sizes: tuple[Size, ...], quality: int) -> Plan:
    """For pictures of these sizes. Raises DeviceError for one that is too large."""
    records = np.zeros(len(sizes), JPEG_PICTURE)
    sides = np.array(sizes, np.int32).reshape(-1, 2)
    if sides.max() > jpeg.LARGEST:
        raise DeviceError(f"a JPEG has {jpeg.LARGEST} pixels a side at most, not {sides.max()}")
    records["width"], records["height"] = sides.T
    records["columns"], records["rows"] = -(-sides.T // jpeg.MCU)
    blocks = records["columns"] * records["rows"] * BLOCKS_A_MCU
    records["first_block"] = np.cumsum(blocks) - blocks
    records["first_segment"] = np.cumsum(records["rows"]) - records["rows"]
    each = [jpeg.header(size, quality) for size in sizes]
    records["header_size"] = [len(header) for header in each]
    records["headers_through"] = np.cumsum(records["header_size"])
    records["header"] = records["headers_through"] - records["header_size"]
    pixels = int(sides.prod(axis=1).sum())
    return Plan(records, b"".join(each), int(blocks.sum()), int(records["rows"].sum()), pixels)


class CudaEncoder:
    """Implements :class:`camwire.devices.contracts.Encoder`; any number of threads may call it at once."""

    def __init__(self, index: int) -> None:
        self._benches = PerThread(index, _Bench)

    def __call__(self, pictures: Sequence[CudaPicture], quality: int) -> list[bytes]:
        """A JPEG (4:2:0) of each picture; ``quality`` is 1 to 100. Raises DeviceError.

        The pictures are those of one call of the renderer by the same thread.
        """
        return self._benches.get().encode(pictures, quality) if pictures else []


class _Bench:
    """One thread's memory."""

    def __init__(self) -> None:
        self._upload = Workspace()
        self._codes = _uploaded(jpeg.codes())
        self._scales: dict[int, DeviceMemory] = {}
        self._work = DeviceMemory(0)
        self._made = DeviceMemory(0)
        self._starts = Workspace()
        self._outbox = Pinned(0)

    def encode(self, pictures: Sequence[CudaPicture], quality: int) -> list[bytes]:
        stream = pictures[0].stream
        todo = plan(tuple(picture.size for picture in pictures), quality)
        records = todo.records.copy()
        records["y"], records["u"], records["v"] = np.array([p.planes for p in pictures], np.uint64).T
        records["y_pitch"], records["c_pitch"] = records["width"], records["width"] // 2
        table = self._sent(records, todo.headers, stream)
        parts = self._reserved(todo)
        encode = _pointers(table, self._scales_of(quality).address, self._codes.address, *parts)
        launch("jpeg", "jpeg_encode", todo.grid, encode, stream)
        starts = self._gathered(todo, table, parts, stream)
        if starts[-1] > self._made.size:
            self._made = DeviceMemory(int(starts[-1] * 1.2))
            starts = self._gathered(todo, table, parts, stream)
        return self._fetched(starts, stream)

    def _sent(self, records: Records, headers: bytes, stream: Any) -> int:
        """The table's address on the device; the headers lie behind it."""
        behind = -(-records.nbytes // ALIGNED) * ALIGNED
        size = behind + len(headers)
        self._upload.reserve(size)
        here = self._upload.host.bytes
        here[: records.nbytes] = records.view(np.uint8)
        here[behind:size] = np.frombuffer(headers, np.uint8)
        self._upload.device.upload(self._upload.host, size, stream.ptr)
        return self._upload.device.address

    def _scales_of(self, quality: int) -> DeviceMemory:
        if quality not in self._scales:
            self._scales[quality] = _uploaded(jpeg.scales(quality))
        return self._scales[quality]

    def _reserved(self, todo: Plan) -> _Parts:
        """Room for what goes from launch to launch. The stream has come to the end of the last batch."""
        sizes = todo.blocks * WORDS_A_BLOCK * 4, todo.segments * 4, todo.segments * 4
        starts, total = [], 0
        for size in sizes:
            starts.append(total)
            total += -(-size // ALIGNED) * ALIGNED
        if self._work.size < total:
            self._work = DeviceMemory(total)
        if self._made.size < todo.pixels * ROOM_A_PIXEL:
            self._made = DeviceMemory(int(todo.pixels * ROOM_A_PIXEL))
        self._starts.reserve((len(todo.records) + 1) * 4)
        return _Parts(*(self._work.address + start for start in starts))

    def _gathered(self, todo: Plan, table: int, parts: _Parts, stream: Any) -> list[int]:
        """Where each JPEG begins in ``self._made``, and where the last one ends."""
        headers = table + -(-todo.records.nbytes // ALIGNED) * ALIGNED
        where = self._starts.device.address
        arguments = (
            *_pointers(table, parts.words, parts.lengths, parts.sizes, headers),
            np.int32(self._made.size),
            *_pointers(self._made.address, where),
        )
        launch("jpeg", "jpeg_gather", todo.grid, arguments, stream)
        used = (len(todo.records) + 1) * 4
        self._starts.device.download(self._starts.host, used, stream.ptr)
        stream.synchronize()
        starts: list[int] = self._starts.host.bytes[:used].view(np.int32).tolist()
        return starts

    def _fetched(self, starts: list[int], stream: Any) -> list[bytes]:
        total = starts[-1]
        if len(self._outbox.bytes) < total:
            self._outbox = Pinned(int(total * 1.5))
        self._made.download(self._outbox, total, stream.ptr)
        stream.synchronize()
        here = self._outbox.address
        return [bytes_at(here + start, end - start) for start, end in pairwise(starts)]


class _Parts(NamedTuple):
    """Addresses."""

    words: int
    lengths: int
    sizes: int


def _pointers(*addresses: int) -> tuple[np.uint64, ...]:
    return tuple(map(np.uint64, addresses))


def _uploaded(array: Any) -> DeviceMemory:
    """The array on the device, all there when this returns."""
    stream = high_priority_stream()
    pinned, memory = Pinned(array.nbytes), DeviceMemory(array.nbytes)
    pinned.bytes[:] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    memory.upload(pinned, array.nbytes, stream.ptr)
    stream.synchronize()
    return memory
