"""Programs with fused convolutions say what they said before, in fewer operations."""

import itertools

import pytest

from tests.runtimes.fused.programs import HERE, ON_GPUS, exact, exported, names, pictures, torch

from torch import Tensor, nn  # isort: skip
from torch.nn.functional import interpolate, silu  # isort: skip

from camwire.runtimes.fused import operation
from camwire.runtimes.fused.rewriting import fuse

pytestmark = ON_GPUS
CONVOLUTION, POOL = "camwire.convolution.default", "camwire.max_pool.default"
NEAR = 1e-5 if HERE == "cpu" else 4e-3
"""Of the largest number."""


def fused(module: nn.Module, images: Tensor) -> list[str]:
    """Fuses the module's program, which is to say the same as before; returns its operations."""
    program = exported(module, images)
    count = fuse(program)
    with torch.inference_mode():
        said = program(images)
    wanted = exact(module, images)
    assert (said.cpu().double() - wanted).abs().max() <= NEAR * wanted.abs().max()
    done = names(program)
    assert done.count(CONVOLUTION) == count
    return done


class Branches(nn.Module):
    """What lies around convolutions in a YOLO: halves that go on, sums, tensors put together and doubled."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        half = width // 2
        self.split = nn.Conv2d(3, width, 3, 2, 1)
        self.first, self.second = nn.Conv2d(half, half, 3, 1, 1), nn.Conv2d(half, half, 3, 1, 1)
        self.join = nn.Conv2d(width + half, width, 1)
        self.down = nn.Conv2d(width, width, 3, 2, 1)
        self.each = nn.Conv2d(width, width, 3, 1, 1, groups=width)
        self.up = nn.Conv2d(2 * width, 21, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        a, b = silu(self.split(x), inplace=True).chunk(2, 1)
        c = b + silu(self.second(silu(self.first(b), inplace=True)), inplace=True)
        large = silu(self.join(torch.cat((a, b, c), 1)))
        small = self.each(silu(self.down(large)))
        return self.up(torch.cat((interpolate(small, scale_factor=2.0), large), 1))


@pytest.mark.parametrize(("height", "width"), [(20, 28), (4, 4)])
@pytest.mark.parametrize("count", [1, 3])
def test_everything_between_convolutions_is_done_in_them(height: int, width: int, count: int) -> None:
    torch.manual_seed(0)
    done = fused(Branches(), pictures(count, 3, height, width))
    # What is left: a tensor cut in halves.
    assert [name for name in done if name != CONVOLUTION] == ["aten.chunk.default"]
    assert done.count(CONVOLUTION) == 7


@pytest.mark.parametrize("counted", [1, 10_000, 20_000])
def test_tensors_that_are_too_large_are_done_in_parts(monkeypatch: pytest.MonkeyPatch, counted: int) -> None:
    monkeypatch.setattr(operation, "COUNTED", counted)
    torch.manual_seed(0)
    module = nn.Sequential(Branches(), nn.MaxPool2d(3, 1, 1))
    fused(module, pictures(5, 3, 20, 28))


@pytest.mark.parametrize(
    ("channels", "out", "side", "stride", "groups"),
    [
        (3, 32, 3, 2, 1),
        (16, 24, 3, 1, 1),
        (20, 17, 3, 2, 1),
        (32, 80, 5, 1, 1),
        (64, 130, 3, 1, 1),
        (32, 300, 3, 2, 1),
        (48, 64, 1, 1, 1),
        (37, 37, 3, 1, 37),
        (70, 70, 5, 2, 70),
    ],
)
@pytest.mark.parametrize("bias", [False, True])
def test_convolutions_of_every_kind(channels, out, side, stride, groups, bias) -> None:
    torch.manual_seed(1)
    module = nn.Conv2d(channels, out, side, stride, side // 2, groups=groups, bias=bias)
    assert fused(module, pictures(2, channels, 9, 7)) == [CONVOLUTION]


@pytest.mark.parametrize(
    "module",
    [
        nn.Conv2d(16, 16, 2, 2),
        nn.Conv2d(16, 16, 3),
        nn.Conv2d(16, 16, 3, 1, 2, dilation=2),
        nn.Conv2d(16, 16, 3, 3, 1),
        nn.Conv2d(16, 16, (3, 1), 1, (1, 0)),
        nn.Conv2d(16, 32, 3, 1, 1, groups=2),
        nn.Conv2d(16, 32, 3, 1, 1, groups=16),
        nn.Conv2d(10, 16, 1),
        nn.Conv2d(16, 16, 1, 2),
        nn.Conv2d(16, 1, 1, 2, bias=False),
    ],
)
def test_other_convolutions_stay_as_they_are(module: nn.Conv2d) -> None:
    assert CONVOLUTION not in fused(module, pictures(2, module.in_channels, 9, 12))


@pytest.mark.parametrize("side", [3, 5])
def test_pools_of_the_pixels_around_each(side: int) -> None:
    assert fused(nn.MaxPool2d(side, 1, side // 2), -pictures(2, 70, 6, 5).abs()) == [POOL]
    assert POOL not in fused(nn.MaxPool2d(side), pictures(2, 16, 10, 15))
    assert POOL not in fused(nn.MaxPool2d(side, 1), pictures(2, 16, 10, 15))


def test_the_mean_of_a_distribution_is_a_sum() -> None:
    class Mean(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bins = nn.Conv2d(16, 1, 1, bias=False)
            self.bins.weight.data[:] = torch.arange(16.0).view(1, 16, 1, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.bins(x.flatten(2).unflatten(1, (4, 16)).transpose(2, 1).softmax(1))

    done = fused(Mean(), pictures(2, 64, 5, 6))
    assert CONVOLUTION not in done
    assert "aten.sum.dim_IntList" in done


class Sum(nn.Module):
    """A convolution and what is added to it."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(16, 16, 3, 1, 1), nn.Conv2d(16, 16, 1)
        self.kind = kind

    def forward(self, x: Tensor) -> Tensor:
        one = self.first(x)
        if self.kind == "twice":
            return one + one
        if self.kind == "scaled":
            return torch.add(x, self.second(one), alpha=3)
        if self.kind == "smaller":
            return self.second(one) + x[:, :1]
        if self.kind == "number":
            return self.second(one) + 2.5
        if self.kind == "into the other":
            x = x * 1.0
            x += self.second(one)
            return x + one
        if self.kind == "source changed":
            y = self.second(one)
            one += 1.0
            return silu(y) + one
        if self.kind == "seen twice":
            y = self.second(one)
            return silu(y) + y
        return one + self.second(one)


