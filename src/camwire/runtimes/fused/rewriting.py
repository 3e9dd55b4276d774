"""A program whose convolutions are fused with what lies around them."""

from __future__ import annotations

from torch.fx import GraphModule

from camwire.runtimes.fused.groups import group_of, has_kernel, replace_group
from camwire.runtimes.fused.means import is_mean, replace_mean
from camwire.runtimes.fused.pools import is_pool, replace_pool


def fuse(program: GraphModule) -> int:
    """Rewrite a program of torch.export or one that was traced; returns how many convolutions are fused. What
    the others are (of groups of channels, of even sides, dilated) stays as it is."""
    count = 0
    for node in list(program.graph.nodes):
        if is_mean(node):
            replace_mean(program, node)
        elif has_kernel(node):
            replace_group(program, group_of(node))
            count += 1
        elif is_pool(node):
            replace_pool(program, node)
    program.graph.eliminate_dead_code()
    program.recompile()
    return count
