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
    there, known = pixel < pixels, channel < OUT
    column = pixel % out_width
    row = pixel // out_width % out_height
    image = pixel // (out_width * out_height)
    total: tl.constexpr = SIDE * SIDE * (C0 + C1 + C2 + C3)
    own = weights + channel[None, :] * total
    sums = tl.zeros((BM, BN), tl.float32)
    if SIDE == 1:
        from0 = x0 + place_of(image, row, column, height, width, DOUBLED & 1) * step0
        from1 = x1 + place_of(image, row, column, height, width, DOUBLED >> 1 & 1) * step1
        from2 = x2 + place_of(image, row, column, height, width, DOUBLED >> 2 & 1) * step2
        from3 = x3 + place_of(image, row, column, height, width, DOUBLED >> 3 & 1) * step3
        sums = of_sources(sums, from0, from1, from2, from3, own, there, known, C0, C1, C2, C3, BK)
    else:
        top, left = row * STRIDE - SIDE // 2, column * STRIDE - SIDE // 2
        corner = x0 + ((image * height + top) * width + left) * step0
        if C0 % BK == 0:
            sums = of_taps(sums, corner, own, there, known, top, left, height, width, step0, C0, SIDE, BK)
        else:
            sums = of_mixed_taps(
                sums, corner, own, there, known, top, left, height, width, step0, C0, SIDE, BK
            )
    put(sums, bias, added, out, pixel, channel, there, known, added_step, OUT, BIASED, ADDED, ACTIVE)


@triton.jit
def place_of(image, row, column, height, width, HALF: tl.constexpr):  # type: ignore[no-untyped-def]
    """The number of a source's pixel."""
    if HALF:
        return (image * (height // 2) + row // 2) * (width // 2) + column // 2
    return (image * height + row) * width + column


@triton.jit
def of_sources(  # type: ignore[no-untyped-def]
    sums, from0, from1, from2, from3, weights, there, known,
    C0: tl.constexpr, C1: tl.constexpr, C2: tl.constexpr, C3: tl.constexpr, BK: tl.constexpr,
):  # fmt: skip
    """Sums over the channels of single pixels, of one source after the other, each a multiple of ``BK``."""
    inner = tl.arange(0, BK)
    for k in range(0, C0 + C1 + C2 + C3, BK):
        source = from0 + k
        if C1:
            source = tl.where(k >= C0, from1 + (k - C0), source)
        if C2:
            source = tl.where(k >= C0 + C1, from2 + (k - C0 - C1), source)
        if C3:
            source = tl.where(k >= C0 + C1 + C2, from3 + (k - C0 - C1 - C2), source)
        ours = tl.load(source[:, None] + inner[None, :], mask=there[:, None], other=0.0)
        theirs = tl.load(weights + (k + inner)[:, None], mask=known[None, :], other=0.0)
        sums = tl.dot(ours, theirs, sums)
    return sums


@triton.jit
def of_taps(  # type: ignore[no-untyped-def]
    sums, corner, weights, there, known, top, left, height, width, step,
    CHANNELS: tl.constexpr, SIDE: tl.constexpr, BK: tl.constexpr,
):  # fmt: skip
    """Sums over the pixels around each, a step within one of them."""
    inner = tl.arange(0, BK)
    for k in range(0, SIDE * SIDE * CHANNELS, BK):
        tap = k // CHANNELS
        down, across = tap // SIDE, tap % SIDE
        inside = there & (top + down >= 0) & (top + down < height)
        inside = inside & (left + across >= 0) & (left + across < width)
        source = corner + (down * width + across) * step + tl.multiple_of(k % CHANNELS, BK)
        ours = tl.load(source[:, None] + inner[None, :], mask=inside[:, None], other=0.0)
        theirs = tl.load(weights + (k + inner)[:, None], mask=known[None, :], other=0.0)
        sums = tl.dot(ours, theirs, sums)
    return sums


@triton.jit
def of_mixed_taps(  # type: ignore[no-untyped-def]
    sums, corner, weights, there, known, top, left, height, width, step,
    CHANNELS: tl.constexpr, SIDE: tl.constexpr, BK: tl.constexpr,
):  # fmt: skip
    """The same of few channels, where a step is over several of the pixels."""
    total: tl.constexpr = SIDE * SIDE * CHANNELS
    for k in range(0, total, BK):
        inner = k + tl.arange(0, BK)
        tap = inner // CHANNELS
        down, across = tap // SIDE, tap % SIDE
        y, x = top[:, None] + down[None, :], left[:, None] + across[None, :]
        inside = there[:, None] & (inner < total)[None, :]
        inside = inside & (y >= 0) & (y < height) & (x >= 0) & (x < width)
        offset = (down * width + across) * step + inner % CHANNELS
        ours = tl.load(corner[:, None] + offset[None, :], mask=inside, other=0.0)
        theirs = tl.load(weights + inner[:, None], mask=(inner < total)[:, None] & known[None, :], other=0.0)
        sums = tl.dot(ours, theirs, sums)
    return sums


@triton.jit
def put(  # type: ignore[no-untyped-def]
    sums, bias, added, out, pixel, channel, there, known, added_step,
    OUT: tl.constexpr, BIASED: tl.constexpr, ADDED: tl.constexpr, ACTIVE: tl.constexpr,
):  # fmt: skip
    """What follows a convolution's sums, and where they go."""
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
    left = pixel % out_width * STRIDE - SIDE // 2
    top = pixel // out_width % out_height * STRIDE - SIDE // 2
    corner = x + ((pixel // (out_width * out_height) * height + top) * width + left) * step
    sums = tl.zeros((BM, BN), tl.float32)
    for down in tl.static_range(SIDE):
        for across in tl.static_range(SIDE):
            inside = there & (top + down >= 0) & (top + down < height)
            inside = inside & (left + across >= 0) & (left + across < width)
            source = (corner + (down * width + across) * step)[:, None] + channel[None, :]
            values = tl.load(source, mask=inside[:, None] & known[None, :], other=0.0)
            tap = weights + channel * (SIDE * SIDE) + down * SIDE + across
            factor = tl.load(tap, mask=known, other=0.0)
            sums += values.to(tl.float32) * factor.to(tl.float32)[None, :]
    put(sums, bias, added, out, pixel, channel, there, known, added_step, CHANNELS, BIASED, ADDED, ACTIVE)


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
        for across in tl.static_range(-(SIDE // 2), SIDE // 2 + 1):
            inside = (pixel < pixels) & (row + down >= 0) & (row + down < height)
            inside = inside & (column + across >= 0) & (column + across < width)
            source = x + (pixel + down * width + across)[:, None] * step + channel[None, :]
            values = tl.load(source, mask=inside[:, None] & known, other=float("-inf"))
            most = tl.maximum(most, values.to(tl.float32))
    there = (pixel < pixels)[:, None] & known
    tl.store(out + pixel[:, None] * CHANNELS + channel[None, :], most.to(out.dtype.element_ty), mask=there)
