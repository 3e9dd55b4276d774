"""A convolution with all that is done to its result, in one kernel: what lies between two convolutions then
never goes through the GPU's memory.

Pictures are [N, H, W, C] in memory (PyTorch's channels last), weights [out, rows, columns, in]. A program of
the grid makes ``BM`` output pixels of ``BN`` channels: the convolution is a product of matrices whose left
one, [pixels, taps × channels], is gathered as it goes and never written down. Sums are single precision.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def convolve(  # type: ignore[no-untyped-def]
    x0, x1, x2, x3,
    weights, bias, added, out,
    pixels, height, width, out_height, out_width,
    step0, step1, step2, step3, added_step,
    C0: tl.constexpr, C1: tl.constexpr, C2: tl.constexpr, C3: tl.constexpr,
    DOUBLED: tl.constexpr,
    OUT: tl.constexpr, SIDE: tl.constexpr, STRIDE: tl.constexpr,
    BIASED: tl.constexpr, ADDED: tl.constexpr, ACTIVE: tl.constexpr,
    BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr,
):  # fmt: skip
    """``out`` [pixels, OUT] = act(conv(cat(x0 … x3)) + bias) + added.

    ``step``: elements from a pixel to the next, for sources that are slices of wider ones. ``C``: channels of
    each source; only 1×1 convolutions have several. ``DOUBLED``: a bit for each source that has half as many
    rows and columns, each pixel of which is there twice in both directions.
    """
    columns = tl.cdiv(OUT, BN)
    program = tl.program_id(0)
    pixel = (program // columns) * BM + tl.arange(0, BM)
    channel = (program % columns) * BN + tl.arange(0, BN)
    there = pixel < pixels
    column = pixel % out_width
    row = pixel // out_width % out_height
    image = pixel // (out_width * out_height)
    total: tl.constexpr = SIDE * SIDE * (C0 + C1 + C2 + C3)
    known = channel < OUT
    own = weights + channel[None, :] * total
    sums = tl.zeros((BM, BN), tl.float32)
    if SIDE == 1:
        inside = there[:, None]
        from0 = x0 + place_of(image, row, column, height, width, DOUBLED & 1) * step0
        from1 = x1 + place_of(image, row, column, height, width, DOUBLED >> 1 & 1) * step1
        from2 = x2 + place_of(image, row, column, height, width, DOUBLED >> 2 & 1) * step2
        from3 = x3 + place_of(image, row, column, height, width, DOUBLED >> 3 & 1) * step3
        for k in range(0, total, BK):
            source = from0 + k
            if C1:
                source = tl.where(k >= C0, from1 + (k - C0), source)
            if C2:
                source = tl.where(k >= C0 + C1, from2 + (k - C0 - C1), source)
            if C3:
                source = tl.where(k >= C0 + C1 + C2, from3 + (k - C0 - C1 - C2), source)
            inner = tl.arange(0, BK)
            left = tl.load(source[:, None] + inner[None, :], mask=inside, other=0.0)
            right = tl.load(own + (k + inner)[:, None], mask=known[None, :], other=0.0)
            sums = tl.dot(left, right, sums)
    elif C0 % BK == 0:
        top, first = row * STRIDE - SIDE // 2, column * STRIDE - SIDE // 2
        corner = x0 + ((image * height + top) * width + first) * step0
        for k in range(0, total, BK):
            tap = k // C0
            down, right_by = tap // SIDE, tap % SIDE
            inner = tl.arange(0, BK)
            inside = (
                there & (top + down >= 0) & (top + down < height)
                & (first + right_by >= 0) & (first + right_by < width)
            )  # fmt: skip
            source = corner + (down * width + right_by) * step0 + tl.multiple_of(k % C0, BK)
            left = tl.load(source[:, None] + inner[None, :], mask=inside[:, None], other=0.0)
            right = tl.load(own + (k + inner)[:, None], mask=known[None, :], other=0.0)
            sums = tl.dot(left, right, sums)
    else:
        top, first = row * STRIDE - SIDE // 2, column * STRIDE - SIDE // 2
        corner = x0 + ((image * height + top) * width + first) * step0
        for k in range(0, total, BK):
            inner = k + tl.arange(0, BK)
            tap = inner // C0
            down, right_by = tap // SIDE, tap % SIDE
            y, x = top[:, None] + down[None, :], first[:, None] + right_by[None, :]
            inside = (
                there[:, None] & (inner < total)[None, :] & (y >= 0) & (y < height) & (x >= 0) & (x < width)
            )
            offset = (down * width + right_by) * step0 + inner % C0
            left = tl.load(corner[:, None] + offset[None, :], mask=inside, other=0.0)
            right = tl.load(own + inner[:, None], mask=(inner < total)[:, None] & known[None, :], other=0.0)
            sums = tl.dot(left, right, sums)
    if BIASED:
        sums += tl.load(bias + channel, mask=known, other=0.0).to(tl.float32)[None, :]
    if ACTIVE:
        sums = sums * tl.sigmoid(sums)
    wanted = there[:, None] & known[None, :]
    if ADDED:
        more = tl.load(added + pixel[:, None] * added_step + channel[None, :], mask=wanted, other=0.0)
        sums += more.to(tl.float32)
    tl.store(out + pixel[:, None] * OUT + channel[None, :], sums.to(out.dtype.element_ty), mask=wanted)


@triton.jit
def place_of(image, row, column, height, width, HALF: tl.constexpr):  # type: ignore[no-untyped-def]
    """The number of a source's pixel."""
    if HALF:
        return (image * (height // 2) + row // 2) * (width // 2) + column // 2
    return (image * height + row) * width + column


@triton.jit
def convolve_each(  # type: ignore[no-untyped-def]
    x, weights, bias, added, out,
    pixels, height, width, out_height, out_width, step, added_step,
    CHANNELS: tl.constexpr, SIDE: tl.constexpr, STRIDE: tl.constexpr,
    BIASED: tl.constexpr, ADDED: tl.constexpr, ACTIVE: tl.constexpr,
    BM: tl.constexpr, BN: tl.constexpr,
):  # fmt: skip
    """The same of a depthwise convolution, whose channels go by themselves; ``weights`` [CHANNELS, taps]."""
    pixel = tl.program_id(0) * BM + tl.arange(0, BM)
    channel = tl.program_id(1) * BN + tl.arange(0, BN)
    there, known = pixel < pixels, channel < CHANNELS
    column = pixel % out_width * STRIDE - SIDE // 2
    row = pixel // out_width % out_height * STRIDE - SIDE // 2
    corner = x + ((pixel // (out_width * out_height) * height + row) * width + column) * step
    sums = tl.zeros((BM, BN), tl.float32)
    for down in tl.static_range(SIDE):
        for right_by in tl.static_range(SIDE):
            inside = there & (row + down >= 0) & (row + down < height)
            inside = inside & (column + right_by >= 0) & (column + right_by < width)
            source = (corner + (down * width + right_by) * step)[:, None] + channel[None, :]
            values = tl.load(source, mask=inside[:, None] & known[None, :], other=0.0)
            tap = weights + channel * (SIDE * SIDE) + down * SIDE + right_by
            factor = tl.load(tap, mask=known, other=0.0)
            sums += values.to(tl.float32) * factor.to(tl.float32)[None, :]
    if BIASED:
        sums += tl.load(bias + channel, mask=known, other=0.0).to(tl.float32)[None, :]
    if ACTIVE:
        sums = sums * tl.sigmoid(sums)
    wanted = there[:, None] & known[None, :]
    if ADDED:
        more = tl.load(added + pixel[:, None] * added_step + channel[None, :], mask=wanted, other=0.0)
        sums += more.to(tl.float32)
    tl.store(out + pixel[:, None] * CHANNELS + channel[None, :], sums.to(out.dtype.element_ty), mask=wanted)


@triton.jit
def pool(  # type: ignore[no-untyped-def]
    x, out, pixels, height, width, step,
    CHANNELS: tl.constexpr, SIDE: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr,
):  # fmt: skip
    """``out`` [pixels, CHANNELS]: the greatest of the picture's ``SIDE``×``SIDE`` pixels around each."""
    pixel = tl.program_id(0) * BM + tl.arange(0, BM)
    channel = tl.program_id(1) * BN + tl.arange(0, BN)
    column, row = pixel % width, pixel // width % height
    known = (channel < CHANNELS)[None, :]
    most = tl.full((BM, BN), float("-inf"), tl.float32)
    for down in range(-(SIDE // 2), SIDE // 2 + 1):
        for right_by in tl.static_range(-(SIDE // 2), SIDE // 2 + 1):
            inside = (pixel < pixels) & (row + down >= 0) & (row + down < height)
            inside = inside & (column + right_by >= 0) & (column + right_by < width)
            source = x + (pixel + down * width + right_by)[:, None] * step + channel[None, :]
            values = tl.load(source, mask=inside[:, None] & known, other=float("-inf"))
            most = tl.maximum(most, values.to(tl.float32))
    there = (pixel < pixels)[:, None] & known
    tl.store(out + pixel[:, None] * CHANNELS + channel[None, :], most.to(out.dtype.element_ty), mask=there)
