"""A network that is fused and compiled says what it says as it is."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from camwire.devices.cuda import CudaDevice
from camwire.frames import Size

SIZE = Size(96, 64)
CLASSES = ("red", "green", "blue")


def net() -> Any:
    """In the parts that YOLO11 is made of, with its anchors."""
    import torch
    from torch import Tensor, nn
    from torch.nn.functional import silu

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.low, self.high = nn.Conv2d(3, 32, 3, 2, 1), nn.Conv2d(32, 64, 3, 2, 1)
            self.same, self.pool = nn.Conv2d(32, 32, 3, 1, 1), nn.MaxPool2d(5, 1, 2)
            self.join, self.each = nn.Conv2d(96, 64, 1), nn.Conv2d(64, 64, 3, 2, 1, groups=64)
            self.say = nn.Conv2d(64, 4 + len(CLASSES), 1)

        def forward(self, x: Tensor) -> Tensor:
            kept, on = silu(self.high(silu(self.low(x), inplace=True)), inplace=True).chunk(2, 1)
            on = on + silu(self.same(on))
            x = self.each(silu(self.join(torch.cat((kept, on, self.pool(on)), 1))))
            cells = [x, x[:, :, ::2, ::2], x[:, :, ::4, ::4]]
            return torch.cat([self.say(one).flatten(2) for one in cells], 2).sigmoid()

    torch.manual_seed(0)
    return Net()


@pytest.mark.filterwarnings("ignore")  # PyTorch's compiler has many about itself
@pytest.mark.parametrize("count", [1, 16])
def test_what_a_compiled_network_says_is_what_it_says_as_it_is(device: CudaDevice, count: int) -> None:
    import torch

    from camwire.runtimes.torch import from_module

    images = torch.rand((count, 3, SIZE.height, SIZE.width), device="cuda", dtype=torch.float16)
    images = images.contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        (plain,) = from_module("net", net(), SIZE, CLASSES).instance()(images)
        fast = from_module("net", net(), SIZE, CLASSES, compiled=True)
        (said,) = fast.instance()(images)
    assert fast.runtime == "PyTorch FP16, compiled"
    assert said.shape == plain.shape == (count, 7, 126)
    assert (said.float() - plain.float()).abs().max() < 4e-3


@pytest.mark.filterwarnings("ignore")
def test_what_fused_torchscript_says_is_what_it_says_as_it_is(device: CudaDevice, tmp_path: Path) -> None:
    import torch

    from camwire.models import Overrides
    from camwire.runtimes.torch import from_module, load_network

    file = tmp_path / "net.torchscript"
    about = {"config.txt": '{"imgsz": [64, 96], "names": {"0": "red", "1": "green", "2": "blue"}}'}
    torch.jit.save(torch.jit.trace(net(), torch.rand(1, 3, SIZE.height, SIZE.width)), file, about)
    fast = load_network(file, Overrides(), 8)
    assert fast.runtime == "PyTorch FP16, fused"
    assert not fast.slow_to_prepare
    forward = fast.instance()
    for count in (5, 1):
        images = torch.rand((count, 3, SIZE.height, SIZE.width), device="cuda", dtype=torch.float16)
        images = images.contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            (plain,) = from_module("net", net(), SIZE, CLASSES).instance()(images)
            (said,) = forward(images)
        assert said.shape == plain.shape == (count, 7, 126)
        assert (said.float() - plain.float()).abs().max() < 4e-3


LOADED = """
import sys
from pathlib import Path
import torch
from camwire.models import Overrides
from camwire.runtimes.torch import load_network
network = load_network(Path(sys.argv[1]), Overrides(), 16)
with torch.inference_mode():
    network.instance()(torch.rand((16, 3, 64, 96), device="cuda").half())
print(network.runtime)
"""


def test_what_was_compiled_is_kept_with_camwires_caches(device: CudaDevice, tmp_path: Path) -> None:
    import torch

    batch = torch.export.Dim("batch", min=1, max=64)
    example = torch.rand(2, 3, SIZE.height, SIZE.width)
    torch.export.save(
        torch.export.export(net(), (example,), dynamic_shapes=({0: batch},)), tmp_path / "net.pt2"
    )
    (temporary := tmp_path / "tmp").mkdir()
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOADED, str(tmp_path / "net.pt2")],
        # What was loaded before has chosen folders for this process.
        env={name: value for name, value in os.environ.items() if not name.endswith("_CACHE_DIR")}
        | {
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "TMPDIR": str(temporary),
            "PYTHONPATH": ":".join(sys.path),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.endswith("PyTorch FP16, compiled\n")
    kept = {path.name for path in (tmp_path / "cache" / "camwire" / "torch").iterdir()}
    assert {"fxgraph", "triton"} <= kept
    assert not list(temporary.glob("torchinductor_*/fxgraph"))
