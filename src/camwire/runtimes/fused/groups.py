"""A convolution and the operations around it that one kernel does with it."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch.fx import GraphModule, Node

from camwire.runtimes.fused.nodes import aten, bias_of, is_convolution, only_user, settings_of, shape_of
from camwire.runtimes.fused.operation import MOST_SOURCES
from camwire.runtimes.fused.tiles import LEAST


class Group(NamedTuple):
    """What becomes one operation."""

    convolution: Node
    sources: list[Node]
    doubled: int
    """A bit for each source, which is then what was there before its pixels were doubled."""
    active: bool
    added: Node | None
    last: Node
    """Whose place the operation takes."""


def has_kernel(node: Node) -> bool:
    """Whether there is a kernel for this convolution: as many pixels as before, or every other one in both
    directions; all channels together, in steps that it can make, or each by itself."""
    if not is_convolution(node):
        return False
    stride, padding, dilation, groups = settings_of(node)
    weight = shape_of(node.args[1])
    if weight is None or len(weight) != 4 or any(isinstance(side, torch.SymInt) for side in weight):
        return False
    side = weight[2]
    square = weight[3] == side and side % 2 == 1 and padding == (side // 2, side // 2)
    together = groups == 1 and (weight[1] % LEAST == 0 and stride == (1, 1) if side == 1 else True)
    each = groups == weight[0] and weight[1] == 1 and side > 1
    return square and (together or each) and dilation == (1, 1) and stride in ((1, 1), (2, 2))


def group_of(node: Node) -> Group:
    sources, doubled = _sources(node)
    fed: Any = node.args[0]
    alone = Group(node, [fed], 0, False, None, node)
    last, active = node, False
    if (follower := only_user(last)) and follower.target in (aten.silu.default, aten.silu_.default):
        last, active = follower, True
    added = None
    if (follower := only_user(last)) and follower.target in (aten.add.Tensor, aten.add_.Tensor):
        added = _other(follower, last)
        last = last if added is None else follower
    group = Group(node, sources, doubled, active, added, last)
    # What the operation reads, it reads later than the program did.
    return alone if any(_is_changed(read) for read in (*sources, added)) else group


def _sources(node: Node) -> tuple[list[Node], int]:
    """What a convolution of single pixels reads needn't be put together nor doubled beforehand."""
    fed: Any = node.args[0]
    if (shape_of(node.args[1]) or ())[2] != 1:
        return [fed], 0
    parts = _together(fed) if only_user(fed) is node else None
    if parts is None:
        parts = [fed]
    doubled, sources = 0, []
    for number, part in enumerate(parts):
        before = _before_doubling(part)
        doubled |= (before is not None) << number
        sources.append(before or part)
    return sources, doubled


def _together(node: Node) -> list[Node] | None:
    """The tensors that ``node`` puts together by channels, if the kernel can read them one by one."""
    if node.target is not aten.cat.default or len(node.args) < 2 or node.args[1] != 1:
        return None
    parts: Any = node.args[0]
    shapes = [shape_of(part) for part in parts]
    known = all(shape is not None and shape[1] % LEAST == 0 for shape in shapes)
    return list(parts) if known and len(parts) <= MOST_SOURCES else None


def _before_doubling(node: Node) -> Node | None:
    if node.target not in (aten.upsample_nearest2d.vec, aten.upsample_nearest2d.default):
        return None
    before: Any = node.args[0]
    small, large = shape_of(before), shape_of(node)
    doubled = small and large and tuple(large[2:]) == tuple(2 * side for side in small[2:])
    return before if doubled and only_user(node) is not None else None


def _is_changed(node: Node | None) -> bool:
    """Whether something writes into this tensor."""
    return node is not None and any(
        user.args[:1] == (node,) and getattr(user.target, "_schema", None) and user.target._schema.is_mutable
        for user in node.users
    )


def _other(addition: Node, one: Node) -> Node | None:
    """What is added to ``one``, if it is a tensor of the same shape and counts once."""
    others = [term for term in addition.args[:2] if term is not one]
    if addition.target is aten.add_.Tensor and addition.args[0] is not one:
        return None  # the sum takes the place of the other
    if len(others) != 1 or not isinstance(others[0], Node) or addition.kwargs.get("alpha", 1) != 1:
        return None
    shape = shape_of(one)
    return others[0] if shape is not None and shape == shape_of(others[0]) else None


def replace_group(program: GraphModule, group: Group) -> None:
    node = group.convolution
    stride = settings_of(node)[0][0]
    arguments = (group.sources, group.doubled, node.args[1], bias_of(node), group.added, stride, group.active)
    with program.graph.inserting_after(group.last):
        fused = program.graph.call_function(torch.ops.camwire.convolution.default, arguments)
    fused.meta = dict(group.last.meta)
    group.last.replace_all_uses_with(fused)
    # Activations may be in place, which keeps them from being taken for unused.
    for done in dict.fromkeys((group.last, *_between(group), node)):
        program.graph.erase_node(done)


def _between(group: Group) -> list[Node]:
    """Those of the group that come before its last one, backwards."""
    chain, node = [], group.convolution
    while node is not group.last:
        chain.append(node)
        following = only_user(node)
        assert following is not None
        node = following
    return chain[::-1]
