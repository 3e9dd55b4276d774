"""TorchScript's convolutions are fused, and what it says stays."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runtimes.fused.programs import EXACT, HERE, ON_GPUS, exact, names, pictures, torch

from torch import Tensor, nn  # isort: skip

from camwire.runtimes.fused.rewriting import fuse
from camwire.runtimes.programs import Programs, difference
from camwire.runtimes.tracing import traced
from tests.runtimes.fused.test_rewriting import CONVOLUTION, NEAR, Branches

pytestmark = [
    *ON_GPUS,
    pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
]


class Head(nn.Module):
    """Sizes that are computed, as exporters leave them in, constants, and results of several kinds."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.pool = Branches(), nn.MaxPool2d(3, 1, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        cells = self.pool(self.body(x))
        count, channels, height, width = cells.shape
        places = torch.arange(height * width, device=x.device, dtype=x.dtype) * 0.5
        return cells.view(count, channels, height * width) + places, [cells, cells.sigmoid()]


def script_of(module: nn.Module, images: Tensor, how: str) -> torch.jit.ScriptModule:
    """As it comes out of a file."""
    module = module.eval().to(HERE, EXACT).to(memory_format=torch.channels_last)
    file = io.BytesIO()
    script = torch.jit.trace(module, images[:1]) if how == "traced" else torch.jit.script(module)
    torch.jit.save(script, file)
    file.seek(0)
    return torch.jit.load(file, map_location=HERE).eval()


@pytest.mark.parametrize("how", ["traced", "scripted"])
def test_what_is_said_of_any_number_of_pictures_stays(how: str) -> None:
    torch.manual_seed(0)
    module, images = Head(), pictures(3, 3, 20, 28)
    script = script_of(module, images, how)
    fast = Programs(lambda _: script, fuse)
    said = {}
    with torch.inference_mode():
        for count in (3, 1, 3):
            said[count] = fast(images[:count])
    assert fast.changes == 7
    for count, (flat, cells) in said.items():
        wanted_flat, wanted_cells = exact(module, images[:count])
        for one, wanted in zip((flat, *cells), (wanted_flat, *wanted_cells), strict=True):
            assert (one.cpu().double() - wanted).abs().max() <= NEAR * wanted.abs().max()


def test_only_what_comes_from_the_pictures_is_done_again() -> None:
    images = pictures(2, 3, 20, 28)
    program = traced(script_of(Head(), images, "traced"), images)
    fuse(program)
    done = names(program)
    assert done.count(CONVOLUTION) == 7
    assert "camwire.max_pool.default" in done
    assert not [
        name for name in done if "arange" in name or "size" in name or "upsample" in name or "cat" in name
    ]


class Choosing(nn.Module):
    """What it does depends on what it sees."""

    def forward(self, x: Tensor) -> Tensor:
        return x[x > 0]


class Asking(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * 2 if bool(x.mean() > 0) else x


class Filling(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        room = torch.zeros(1, 3, 8, 4, device=x.device, dtype=x.dtype)
        room[:, :, :4] = x
        return room


@pytest.mark.parametrize(
    ("module", "why"),
    [
        (Choosing(), "depends on what is seen"),
        (Asking(), "depends on what is seen"),
        (Filling(), "writes what is seen into a tensor"),
    ],
)
def test_what_cannot_be_traced_is_said(module: nn.Module, why: str) -> None:
    images = pictures(1, 3, 4, 4)
    with pytest.raises(ValueError, match=why):
        traced(script_of(module, images, "scripted"), images)


def test_the_difference_is_a_part_of_what_is_said() -> None:
    one = {"a": torch.full((2, 3), 4.0), "b": [torch.ones(5)]}
    other = {"a": torch.full((2, 3), 4.0), "b": [torch.tensor([1.0, 1, 1, 1, 1.5])]}
    assert difference(one, one) == 0
    assert difference(one, other) == pytest.approx(0.1)
    assert difference(other, one) == pytest.approx(0.5 / 5.5)


SEEN_BEFORE = """
import sys
import torch
from camwire.runtimes.tracing import said_as_written, traced

# On GPUs TorchScript makes kernels of what it has seen; here it is to do so on CPUs, without LLVM, too.
torch._C._jit_override_can_fuse_on_cpu(True)
torch._C._jit_set_te_must_use_llvm_cpu(False)

class Glow(torch.nn.Module):
    def forward(self, x):
        bright = torch.relu(x - 0.5) * 2 + x
        return (bright * bright - 3).sigmoid()

script, images = torch.jit.script(Glow()), torch.rand(1, 3, 8, 8, device=sys.argv[1])
for _ in range(3):
    said = said_as_written(script, images)
assert torch.equal(traced(script, images)(images), said)
print("the same")
"""


def test_a_script_that_has_run_can_be_written_down(tmp_path: Path) -> None:
    """In a process of its own, which this costs where TorchScript's kernels get a tracer's tensors."""
    program = tmp_path / "seen.py"  # TorchScript reads its source
    program.write_text(SEEN_BEFORE)
    run = subprocess.run(
        [sys.executable, str(program), HERE], capture_output=True, text=True, timeout=120, check=False
    )
    assert (run.returncode, run.stdout) == (0, "the same\n"), run.stderr[-2000:]
