"""Pictures to RTP packets (RFC 3550, H.264: RFC 6184, H.265: RFC 7798)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

PAYLOAD = 1200
"""Bytes in a packet at most."""
CLOCK = 90_000
"""Ticks of a timestamp a second."""
_MARKER = 0x80
_TYPE = 96
_SOURCE = 0x12345678


class Packetiser:
    """Numbers packets on; one for each connection."""

    def __init__(self) -> None:
        self._sequence = 0xFFF0  # so that it comes round at once

    def packets(self, codec: str, unit: Sequence[bytes], stamp: int) -> list[bytes]:
        """A picture's NAL units as packets; the last one has the marker."""
        payloads = [part for nal in unit for part in (_h264(nal) if codec == "h264" else _h265(nal))]
        made = []
        for index, payload in enumerate(payloads):
            marker = _MARKER if index == len(payloads) - 1 else 0
            header = (0x80, _TYPE | marker, self._sequence, stamp & 0xFFFFFFFF, _SOURCE)
            made.append(struct.pack(">BBHII", *header) + payload)
            self._sequence = (self._sequence + 1) & 0xFFFF
        return made


def _h264(nal: bytes) -> Iterator[bytes]:
    if len(nal) <= PAYLOAD:
        yield nal
        return
    indicator, kind = nal[0] & 0xE0 | 28, nal[0] & 0x1F
    for part, flags in _fragments(nal[1:]):
        yield bytes((indicator, flags | kind)) + part


def _h265(nal: bytes) -> Iterator[bytes]:
    if len(nal) <= PAYLOAD:
        yield nal
        return
    first, kind = nal[0] & 0x81 | 49 << 1, nal[0] >> 1 & 0x3F
    for part, flags in _fragments(nal[2:]):
        yield bytes((first, nal[1], flags | kind)) + part


def _fragments(body: bytes) -> Iterator[tuple[bytes, int]]:
    """Parts of a NAL unit with the flags of the first and the last."""
    for start in range(0, len(body), PAYLOAD):
        first, last = start == 0, start + PAYLOAD >= len(body)
        yield body[start : start + PAYLOAD], 0x80 * first | 0x40 * last
