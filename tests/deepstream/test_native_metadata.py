"""The C library through which a batch's frames, objects and pictures are read, on metadata built by hand."""

from __future__ import annotations

from collections.abc import Iterator
from ctypes import CDLL, c_char_p, c_double, c_float, c_uint, c_uint64, c_void_p, string_at
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camwire.analytics.nvdsanalytics.results import ObjectResult
from camwire.deepstream.gpu_pictures import picture_on_gpu
from camwire.deepstream.gst import DeepstreamError
from camwire.deepstream.metadata import UNTRACKED, MetadataError
from camwire.deepstream.native_metadata import FEW_OBJECTS, USUAL_ANALYTICS, NativeMetadata
from tests.deepstream.native.libraries import Libraries

pytestmark = pytest.mark.integration

NV12, NV12_ER, NV12_709, NV12_709_ER, RGBA = range(5)
DEFAULT, PINNED, DEVICE, UNIFIED = range(4)


class Buffer:
    """A GstBuffer of tests: its address is its metadata, as the minimal header has it."""

    def __init__(self, harness: CDLL, frames: int) -> None:
        self.harness = harness
        for name in ("harness_batch", "harness_meta", "harness_add_analytics", "harness_add_status"):
            getattr(harness, name).restype = c_void_p
        harness.harness_text.restype = c_char_p
        self.batch = c_void_p(harness.harness_batch(frames))
        self._address: int = harness.harness_meta(self.batch)
        self._analytics: dict[int, c_void_p] = {}

    def __hash__(self) -> int:
        return self._address

    def set_frame(self, position: int, pts: int, captured: int, inferred: bool, *sides: int) -> None:
        self.harness.harness_set_frame(
            self.batch, position, c_uint64(pts), c_uint64(captured), int(inferred), (c_uint * 4)(*sides)
        )

    def add(self, position: int, object_id: int, class_id: int, *numbers: float, text: str = "old") -> None:
        """``numbers``: score, left, top, width, height."""
        self.harness.harness_add_object(
            self.batch, position, c_uint64(object_id), class_id, (c_float * 5)(*numbers), text.encode()
        )

    def count(self, position: int, member: str, label: str, number: int) -> None:
        """What nvdsanalytics has counted in a frame; ``member`` of its structure."""
        if position not in self._analytics:
            self._analytics[position] = c_void_p(self.harness.harness_add_analytics(self.batch, position))
        self.harness.harness_count(
            self._analytics[position], member.encode(), label.encode(), c_uint64(number)
        )

    def say(self, position: int, place: int, **members: list[str]) -> None:
        """What it says of an object."""
        status = c_void_p(self.harness.harness_add_status(self.batch, position, place))
        for member, texts in members.items():
            for text in texts:
                self.harness.harness_say(status, member.encode(), text.encode())

    def texts(self, position: int) -> list[str]:
        found = (self.harness.harness_text(self.batch, position, place) for place in range(10_000))
        return [text.decode() for text in iter(found.__next__, None)]

    def free(self) -> None:
        self.harness.harness_free(self.batch)


@pytest.fixture(scope="module")
def metadata(native: Libraries) -> NativeMetadata:
    return NativeMetadata(native.metadata)


@pytest.fixture
def buffer(native: Libraries) -> Iterator[Buffer]:
    made = Buffer(native.harness, 2)
    yield made
    made.free()


def test_frames(metadata: NativeMetadata, buffer: Buffer) -> None:
    buffer.set_frame(0, 7_000_000_001, 1_700_000_000_500_000_000, True, 1280, 720, 1920, 1080)
    buffer.set_frame(1, 8, 0, False, 0, 0, 640, 480)
    found = metadata.read(buffer)
    assert found.pads.tolist() == [10, 11]
    assert found.pts.tolist() == [7_000_000_001, 8]
    assert found.captured.tolist() == [1_700_000_000.5, 0]
    assert found.inferred.tolist() == [True, False]
    assert found.sizes.tolist() == [[1280, 720], [640, 480]]
    assert found.source_sizes.tolist() == [[1920, 1080], [640, 480]]
    assert len(found.ids) == len(found.analytics) == 0


