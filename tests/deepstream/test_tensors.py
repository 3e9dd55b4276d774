"""Tensors in DeepStream's metadata, handed on as DLPack: what they are, and how long they live."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from ctypes import CFUNCTYPE, c_float, c_int, c_uint, c_uint64, c_void_p, cast
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from camwire.deepstream.tensors import DeviceTensor, Owner, Region, TensorError, TensorLibrary, gst_buffer
from tests.conftest import missing_package
from tests.deepstream.native.libraries import Libraries

pytestmark = pytest.mark.integration

PREPROCESSED = {np.float32: 0, np.uint8: 1, np.int8: 2, np.uint32: 3, np.int32: 4, np.int64: 5, np.uint64: 6}
PREPROCESSED[np.float16] = 7
LAYERS = {np.float32: 0, np.float16: 1, np.int8: 2, np.int32: 3, np.int64: 4, np.uint8: 5}
HOST = (1, 0)


class Counted:
    """An owner that counts its references, in place of a GstBuffer."""

    def __init__(self) -> None:
        self.retained = self.released = 0
        function = CFUNCTYPE(None, c_void_p)
        self._retain, self._release = function(self._retained), function(self._released)

    def _retained(self, address: int) -> None:
        assert address == 42
        self.retained += 1

    def _released(self, address: int) -> None:
        assert address == 42
        self.released += 1

    @property
    def alive(self) -> int:
        return self.retained - self.released

    @property
    def owner(self) -> Owner:
        retain, release = (cast(call, c_void_p).value for call in (self._retain, self._release))
        assert retain is not None
        assert release is not None
        return Owner(42, retain, release)


class Batch:
    """A batch's metadata, built by hand in the harness. Tensors lie in numpy's memory."""

    def __init__(self, harness: Any, frames: int = 2) -> None:
        self._harness, self._memory = harness, []  # type: Any, list[NDArray[Any]]
        harness.harness_batch.restype = harness.harness_meta.restype = c_void_p
        self._batch = c_void_p(harness.harness_batch(frames))
        self.meta: int = harness.harness_meta(self._batch)

    def add_foreign(self, kind: int) -> None:
        self._harness.harness_add_foreign(self._batch, kind)

    def add_preprocessed(
        self,
        data: NDArray[Any],
        *,
        meta_id: int = 0,
        shape: tuple[int, ...] | None = None,
        kind: int | None = None,
    ) -> None:
        self._memory.append(data)
        sides = data.shape if shape is None else shape
        self._harness.harness_add_preprocessed(
            self._batch,
            c_void_p(data.ctypes.data),
            c_uint64(data.nbytes),
            PREPROCESSED[data.dtype.type] if kind is None else kind,
            (c_int * len(sides))(*sides),
            len(sides),
            c_uint64(1),
            meta_id,
            b"images",
        )

    def add_inferred(
        self,
        data: NDArray[Any],
        *,
        position: int = 0,
        region: bool = False,
        device: bool = False,
    ) -> None:
        self._memory.append(data)
        at = c_void_p(data.ctypes.data)
        sides = (c_uint * data.ndim)(*data.shape)
        host, gpu = (None, at) if device else (at, None)
        kind = LAYERS[data.dtype.type]
        self._harness.harness_add_inferred(
            self._batch, position, region, host, gpu, kind, sides, data.ndim, 1, b"output0"
        )

    def set_regions(self, *regions: tuple[int, tuple[float, ...]]) -> None:
        """Of the last preprocessed tensor: frames' positions; left, top, width, height, scales, offsets."""
        numbers = [number for _, row in regions for number in row]
        positions = (c_uint * len(regions))(*(position for position, _ in regions))
        self._harness.harness_set_regions(
            self._batch, len(regions), positions, (c_float * len(numbers))(*numbers)
        )

    def free(self) -> None:
        self._harness.harness_free(self._batch)


@pytest.fixture(scope="module")
def library(native: Libraries) -> TensorLibrary:
    return TensorLibrary(native.metadata)


@pytest.fixture
def batch(native: Libraries) -> Iterator[Batch]:
    made = Batch(native.harness)
    yield made
    made.free()


@pytest.fixture
def counted() -> Counted:
    return Counted()


def on_host(tensor: DeviceTensor) -> DeviceTensor:
    """Preprocessed tensors are on a GPU as far as the library knows; here they are in numpy's memory."""
    tensor._raw.device, tensor._raw.device_id = HOST
    return tensor


def picture(shape: tuple[int, ...], kind: Any = np.float32) -> NDArray[Any]:
    return np.arange(np.prod(shape)).reshape(shape).astype(kind)


