"""PyTorch's networks made fast on a GPU: convolutions fused with what follows, the rest by torch.compile."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import structlog

from camwire.frames import Size
from camwire.runtimes import compiler

if TYPE_CHECKING:
    from camwire.runtimes.programs import ByCount

log = structlog.get_logger()

Plain = Callable[[Any], Any]
"""Pictures [B, 3, H, W] → what a network says."""

TENSOR_CORES = (8, 0)
"""Compute capability from which Triton compiles for them."""
WORTH_COMPILING = 16
"""Pictures in a batch: where convolutions are fused, the rest of a smaller one costs little as it is, and
every size that is compiled makes a worker's start longer."""


def made_fast(name: str, network: Plain, size: Size) -> tuple[Plain, str]:
    """``network`` on the current GPU as fast as can be, and what was done to it, for people: `compiled`,
    `fused` or nothing.

    Fused are TorchScript and programs of torch.export, which are changed, in half precision.
    ``name``: the model's, for people; ``size``: of its pictures.
    """
    import torch

    if not _can_compile(name):
        return network, ""
    if not isinstance(network, torch.jit.ScriptModule):
        return _compiled(name, network), "compiled"
    fused = _fused(name, lambda _: network, size)
    return (fused, "fused") if fused else (network, "")


def made_fast_by_count(name: str, network: ByCount, size: Size, compared: ByCount) -> tuple[Plain, bool]:
    """The same for a network in half precision that is written down anew for each number of pictures, and
    whether anything was done to it. ``compared``: what fused convolutions have to leave as it is."""
    from camwire.runtimes.programs import Programs

    if _can_compile(name) and _fused(name, compared, size):
        from camwire.runtimes.fused.rewriting import fuse

        return Programs(network, fuse, compiled_from=WORTH_COMPILING), True
    return Programs(network), False


def _can_compile(name: str) -> bool:
    """Whether networks can be compiled here."""
    if lacking := compiler.missing():
        log.warning(
            "the network can't be compiled and runs as it is, which takes more than twice as long",
            model=name,
            missing=lacking,
            add_it=compiler.PACKAGES,
        )
        return False
    return True


def _compiled(name: str, network: Plain) -> Plain:
    import torch

    fused = 0
    if isinstance(network, torch.fx.GraphModule) and _has_tensor_cores():
        from camwire.runtimes.fused.rewriting import fuse

        fused = fuse(network)
    log.info(
        "the network is compiled; this takes minutes and is remembered", model=name, fused_convolutions=fused
    )
    whole: Plain = torch.compile(network, dynamic=False)
    if not fused:
        return whole
    return lambda images: (whole if len(images) >= WORTH_COMPILING else network)(images)


def _fused(name: str, network: ByCount, size: Size) -> Plain | None:
    """Programs whose convolutions are fused. None where there are none and, with a warning, where they can't
    be fused or something else would be said of a picture of noise."""
    import torch
    from triton.errors import TritonError

    from camwire.runtimes.fused.rewriting import fuse
    from camwire.runtimes.programs import ALIKE, Programs, difference
    from camwire.runtimes.tracing import said_as_written

    fused = Programs(network, fuse)
    noise = torch.rand((1, 3, size.height, size.width), dtype=torch.float16, device="cuda")
    noise = noise.contiguous(memory_format=torch.channels_last)
    try:
        if not _has_tensor_cores():
            raise ValueError("the GPU has no tensor cores that Triton compiles for")
        said = said_as_written(network(1), noise)
        with torch.inference_mode():
            apart = difference(said, fused(noise))
        if not apart < ALIKE:
            raise ValueError(f"it would say something else ({apart:.1%})")
    except (torch.AcceleratorError, torch.OutOfMemoryError):
        raise  # of the GPU's, not of the network's
    except (ValueError, RuntimeError, TritonError) as error:
        because = next(iter(str(error).splitlines()), type(error).__name__)
        log.warning(
            "the network's convolutions can't be fused; it runs as it is", model=name, because=because
        )
        return None
    if not fused.changes:
        return None
    log.info("the network's convolutions are fused", model=name, fused_convolutions=fused.changes)
    return fused


def _has_tensor_cores() -> bool:
    import torch

    return bool(torch.cuda.get_device_capability() >= TENSOR_CORES)