def test_objects_of_all_frames(metadata: NativeMetadata, buffer: Buffer) -> None:
    buffer.add(1, 5, 2, 0.5, 10, 20, 30, 40)
    buffer.add(0, UNTRACKED, 0, -0.1, 1.5, 2.5, 3, 4)
    buffer.add(1, 2**40, 79, 1, 0, 0, 1, 1)
    found = metadata.read(buffer)
    assert found.frame_index.tolist() == [0, 1, 1]
    assert found.ids.tolist() == [UNTRACKED, 5, 2**40]
    assert found.classes.tolist() == [0, 2, 79]
    assert found.scores.tolist() == [np.float32(-0.1), 0.5, 1]
    assert found.boxes.tolist() == [[1.5, 2.5, 4.5, 6.5], [10, 20, 40, 60], [0, 0, 1, 1]]


def test_more_objects_than_there_is_room_for_at_first(native: Libraries) -> None:
    buffer, count = Buffer(native.harness, 3), 3 * FEW_OBJECTS
    for number in range(count):
        buffer.add(number % 3, number, 0, 1, 0, 0, 1, 1)
    found = NativeMetadata(native.metadata).read(buffer)
    assert sorted(found.ids.tolist()) == list(range(count))
    assert np.bincount(found.frame_index).tolist() == [FEW_OBJECTS] * 3
    buffer.free()


@settings(max_examples=40)
@given(counts=st.lists(st.integers(0, 6), min_size=1, max_size=4), data=st.data())
def test_relabelled_objects_stay_and_all_others_go(
    native: Libraries, metadata: NativeMetadata, counts: list[int], data: Any
) -> None:
    buffer = Buffer(native.harness, len(counts))
    for frame, count in enumerate(counts):
        for place in range(count):
            buffer.add(frame, 100 * frame + place, 0, 1, 0, 0, 1, 1)
    total = sum(counts)
    rows = data.draw(
        st.permutations(range(total)).flatmap(lambda order: st.integers(0, total).map(lambda n: order[:n]))
    )
    ids = np.array([1000 + row for row in rows], np.int64)
    metadata.relabel(buffer, np.array(rows, np.int32), ids, [f"tür {row} €" for row in rows])
    kept = sorted(rows)
    found = metadata.read(buffer)
    assert found.ids.tolist() == [1000 + row for row in kept]
    starts = np.cumsum([0, *counts])
    assert found.frame_index.tolist() == [int(np.searchsorted(starts, row, side="right")) - 1 for row in kept]
    texts = [text for frame in range(len(counts)) for text in buffer.texts(frame)]
    assert texts == [f"tür {row} €" for row in kept]
    buffer.free()


def test_rows_that_are_not_there_are_nobody(metadata: NativeMetadata, buffer: Buffer) -> None:
    buffer.add(0, 5, 0, 1, 0, 0, 1, 1)
    metadata.relabel(buffer, np.array([-1, 7, 0], np.int32), np.array([1, 2, 3]), ["a", "b", "c"])
    assert metadata.read(buffer).ids.tolist() == [3]


def test_what_nvdsanalytics_says(metadata: NativeMetadata, buffer: Buffer) -> None:
    label = 'the "gate" \\ ü\n'
    name = label.replace("\n", " ")
    buffer.add(1, 5, 2, 0.5, 10, 20, 30, 40)
    buffer.add(1, 6, 2, 0.5, 10, 20, 30, 40)
    buffer.count(1, "objInROIcnt", label, 3)
    buffer.count(1, "ocStatus", label, 1)
    buffer.count(1, "objLCCurrCnt", label, 2)
    buffer.count(1, "objLCCumCnt", label, 2**40)
    buffer.count(1, "objCnt", "7", 4)
    buffer.say(1, 1, roiStatus=[label], lcStatus=["a", "b"], ocStatus=["full"], dirStatus=[" DIR:n "])
    nothing, found = metadata.read(buffer).analytics
    assert nothing is None
    assert found is not None
    assert (found.roi_counts, found.overcrowded) == ({name: 3}, {name: True})
    assert (found.line_counts, found.line_totals) == ({name: 2}, {name: 2**40})
    assert found.object_counts == {7: 4}
    assert found.objects == [
        ObjectResult(1, rois=[name], crowds=["full"], lines=["a", "b"], direction=" DIR:n ", status="")
    ]