@pytest.mark.parametrize("kind", PREPROCESSED, ids=lambda kind: kind.__name__)
def test_a_preprocessed_tensor_is_the_memory_itself(
    library: TensorLibrary, batch: Batch, counted: Counted, kind: Any
) -> None:
    data = picture((2, 3, 4, 5), kind)
    batch.add_foreign(27)
    batch.add_preprocessed(data, meta_id=3)
    (tensor,) = library.preprocessed(batch.meta, counted.owner)
    assert (tensor.name, tensor.shape, tensor.dtype) == ("images", (2, 3, 4, 5), np.dtype(kind).name)
    assert (tensor.pad, tensor.meta_id, tensor.__dlpack_device__()) == (None, 3, (2, 0))
    array = np.from_dlpack(on_host(tensor))
    assert array.dtype == data.dtype
    np.testing.assert_array_equal(array, data)
    data[1, 2, 3, 4] = 99
    assert array[1, 2, 3, 4] == 99


@settings(max_examples=30)
@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=8),
    data=st.data(),
    kind=st.sampled_from(list(LAYERS)),
)
def test_any_order_of_sides(
    native: Libraries, library: TensorLibrary, shape: list[int], data: Any, kind: Any
) -> None:
    batch, counted, values = Batch(native.harness), Counted(), picture(tuple(shape), kind)
    batch.add_inferred(values, position=1)
    (tensor,) = library.inferred(batch.meta, counted.owner)
    assert (tensor.pad, tensor.name) == (11, "output0")
    once, twice = (data.draw(st.permutations(range(len(shape)))) for _ in range(2))
    array = np.from_dlpack(tensor.permuted(*once).permuted(*twice))
    np.testing.assert_array_equal(array, values.transpose(once).transpose(twice))
    batch.free()


def test_nhwc_is_a_view_of_nchw(library: TensorLibrary, batch: Batch, counted: Counted) -> None:
    data = picture((2, 3, 4, 5))
    batch.add_preprocessed(data)
    (tensor,) = library.preprocessed(batch.meta, counted.owner)
    array = np.from_dlpack(on_host(tensor).nhwc)
    assert (array.shape, array.strides) == ((2, 4, 5, 3), data.transpose(0, 2, 3, 1).strides)
    np.testing.assert_array_equal(array, data.transpose(0, 2, 3, 1))


def test_nhwc_of_one_picture_and_of_what_is_none(
    library: TensorLibrary, batch: Batch, counted: Counted
) -> None:
    batch.add_inferred(picture((3, 4, 5)))
    batch.add_inferred(picture((84, 20)), position=1)
    one, table = library.inferred(batch.meta, counted.owner)
    assert one.nhwc.shape == (4, 5, 3)
    with pytest.raises(ValueError, match="output0 has 2 sides"):
        _ = table.nhwc
    with pytest.raises(ValueError, match="no order of 2 sides"):
        table.permuted(0, 0)


def test_lives_until_the_last_array_is_gone(library: TensorLibrary, batch: Batch, counted: Counted) -> None:
    batch.add_preprocessed(picture((1, 3, 4, 5)))
    (tensor,) = library.preprocessed(batch.meta, counted.owner)
    arrays = [np.from_dlpack(on_host(tensor)), np.from_dlpack(tensor.nhwc)]
    assert counted.alive == 3
    view = arrays[0][0, 1:]
    del tensor
    assert counted.alive == 2
    arrays.clear()
    gc.collect()
    assert counted.alive == 1
    del view
    gc.collect()
    assert (counted.retained, counted.released) == (3, 3)


def test_a_capsule_that_nobody_takes_lets_go(library: TensorLibrary, batch: Batch, counted: Counted) -> None:
    batch.add_preprocessed(picture((1, 3, 4, 5)))
    (tensor,) = library.preprocessed(batch.meta, counted.owner)
    capsule = tensor.__dlpack__()
    assert counted.alive == 2
    del capsule
    assert counted.alive == 1
    del tensor
    assert (counted.retained, counted.released) == (2, 2)


def test_a_batch_without_tensors_is_not_held(library: TensorLibrary, batch: Batch, counted: Counted) -> None:
    batch.add_foreign(12_345)
    assert library.tensors(batch.meta, counted.owner) == []
    assert counted.retained == 0


