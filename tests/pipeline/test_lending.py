"""What a device can't lend is a reason that cameras tell people."""

from __future__ import annotations

import pytest

from camwire.devices import DeviceError
from camwire.pipeline.lending import Borrowing, Lending
from camwire.sources.apart.shelves import Lying
from camwire.sources.faults import SourceError


class FullDevice:
    """Has nothing for anybody, in both processes."""

    borrower = (f"{__name__}:FullDevice", "full")

    def __init__(self, why: str = "full") -> None:
        if why == "absent":
            raise DeviceError("there is none")
        self.why = why

    def hwaccel(self) -> None:
        raise DeviceError(self.why)

    def refuses(self, codec: str, pixel_format: str | None) -> str | None:
        return f"{codec} of {pixel_format}"

    def described(self, picture: object) -> Lying:
        raise DeviceError(self.why)

    def shelf(self, *_: object) -> None:
        raise DeviceError(self.why)


class PatientDevice(FullDevice):
    """Lends, but its shelves fail."""

    def shelf(self, *_: object) -> PatientDevice:
        return self

    def put(self, picture: Lying, place: int) -> None:
        raise DeviceError(f"no place {place}")

    def close(self) -> None:
        raise DeviceError("it can't be closed")


def test_the_workers_end_says_why_and_how_the_other_end_is_made() -> None:
    lending = Lending(FullDevice())
    assert lending.borrower == ("camwire.pipeline.lending:Borrowing", f"{__name__}:FullDevice", "full")
    with pytest.raises(SourceError, match="full"):
        lending.shelf(1, 1)


def test_the_source_processs_end_says_why() -> None:
    borrowing = Borrowing(f"{__name__}:FullDevice", "it is full")
    for ask in (borrowing.hwaccel, lambda: borrowing.described(None), lambda: borrowing.shelf(b"", 1)):
        with pytest.raises(SourceError, match="it is full"):
            ask()
    assert borrowing.refuses("h264", "yuv420p") == "h264 of yuv420p"


def test_a_device_that_cannot_be_used_says_why() -> None:
    with pytest.raises(SourceError, match="there is none"):
        Borrowing(f"{__name__}:FullDevice", "absent")


def test_a_shelf_that_fails_says_why() -> None:
    shelf = Borrowing(f"{__name__}:PatientDevice").shelf(b"", 1)
    with pytest.raises(SourceError, match="no place 2"):
        shelf.put(Lying(1, (), None), 2)
    with pytest.raises(SourceError, match="it can't be closed"):
        shelf.close()