def test_counts_that_do_not_fit_at_first(native: Libraries, buffer: Buffer) -> None:
    buffer.count(0, "objInROIcnt", "x" * 2 * USUAL_ANALYTICS, 3)
    found = NativeMetadata(native.metadata).read(buffer).analytics[0]
    assert found is not None
    assert found.roi_counts == {"x" * 2 * USUAL_ANALYTICS: 3}


def test_how_long_elements_took(metadata: NativeMetadata, buffer: Buffer) -> None:
    assert metadata.read(buffer).latencies == {}
    for element, begun, ended in (("detector", 10, 12.5), ("mux", 1, 2), ("mux", 1, 4), ("osd", 7, 0)):
        buffer.harness.harness_add_latency(buffer.batch, element.encode(), c_double(begun), c_double(ended))
    assert metadata.read(buffer).latencies == {"detector": 2.5, "mux": 3.0}


def test_a_buffer_without_metadata(metadata: NativeMetadata) -> None:
    class Bare:
        def __hash__(self) -> int:
            return 0

    with pytest.raises(MetadataError, match="no batch metadata"):
        metadata.read(Bare())


def test_a_library_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DeepstreamError, match="cmake -S deepstream"):
        NativeMetadata(tmp_path / "none.so").check("cuda:0", draws=True)


class Picture:
    """A GstBuffer of NVMM memory: what it holds is an NvBufSurface."""

    def __init__(self, harness: CDLL, *values: int, count: int = 2) -> None:
        """``values``: format, type, planes, width, height, pitch. Its memory begins at address 4096."""
        harness.harness_surface.restype = c_void_p
        self._harness = harness
        self._surface = c_void_p(harness.harness_surface(c_void_p(4096), count, *values))

    def get_size(self) -> int:
        return int(self._harness.harness_surface_size())

    def extract_dup(self, offset: int, size: int) -> bytes:
        assert self._surface.value is not None
        return string_at(self._surface.value + offset, size)

    def free(self) -> None:
        self._harness.harness_free_surface(self._surface)


@pytest.mark.parametrize("kind", [DEFAULT, DEVICE, UNIFIED])
@pytest.mark.parametrize("form", [NV12, NV12_ER, NV12_709, NV12_709_ER])
def test_a_picture_is_found_in_memory(
    native: Libraries, metadata: NativeMetadata, form: int, kind: int
) -> None:
    picture = Picture(native.harness, form, kind, 2, 640, 360, 768)
    surface = picture_on_gpu(metadata._library, picture, 1).surface
    assert (surface.luma, surface.chroma) == (4097, 4097 + 768 * 360)
    assert (surface.luma_pitch, surface.chroma_pitch) == (768, 769)
    assert (*surface.size, surface.full) == (640, 360, form in (NV12_ER, NV12_709_ER))
    assert surface.kr_kb[0] == pytest.approx(0.2126 if form in (NV12_709, NV12_709_ER) else 0.299)
    picture.free()


@pytest.mark.parametrize(
    ("values", "index"),
    [
        ((RGBA, DEVICE, 2, 64, 36, 64), 0),
        ((NV12, PINNED, 2, 64, 36, 64), 0),
        ((NV12, DEVICE, 1, 64, 36, 64), 0),
        ((NV12, DEVICE, 2, 64, 36, 64), 2),
        ((NV12, DEVICE, 2, 64, 36, 64), -1),
    ],
)
def test_what_is_no_picture(
    native: Libraries, metadata: NativeMetadata, values: tuple[int, ...], index: int
) -> None:
    picture = Picture(native.harness, *values)
    with pytest.raises(MetadataError, match="no NV12"):
        picture_on_gpu(metadata._library, picture, index)
    picture.free()
