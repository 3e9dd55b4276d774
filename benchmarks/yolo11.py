"""YOLO11's architecture with random weights, for benchmarks: speed doesn't depend on what the weights are.

Written from the published block structure (backbone, C3k2, SPPF, C2PSA, PAN neck, decoupled head with box
distributions over 16 bins). Batch normalisation is folded into the convolutions, as it is in service.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, silu

WIDTHS = {"n": (0.25, 1024), "s": (0.5, 1024), "m": (1.0, 512)}
"""Factor and most channels; depth is halved in all three."""
CLASSES, BINS, STRIDES = 80, 16, (8, 16, 32)
PUBLISHED = {"n": 2.6e6, "s": 9.4e6, "m": 20.1e6}
"""Parameters, with batch normalisation."""


class Conv(nn.Module):
    """Convolution, folded normalisation, SiLU."""

    def __init__(
        self, into: int, out: int, size: int = 1, stride: int = 1, groups: int = 1, active: bool = True
    ):
        super().__init__()
        self.conv = nn.Conv2d(into, out, size, stride, size // 2, groups=groups)
        self.active = active

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return silu(x, inplace=True) if self.active else x


class Bottleneck(nn.Module):
    def __init__(self, width: int, share: float):
        super().__init__()
        inner = int(width * share)
        self.first, self.second = Conv(width, inner, 3), Conv(inner, width, 3)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(self.first(x))


class C3k(nn.Module):
    """Two branches, one of them through two bottlenecks."""

    def __init__(self, width: int):
        super().__init__()
        inner = width // 2
        self.through, self.past = Conv(width, inner), Conv(width, inner)
        self.blocks = nn.Sequential(Bottleneck(inner, 1.0), Bottleneck(inner, 1.0))
        self.join = Conv(2 * inner, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.join(torch.cat((self.blocks(self.through(x)), self.past(x)), 1))


class C3k2(nn.Module):
    """Split in two halves; one goes on through a block; all are joined."""

    def __init__(self, into: int, out: int, deep: bool, share: float = 0.5):
        super().__init__()
        self.width = int(out * share)
        self.split = Conv(into, 2 * self.width)
        self.block = C3k(self.width) if deep else Bottleneck(self.width, 0.5)
        self.join = Conv(3 * self.width, out)

    def forward(self, x: Tensor) -> Tensor:
        halves = self.split(x)
        return self.join(torch.cat((halves, self.block(halves[:, self.width :])), 1))


class SPPF(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.reduce, self.join = Conv(width, width // 2), Conv(2 * width, width)
        self.pool = nn.MaxPool2d(5, 1, 2)

    def forward(self, x: Tensor) -> Tensor:
        parts = [self.reduce(x)]
        for _ in range(3):
            parts.append(self.pool(parts[-1]))
        return self.join(torch.cat(parts, 1))


class Attention(nn.Module):
    """Every cell looks at every other; positions come from a depthwise convolution of the values."""

    def __init__(self, width: int):
        super().__init__()
        self.heads, self.key = width // 64, 32
        self.qkv = Conv(width, width + 2 * self.key * self.heads, active=False)
        self.position = Conv(width, width, 3, groups=width, active=False)
        self.project = Conv(width, width, active=False)

    def forward(self, x: Tensor) -> Tensor:
        batch, width, height, columns = x.shape
        value = width // self.heads
        mixed = self.qkv(x).reshape(batch, self.heads, 2 * self.key + value, height * columns)
        query, key, values = mixed.split((self.key, self.key, value), 2)
        looks = ((query.transpose(2, 3) @ key) * self.key**-0.5).softmax(3)
        seen = (values @ looks.transpose(2, 3)).reshape(batch, width, height, columns)
        return self.project(seen + self.position(values.reshape(batch, width, height, columns)))


class C2PSA(nn.Module):
    """Half of the channels through attention and a feed-forward layer."""

    def __init__(self, width: int):
        super().__init__()
        self.half = width // 2
        self.split, self.join = Conv(width, width), Conv(width, width)
        self.attention = Attention(self.half)
        self.feed = nn.Sequential(Conv(self.half, width), Conv(width, self.half, active=False))

    def forward(self, x: Tensor) -> Tensor:
        kept, other = self.split(x).split(self.half, 1)
        other = other + self.attention(other)
        return self.join(torch.cat((kept, other + self.feed(other)), 1))


class Head(nn.Module):
    """Boxes as distributions over bins, and scores, on three grids."""

    def __init__(self, widths: tuple[int, ...]):
        super().__init__()
        box, score = max(16, widths[0] // 4, 4 * BINS), max(widths[0], CLASSES)
        self.boxes = nn.ModuleList(
            nn.Sequential(Conv(w, box, 3), Conv(box, box, 3), nn.Conv2d(box, 4 * BINS, 1)) for w in widths
        )
        self.scores = nn.ModuleList(
            nn.Sequential(
                Conv(w, w, 3, groups=w),
                Conv(w, score),
                Conv(score, score, 3, groups=score),
                Conv(score, score),
                nn.Conv2d(score, CLASSES, 1),
            )
            for w in widths
        )
        for scores in self.scores:
            nn.init.constant_(scores[-1].bias, -6.0)

    def forward(self, grids: list[Tensor]) -> Tensor:
        """[B, 4 + classes, anchors]: centre x, centre y, width, height in input pixels; scores 0 to 1."""
        parts = []
        for grid, stride, boxes, scores in zip(grids, STRIDES, self.boxes, self.scores, strict=True):
            batch, _, height, width = grid.shape
            logits = boxes(grid).reshape(batch, 4, BINS, height * width)
            bins = torch.arange(BINS, device=grid.device, dtype=grid.dtype)
            reach = (logits.softmax(2) * bins[:, None]).sum(2)
            y, x = torch.meshgrid(
                torch.arange(height, device=grid.device) + 0.5,
                torch.arange(width, device=grid.device) + 0.5,
                indexing="ij",
            )
            centre = torch.stack((x.reshape(-1), y.reshape(-1))).to(grid.dtype)
            near, far = centre - reach[:, :2], centre + reach[:, 2:]
            place = torch.cat(((near + far) / 2, far - near), 1) * stride
            parts.append(torch.cat((place, scores(grid).reshape(batch, CLASSES, -1).sigmoid()), 1))
        return torch.cat(parts, 2)


class Yolo11(nn.Module):
    """[B, 3, H, W], 0 to 1, sides multiples of 32 → [B, 84, H·W·21/1024]."""

    def __init__(self, scale: str):
        super().__init__()
        factor, most = WIDTHS[scale]
        deep = scale == "m"

        def w(channels: int) -> int:
            return int(-(-min(channels, most) * factor // 8) * 8)

        self.low = nn.Sequential(
            Conv(3, w(64), 3, 2),
            Conv(w(64), w(128), 3, 2),
            C3k2(w(128), w(256), deep, 0.25),
            Conv(w(256), w(256), 3, 2),
            C3k2(w(256), w(512), deep, 0.25),
        )
        self.middle = nn.Sequential(Conv(w(512), w(512), 3, 2), C3k2(w(512), w(512), True))
        self.high = nn.Sequential(
            Conv(w(512), w(1024), 3, 2), C3k2(w(1024), w(1024), True), SPPF(w(1024)), C2PSA(w(1024))
        )
        self.down_middle = C3k2(w(1024) + w(512), w(512), deep)
        self.down_low = C3k2(w(512) + w(512), w(256), deep)
        self.step_middle, self.up_middle = Conv(w(256), w(256), 3, 2), C3k2(w(256) + w(512), w(512), deep)
        self.step_high, self.up_high = Conv(w(512), w(512), 3, 2), C3k2(w(512) + w(1024), w(1024), True)
        self.head = Head((w(256), w(512), w(1024)))

    def forward(self, x: Tensor) -> Tensor:
        low = self.low(x)
        middle = self.middle(low)
        high = self.high(middle)
        neck = self.down_middle(torch.cat((_doubled(high), middle), 1))
        small = self.down_low(torch.cat((_doubled(neck), low), 1))
        medium = self.up_middle(torch.cat((self.step_middle(small), neck), 1))
        large = self.up_high(torch.cat((self.step_high(medium), high), 1))
        return self.head([small, medium, large])

    def parameters_unfolded(self) -> int:
        """As published: a normalised convolution has no bias but a scale and a shift."""
        folded = sum(m.conv.out_channels for m in self.modules() if isinstance(m, Conv))
        return sum(p.numel() for p in self.parameters()) + folded


def _doubled(x: Tensor) -> Tensor:
    return interpolate(x, scale_factor=2.0, mode="nearest")
