"""What a baseline JPEG is made of besides its pixels: tables and headers (ITU-T T.81)."""

from __future__ import annotations

import struct
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from camwire.frames import Float32Array, Float64Array, Size, UInt8Array

MCU = 16
"""Pixels; 4:2:0: four blocks of luma, one of each chroma."""
LARGEST = 16384
"""Pixels of a side: the kernels count a batch's bytes in 32 bits."""

ZIGZAG: NDArray[np.intp] = np.array(
    sorted(range(64), key=lambda at: (at // 8 + at % 8, at // 8 if (at // 8 + at % 8) % 2 else at % 8)),
    np.intp,
)
"""[64] where the coefficients stand in a block, in the order in which they are coded."""

# Annex K.1: for pictures at a usual distance; what cameras and libjpeg use.
_LUMA = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMA = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8,) * 4,
)

# Annex K.3: how many codes have 1, 2, … 16 bits, and what they stand for.
_DC_LUMA = (0, 1, 5, 1, 1, 1, 1, 1, 1), bytes(range(12))
_DC_CHROMA = (0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1), bytes(range(12))
_AC_LUMA = (
    (0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125),
    bytes.fromhex(
        "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a2526"
        "2728292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485"
        "868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6"
        "d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa"
    ),
)
_AC_CHROMA = (
    (0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119),
    bytes.fromhex(
        "000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a"
        "262728292a35363738393a434445464748494a535455565758595a636465666768696a737475767778797a828384"
        "85868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5"
        "d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa"
    ),
)

Table = tuple[tuple[int, ...], bytes]
_TABLES: tuple[tuple[int, Table], ...] = (
    (0x00, _DC_LUMA),
    (0x10, _AC_LUMA),
    (0x01, _DC_CHROMA),
    (0x11, _AC_CHROMA),
)
"""By class and number, as DHT has them."""


@lru_cache(maxsize=128)
def quantisers(quality: int) -> UInt8Array:
    """[2, 8, 8] steps for luma and chroma; ``quality``, 1 to 100, means what it means to libjpeg."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    steps = (np.array((_LUMA, _CHROMA)) * scale + 50) // 100
    return steps.clip(1, 255).astype(np.uint8)


@lru_cache(maxsize=128)
def scales(quality: int) -> Float32Array:
    """[2, 64] what the kernel's coefficients are multiplied by: one over the step and what its DCT adds.

    (Arai, Agui and Nakajima's DCT gives each coefficient times 8 and a factor for its row and one for its
    column: 1 for the first, the square root of 2 times the cosine of kπ/16 for the k-th.)
    """
    factors: Float64Array = np.cos(np.arange(8) * np.pi / 16) * np.sqrt(2)
    factors[0] = 1
    steps = quantisers(quality).astype(np.float64)
    return (1 / (8 * steps * np.outer(factors, factors))).reshape(2, 64).astype(np.float32)


def codes() -> NDArray[np.uint32]:
    """[2, 12 + 256] for luma and chroma: length << 16 | code, of DC sizes, then of run << 4 | size."""
    table = np.zeros((2, 12 + 256), np.uint32)
    for number, (dc, ac) in enumerate(((_DC_LUMA, _AC_LUMA), (_DC_CHROMA, _AC_CHROMA))):
        for offset, (counts, symbols) in ((0, dc), (12, ac)):
            lengths = [bits for bits, count in enumerate(counts, 1) for _ in range(count)]
            code, before = 0, lengths[0]
            for symbol, length in zip(symbols, lengths, strict=True):
                code <<= length - before
                table[number, offset + symbol] = length << 16 | code
                code, before = code + 1, length
    return table


@lru_cache(maxsize=256)
def header(size: Size, quality: int) -> bytes:
    """Everything before the coded pixels; a restart marker stands behind every row of MCUs."""
    width, height = size
    steps = quantisers(quality).reshape(2, 64)[:, ZIGZAG]
    jfif = _part(0xE0, b"JFIF\0" + bytes((1, 1, 0, 0, 1, 0, 1, 0, 0)))
    tables = _part(0xDB, b"".join(bytes((number,)) + own.tobytes() for number, own in enumerate(steps)))
    # Y with twice the samples of Cb and Cr both ways.
    frame = _part(
        0xC0, struct.pack(">BHHB", 8, height, width, 3) + bytes((1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1))
    )
    huffman = _part(
        0xC4,
        b"".join(
            bytes((name,)) + bytes(counts).ljust(16, b"\0") + symbols for name, (counts, symbols) in _TABLES
        ),
    )
    restart = _part(0xDD, struct.pack(">H", -(-width // MCU)))
    scan = _part(0xDA, bytes((3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0)))
    return b"\xff\xd8" + jfif + tables + frame + huffman + restart + scan


def _part(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content
