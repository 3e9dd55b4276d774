"""PyTorch's programs made fast on a GPU: convolutions fused with what follows, the rest by torch.compile."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import structlog

from camwire.frames import Size
from camwire.runtimes.engine_cache import default_folder

log = structlog.get_logger()

MOST_AT_ONCE = 64
"""Pictures in a batch of an exported program."""
TENSOR_CORES = (8, 0)
"""Compute capability from which Triton compiles for them."""
WORTH_COMPILING = 16
"""Pictures in a batch: where convolutions are fused, the rest of a smaller one costs little as it is, and
every size that is compiled makes a worker's start longer."""


def exported(module: Any, size: Size) -> Any:
    """A ``torch.nn.Module`` as a program of torch.export, on the current GPU, in half precision."""
    import torch

    module = module.cuda().half().eval().to(memory_format=torch.channels_last)
    example = torch.zeros((2, 3, size.height, size.width), dtype=torch.float16, device="cuda")
    batch = torch.export.Dim("batch", min=1, max=MOST_AT_ONCE)
    program = torch.export.export(
        module, (example.contiguous(memory_format=torch.channels_last),), dynamic_shapes=({0: batch},)
    )
    return in_any_precision(program.module())


def in_any_precision(program: Any) -> Any:
    """Without the exporter's assertions that tensors are of the precision in which it was exported."""
    import torch

    for node in list(program.graph.nodes):
        if node.op == "call_function" and node.target is torch.ops.aten._assert_tensor_metadata.default:
            program.graph.erase_node(node)
    program.recompile()
    return program


def remember() -> None:
    """What compilers make is kept on disk."""
    remembered = default_folder().with_name("torch")
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(remembered))
    os.environ.setdefault("TRITON_CACHE_DIR", str(remembered / "triton"))


def compiled(name: str, forward: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """``forward``, fused and compiled, for people the model ``name``; a program of torch.export is changed.

    Fused are programs in half precision alone.
    """
    import torch

    remember()
    fused = _fused(forward)
    log.info(
        "the network is compiled; this takes minutes and is remembered", model=name, fused_convolutions=fused
    )
    whole: Callable[[Any], Any] = torch.compile(forward, dynamic=False)
    if not fused:
        return whole
    return lambda images: (whole if len(images) >= WORTH_COMPILING else forward)(images)


def fused_script(name: str, script: Any, size: Size) -> Callable[[Any], Any]:
    """A TorchScript network in half precision on a GPU with its convolutions fused.

    It is given back as it is, with a warning, where that can't be or doesn't say the same of some noise.
    """
    import torch

    remember()
    if not _has_tensor_cores():
        return script  # type: ignore[no-any-return]
    from camwire.runtimes.fused.script import ALIKE, FusedScript, difference

    fast = FusedScript(script)
    noise = torch.rand((1, 3, size.height, size.width), dtype=torch.float16, device="cuda")
    noise = noise.contiguous(memory_format=torch.channels_last)
    try:
        with torch.inference_mode():
            apart = difference(script(noise), fast(noise))
        refused = f"it would say something else ({apart:.1%})" if not apart < ALIKE else None
    except Exception as error:  # noqa: BLE001 any program may come, and PyTorch has many errors for what it can't trace
        refused = f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
    if refused is None:
        log.info("the network's convolutions are fused", model=name, fused_convolutions=fast.convolutions)
        return fast
    log.warning("the network's convolutions can't be fused; it runs as it is", model=name, because=refused)
    return script  # type: ignore[no-any-return]


def _fused(program: Any) -> int:
    """Fuse a program's convolutions, if the GPU has what that takes; returns how many."""
    import torch

    if not isinstance(program, torch.fx.GraphModule) or not _has_tensor_cores():
        return 0
    from camwire.runtimes.fused.rewriting import fuse

    return fuse(program)


def _has_tensor_cores() -> bool:
    import torch

    return bool(torch.cuda.get_device_capability() >= TENSOR_CORES)
