"""Programs of torch.export, as PyTorch runs them on a GPU."""

from __future__ import annotations

from typing import Any

from camwire.frames import Size

MOST_AT_ONCE = 64
"""Pictures in a batch."""


def exported(module: Any, size: Size) -> Any:
    """A ``torch.nn.Module`` as such a program, on the current GPU, in half precision."""
    import torch

    module = module.cuda().half().eval().to(memory_format=torch.channels_last)
    example = torch.zeros((2, 3, size.height, size.width), dtype=torch.float16, device="cuda")
    example = example.contiguous(memory_format=torch.channels_last)
    batch = torch.export.Dim("batch", min=1, max=MOST_AT_ONCE)
    return ready(torch.export.export(module, (example,), dynamic_shapes=({0: batch},)))


def ready(program: Any) -> Any:
    """A ``torch.export.ExportedProgram`` as a module for any precision, its normalisations folded."""
    import torch

    from camwire.runtimes.fused.folding import fold

    module = program.module()
    for node in list(module.graph.nodes):
        # The exporter asserts that tensors are of the precision in which it was exported.
        if node.op == "call_function" and node.target is torch.ops.aten._assert_tensor_metadata.default:
            module.graph.erase_node(node)
    fold(module)
    return module
