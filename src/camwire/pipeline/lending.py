"""A device's memory for source processes: what the device can't give is a reason that cameras tell people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from camwire.children import named
from camwire.devices.contracts import Lender
from camwire.pipeline.device_faults import told_of_the_camera
from camwire.sources.apart.shelves import Lying
from camwire.sources.apart.shelves import Shelf as AnyShelf


class Lending:
    """The worker's end: implements ``camwire.sources.apart.Lender``."""

    def __init__(self, lender: Lender) -> None:
        self._lender = lender
        self.borrower = ("camwire.pipeline.lending:Borrowing", *lender.borrower)

    def shelf(self, place_size: int, places: int) -> Any:
        """Raises SourceError."""
        with told_of_the_camera():
            return self._lender.shelf(place_size, places)


class Shelf:
    """Implements ``camwire.sources.apart.shelves.Shelf``."""

    def __init__(self, shelf: AnyShelf) -> None:
        self._shelf = shelf

    def put(self, picture: Lying, place: int) -> None:
        """Raises SourceError."""
        with told_of_the_camera():
            self._shelf.put(picture, place)

    def close(self) -> None:
        """Raises SourceError."""
        with told_of_the_camera():
            self._shelf.close()


class Borrowing:
    """The source process's end: implements ``camwire.sources.apart.shelves.Borrower``."""

    def __init__(self, name: str, *arguments: str) -> None:
        """``name``: `module:class` of the device's own borrower, made with the ``arguments``.

        Raises SourceError.
        """
        with told_of_the_camera():
            self._device = named(name)(*arguments)
        self.refuses: Callable[[str, str | None], str | None] = self._device.refuses

    def hwaccel(self) -> Any:
        """Raises SourceError."""
        with told_of_the_camera():
            return self._device.hwaccel()

    def described(self, picture: Any) -> Lying:
        """Raises SourceError."""
        with told_of_the_camera():
            described: Lying = self._device.described(picture)
            return described

    def shelf(self, handle: bytes, place_size: int) -> Shelf:
        """Raises SourceError."""
        with told_of_the_camera():
            return Shelf(self._device.shelf(handle, place_size))