@pytest.mark.parametrize(
    "kind",
    ["usual", "twice", "scaled", "smaller", "number", "into the other", "source changed", "seen twice"],
)
def test_sums_of_every_kind(kind: str) -> None:
    torch.manual_seed(2)
    done = fused(Sum(kind), pictures(2, 16, 6, 7))
    assert ("aten.add.Tensor" in done) == (kind != "usual") or kind == "into the other"


@pytest.mark.parametrize("parts", [2, 4, 5])
def test_more_tensors_than_the_kernel_reads_are_put_together_before(parts: int) -> None:
    class Join(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.join = nn.Conv2d(16 * parts, 32, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.join(torch.cat([x * n for n in range(1, parts + 1)], 1))

    done = fused(Join(), pictures(2, 16, 5, 6))
    assert ("aten.cat.default" in done) == (parts > 4)


def test_pixels_that_lie_in_another_order_are_read_too() -> None:
    class Turned(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.join = nn.Conv2d(32, 32, 1)

        def forward(self, x: Tensor) -> Tensor:
            turned = x.contiguous(memory_format=torch.contiguous_format).transpose(2, 3)
            return self.join(torch.cat((turned, x[:, :, ::1].flip(2)), 1))

    assert CONVOLUTION in fused(Turned(), pictures(2, 16, 6, 6))


def test_a_tensor_that_others_need_is_still_put_together() -> None:
    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.join = nn.Conv2d(32, 32, 1)

        def forward(self, x: Tensor) -> Tensor:
            both = torch.cat((x, x * 2), 1)
            return self.join(both) * both

    done = fused(Both(), pictures(2, 16, 5, 6))
    assert "aten.cat.default" in done


def test_any_mix_of_bias_activation_and_sum_is_one_operation() -> None:
    class Mix(nn.Module):
        def __init__(self, bias: bool, active: bool, added: bool) -> None:
            super().__init__()
            self.one = nn.Conv2d(16, 16, 3, 1, 1, bias=bias)
            self.active, self.added = active, added

        def forward(self, x: Tensor) -> Tensor:
            y = silu(self.one(x)) if self.active else self.one(x)
            return x + y if self.added else y

    for bias, active, added in itertools.product((False, True), repeat=3):
        assert fused(Mix(bias, active, added), pictures(1, 16, 5, 6)) == [CONVOLUTION]