def test_a_gst_buffer_is_counted() -> None:
    try:
        gstreamer = ctypes.CDLL("libgstreamer-1.0.so.0")
    except OSError:
        missing_package("GStreamer", "apt-get install libgstreamer1.0-0")
    gstreamer.gst_init(None, None)
    gstreamer.gst_buffer_new.restype = c_void_p
    address = gstreamer.gst_buffer_new()
    count = ctypes.c_int.from_address(address + 8)  # GstMiniObject: its type, then the count
    owner = gst_buffer(address)
    function = CFUNCTYPE(None, c_void_p)
    assert count.value == 1
    function(owner.retain)(address)
    assert count.value == 2
    function(owner.release)(address)
    assert count.value == 1
    gstreamer.gst_mini_object_unref(c_void_p(address))


def test_preprocessed_goes_before_inferred(library: TensorLibrary, batch: Batch, counted: Counted) -> None:
    batch.add_inferred(picture((84, 20)))
    assert [tensor.name for tensor in library.tensors(batch.meta, counted.owner)] == ["output0"]
    batch.add_preprocessed(picture((1, 3, 4, 5)))
    assert [tensor.name for tensor in library.tensors(batch.meta, counted.owner)] == ["images"]


def test_several_preprocessed_tensors(library: TensorLibrary, batch: Batch, counted: Counted) -> None:
    batch.add_preprocessed(picture((1, 3, 4, 5)))
    batch.set_regions((1, (10, 20, 30, 40, 0.5, 0.25, 3, 4)))
    batch.add_preprocessed(picture((2, 3, 4, 5)), meta_id=7)
    first, second = library.preprocessed(batch.meta, counted.owner)
    assert (first.meta_id, second.meta_id) == (0, 7)
    assert first.nhwc.regions == (Region(11, (10, 20, 40, 60), (0.5, 0.25), (3, 4)),)
    assert [region.pad for region in second.regions] == [10, 11]


def test_what_is_still_alive_is_counted(library: TensorLibrary, batch: Batch, counted: Counted) -> None:
    assert library.alive == 0
    batch.add_preprocessed(picture((1, 3, 4, 5)))
    (tensor,) = library.tensors(batch.meta, counted.owner)
    assert library.alive == 1
    array = np.from_dlpack(on_host(tensor))
    assert library.alive == 2
    del tensor
    assert library.alive == 1
    del array
    gc.collect()
    assert library.alive == 0


def test_outputs_of_regions(library: TensorLibrary, batch: Batch, counted: Counted) -> None:
    """Where nvdspreprocess feeds nvinfer, the outputs are with the regions that it cut."""
    batch.add_preprocessed(picture((2, 3, 4, 5)))
    batch.add_inferred(picture((84, 20)), position=1, region=True)
    (tensor,) = library.inferred(batch.meta, counted.owner)
    assert (tensor.pad, tensor.shape) == (11, (84, 20))


def test_outputs_on_the_gpu_are_taken_there(library: TensorLibrary, batch: Batch, counted: Counted) -> None:
    batch.add_inferred(picture((84, 20)), device=True)
    (tensor,) = library.inferred(batch.meta, counted.owner)
    assert tensor.__dlpack_device__() == (2, 0)
    with pytest.raises(BufferError, match="without a copy"):
        np.from_dlpack(tensor, device="cpu")


def test_more_tensors_than_there_is_room_for_at_first(
    native: Libraries, library: TensorLibrary, counted: Counted
) -> None:
    batch = Batch(native.harness, frames=100)
    for position in range(100):
        batch.add_inferred(np.full(3, position, np.int32), position=position)
    found = library.inferred(batch.meta, counted.owner)
    assert [int(np.from_dlpack(tensor)[0]) for tensor in found] == list(range(100))
    assert {tensor.pad for tensor in found} == set(range(10, 110))
    batch.free()


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ("doesn't fit into its 240 bytes", {"shape": (2, 3, 4, 5)}),
        ("a type that isn't known", {"kind": 99}),
        ("no memory or a type", {"shape": (1, 0, 4, 5)}),
        ("no memory or a type", {"shape": (-1, 3, 4, 5)}),
        ("has 9 sides", {"shape": (1,) * 9}),
        ("has 0 sides", {"shape": ()}),
    ],
)
def test_a_tensor_that_cannot_be(
    library: TensorLibrary, batch: Batch, counted: Counted, message: str, arguments: dict[str, Any]
) -> None:
    batch.add_preprocessed(picture((1, 3, 4, 5)), **arguments)
    with pytest.raises(TensorError, match=message):
        library.preprocessed(batch.meta, counted.owner)
    gc.collect()
    assert counted.alive == 0


def test_a_library_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TensorError, match="cmake --install build"):
        TensorLibrary(tmp_path / "none.so")
