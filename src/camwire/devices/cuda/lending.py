"""Device memory for pictures that other processes decode: the worker's end, and theirs.

The worker takes it and owns it, so a process that ends takes nothing with it. A picture is copied once,
within the device (3 MB at 1080p), and FFmpeg has its surface back at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from camwire.devices import DeviceError
from camwire.devices.cuda.context import open_context
from camwire.devices.cuda.decoder import refusal
from camwire.devices.cuda.driver import Context, context_of
from camwire.devices.cuda.room import Room, require_room
from camwire.devices.cuda.surfaces import PictureOnDevice, Surface, surface_of
from camwire.frames import Size

PIECE = 2 << 20
"""What is a multiple of this, CUDA doesn't take from the same block as anything else: what others open begins
where it begins here."""
ALIGNED = 512
"""Bytes; places begin at multiples, as rows of FFmpeg's surfaces do."""


class LentPicture(PictureOnDevice):
    """A picture on a lent shelf; its place is free when it goes."""

    __slots__ = ("_let_go", "_shelf")

    def __init__(self, surface: Surface, shelf: LentMemory, let_go: Callable[[], None]) -> None:
        super().__init__(surface)
        self._shelf = shelf  # which stays as long as this does
        self._let_go = let_go

    def __del__(self) -> None:
        self._let_go()


class LentMemory:
    """Memory of the worker for pictures, which another process may open by ``handle``."""

    def __init__(self, index: int, place_size: int, size: int) -> None:
        """``size``: of all places together, ``place_size`` that of one, aligned; in bytes. Raises DeviceError
        where the GPU has too little."""
        import cupy
        from cupy.cuda import runtime

        self._index = index
        self._place_size = place_size
        self._address = 0
        with cupy.cuda.Device(index):
            try:
                self._address = int(runtime.malloc(size))
                self.handle: bytes = runtime.ipcGetMemHandle(self._address)
            except runtime.CUDARuntimeError as error:
                raise DeviceError(
                    f"cuda:{index} has no memory for another camera's pictures: {error}"
                ) from None

    def picture(self, place: int, how: Sequence[Any], let_go: Callable[[], None]) -> LentPicture:
        """The picture in a place; ``how`` it lies there is what ``Borrower.described`` said."""
        chroma, luma_pitch, chroma_pitch, width, height, wide, kr, kb, full = how
        begin = self._address + place * self._place_size
        surface = Surface(
            begin, begin + chroma, luma_pitch, chroma_pitch, Size(width, height), wide, (kr, kb), full
        )
        return LentPicture(surface, self, let_go)

    def __del__(self) -> None:
        if not self._address:
            return
        import cupy

        with cupy.cuda.Device(self._index):
            cupy.cuda.runtime.free(self._address)


class CudaLender:
    """The worker's end."""

    def __init__(self, index: int, room: Room) -> None:
        self._index = index
        self._room = room
        self.borrower: tuple[str, ...] = ("camwire.devices.cuda.lending:CudaBorrower", str(index))

    def shelf(self, place_size: int, places: int) -> LentMemory:
        """Raises DeviceError where the GPU has too little memory."""
        place = aligned(place_size)
        size = -(-place * places // PIECE) * PIECE
        self._room.admit(size)
        return LentMemory(self._index, place, size)


class Described(NamedTuple):
    """``camwire.sources.apart.shelves.Lying``."""

    size: int
    how: tuple[Any, ...]
    where: int


class CudaShelf:
    """A lent shelf in the process that fills it."""

    def __init__(self, context: Context, handle: bytes, place_size: int) -> None:
        self._context = context
        self._place_size = aligned(place_size)
        self._address = context.open_memory(handle)

    def put(self, picture: Described, place: int) -> None:
        """Copy a picture into a place; it is there when this returns. Raises DeviceError."""
        self._context.copy(self._address + place * self._place_size, picture.where, picture.size)

    def close(self) -> None:
        self._context.close_memory(self._address)


class CudaBorrower:
    """The end of a process that decodes: NVDEC, and the worker's shelves. It has neither CuPy nor PyTorch."""

    def __init__(self, index: str) -> None:
        """Raises DeviceError."""
        self._index = int(index)
        open_context(self._index)
        self._context = context_of(self._index)

    def hwaccel(self) -> Any:
        """As ``CudaDevice.hwaccel``."""
        require_room(self._index, self._context.free_memory())
        return nvdec(self._index)

    def refuses(self, codec: str, pixel_format: str | None) -> str | None:
        """As ``CudaDevice.refuses``."""
        return refusal(self._index, codec, pixel_format)

    def described(self, picture: Any) -> Described:
        """Both planes of an ``av.VideoFrame`` that NVDEC made. Raises DeviceError for any other."""
        surface = surface_of(picture)
        chroma = surface.chroma - surface.luma
        rows = -(-surface.size.height // 2)
        if not surface.luma_pitch * surface.size.height <= chroma < 2 * surface.luma_pitch * (rows * 2 + 256):
            raise DeviceError("the planes of a decoded picture aren't one piece of memory")
        how = (
            chroma,
            surface.luma_pitch,
            surface.chroma_pitch,
            *surface.size,
            surface.wide,
            *surface.kr_kb,
            surface.full,
        )
        return Described(chroma + surface.chroma_pitch * rows, how, surface.luma)

    def shelf(self, handle: bytes, place_size: int) -> CudaShelf:
        """Raises DeviceError."""
        return CudaShelf(self._context, handle, place_size)


def nvdec(index: int) -> Any:
    """NVDEC, frames staying on the device; what it can't decode is an error."""
    from av.codec.hwaccel import HWAccel

    return HWAccel(device_type="cuda", device=str(index), is_hw_owned=True, allow_software_fallback=False)


def aligned(size: int) -> int:
    return -(-size // ALIGNED) * ALIGNED
