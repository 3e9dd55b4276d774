"""Normalisations that follow convolutions go; what a program says stays."""

import pytest

from tests.runtimes.fused.programs import HERE, ON_GPUS, exact, exported, names, pictures, torch

from torch import Tensor, nn  # isort: skip

from camwire.runtimes.fused.folding import fold
from camwire.runtimes.fused.rewriting import fuse

pytestmark = ON_GPUS
NORMALISATION = "aten.batch_norm.default"
NEAR = 1e-5 if HERE == "cpu" else 1e-2
"""Of the largest number."""


def settled(channels: int, *, affine: bool = True) -> nn.BatchNorm2d:
    """As if it had seen something."""
    norm = nn.BatchNorm2d(channels, affine=affine)
    norm.running_mean.normal_(0, 0.5)
    norm.running_var.uniform_(0.2, 3)
    if affine:
        nn.init.uniform_(norm.weight, 0.3, 2)
        nn.init.normal_(norm.bias)
    return norm


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("groups", [1, 16])
def test_a_normalised_convolution_is_one_that_isnt(bias: bool, affine: bool, groups: int) -> None:
    torch.manual_seed(3)
    layer = nn.Conv2d(16, 32, 3, 1, 1, groups=groups, bias=bias)
    module = nn.Sequential(layer, settled(32, affine=affine), nn.SiLU())
    images = pictures(2, 16, 7, 9)
    program = exported(module, images)
    assert fold(program) == 1
    with torch.inference_mode():
        said = program(images)
    wanted = exact(module, images)
    assert (said.cpu().double() - wanted).abs().max() <= NEAR * wanted.abs().max()
    assert NORMALISATION not in names(program)


def test_a_folded_convolution_is_fused_with_the_activation_behind_it() -> None:
    module = nn.Sequential(nn.Conv2d(16, 32, 3, 1, 1, bias=False), settled(32), nn.SiLU())
    program = exported(module, pictures(2, 16, 7, 9))
    assert (fold(program), fuse(program)) == (1, 1)
    assert names(program) == ["camwire.convolution.default"]


class Twice(nn.Module):
    """A convolution that somebody else sees, too, and a normalisation of none."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.norm, self.first = nn.Conv2d(16, 16, 1), settled(16), settled(16)

    def forward(self, x: Tensor) -> Tensor:
        seen = self.layer(self.first(x))
        return self.norm(seen) + seen


def test_other_normalisations_stay() -> None:
    images = pictures(2, 16, 5, 6)
    program, before = exported(Twice(), images), exported(Twice(), images)
    assert fold(program) == 0
    assert names(program) == names(before)
