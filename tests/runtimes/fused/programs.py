"""Small networks, exported for the fused kernels: on a GPU, else for Triton's interpreter, on the CPU."""

import os

import pytest

torch = pytest.importorskip("torch")
HERE = "cuda" if torch.cuda.is_available() else "cpu"
if HERE == "cpu":
    os.environ["TRITON_INTERPRET"] = "1"  # before anything imports the kernels
pytest.importorskip("triton")

from torch import Tensor, nn  # noqa: E402
from torch.export import Dim, export  # noqa: E402

ON_GPUS = [pytest.mark.gpu] if HERE == "cuda" else []
EXACT = torch.float32 if HERE == "cpu" else torch.float16


def pictures(count: int, channels: int, height: int, width: int, seed: int = 0) -> Tensor:
    source = torch.Generator().manual_seed(seed)
    images = torch.randn((count, channels, height, width), generator=source)
    return images.to(HERE, EXACT).contiguous(memory_format=torch.channels_last)


def exported(module: nn.Module, images: Tensor) -> torch.fx.GraphModule:
    """For any number of pictures."""
    module = module.eval().to(HERE, EXACT).to(memory_format=torch.channels_last)
    example = torch.cat((images, images)).contiguous(memory_format=torch.channels_last)
    program = export(module, (example,), dynamic_shapes=({0: Dim("batch", min=1, max=64)},))
    return program.module()


def exact(module: nn.Module, images: Tensor) -> Tensor:
    """What the module says in double precision, on the CPU."""
    with torch.inference_mode():
        return module.cpu().double()(images.cpu().double())


def names(program: torch.fx.GraphModule) -> list[str]:
    """Of the operations that compute."""
    return [str(node.target) for node in program.graph.nodes if "OpOverload" in type(node.target).__name__]
