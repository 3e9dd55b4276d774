"""Groups of operations in a program that one fused convolution takes the place of."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch.fx import GraphModule, Node

from camwire.runtimes.fused.operation import MOST_SOURCES
from camwire.runtimes.fused.tiles import LEAST

aten = torch.ops.aten
CONVOLUTIONS = (aten.conv2d.default, aten.convolution.default, aten._convolution.default)
"""As programs of torch.export have them, and as what is traced has."""
POOLS = (aten.max_pool2d.default, aten.max_pool2d_with_indices.default)


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


def fuse(program: GraphModule) -> int:
    """Rewrite a program of torch.export or one that was traced; returns how many convolutions are fused. What
    the others are (of groups of channels, of even sides, dilated) stays as it is."""
    count = 0
    for node in list(program.graph.nodes):
        if _is_mean(node):
            _replace_mean(program, node)
        elif _is_plain(node):
            _replace(program, _group(node))
            count += 1
        elif _is_pool(node):
            _replace_pool(program, node)
    program.graph.eliminate_dead_code()
    program.recompile()
    return count


def _is_plain(node: Node) -> bool:
    """Whether there is a kernel for this convolution: as many pixels as before, or every other one in both
    directions; all channels together, in steps that it can make, or each by itself."""
    if node.op != "call_function" or node.target not in CONVOLUTIONS:
        return False
    stride, padding, dilation, groups = _settings(node)
    weight = _shape(node.args[1])
    if weight is None or len(weight) != 4 or any(isinstance(side, torch.SymInt) for side in weight):
        return False
    side = weight[2]
    square = weight[3] == side and side % 2 == 1 and padding == (side // 2, side // 2)
    together = groups == 1 and (weight[1] % LEAST == 0 and stride == (1, 1) if side == 1 else True)
    each = groups == weight[0] and weight[1] == 1 and side > 1
    return square and (together or each) and dilation == (1, 1) and stride in ((1, 1), (2, 2))


def _is_mean(node: Node) -> bool:
    """Whether it is a weighted sum of the channels, which heads that say distributions have: as a matrix
    product it would have one column, as a sum it is fused with the softmax before it."""
    if node.op != "call_function" or node.target not in CONVOLUTIONS:
        return False
    shape, bias = _shape(node.args[1]) or (), node.args[2] if len(node.args) > 2 else node.kwargs.get("bias")
    return shape[:1] + shape[2:] == (1, 1, 1) and bias is None and _settings(node)[0] == (1, 1)


def _replace_mean(program: GraphModule, node: Node) -> None:
    source: Any = node.args[0]
    with program.graph.inserting_before(node):
        # In single precision, as convolutions sum up.
        exact = program.graph.call_function(aten.to.dtype, (source, torch.float32))
        weighted = program.graph.call_function(aten.mul.Tensor, (exact, node.args[1]))
        total = program.graph.call_function(aten.sum.dim_IntList, (weighted, [1], True))
        ours = program.graph.call_function(aten.type_as.default, (total, source))
    ours.meta = dict(node.meta)
    node.replace_all_uses_with(ours)
    program.graph.erase_node(node)


def _is_pool(node: Node) -> bool:
    """Whether it is a greatest one of the pixels around each pixel."""
    if node.op != "call_function" or node.target not in POOLS:
        return False
    if node.target is not POOLS[0] and any(user.args[1] != 0 for user in node.users):
        return False  # where the greatest ones were is asked for
    names = ("stride", "padding", "dilation", "ceil_mode")
    said = dict(zip(names, node.args[2:], strict=False)) | dict(node.kwargs)
    side, odd = _pair(node.args[1]), _pair(node.args[1])[0] % 2 == 1
    around = _pair(said.get("padding", 0)) == (side[0] // 2, side[0] // 2)
    each = _pair(said.get("stride") or side) == _pair(said.get("dilation", 1)) == (1, 1)
    return side[0] == side[1] and odd and around and each


def _replace_pool(program: GraphModule, node: Node) -> None:
    with program.graph.inserting_after(node):
        ours = program.graph.call_function(
            torch.ops.camwire.max_pool.default, (node.args[0], _pair(node.args[1])[0])
        )
    results = [node] if node.target is POOLS[0] else list(node.users)
    for result in results:
        ours.meta = dict(result.meta)
        result.replace_all_uses_with(ours)
        program.graph.erase_node(result)
    if node not in results:
        program.graph.erase_node(node)


def _settings(node: Node) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int], int]:
    """Stride, padding, dilation, groups."""
    names = ("stride", "padding", "dilation")
    usual = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1)}
    more = ("groups",) if node.target is CONVOLUTIONS[0] else ("transposed", "output_padding", "groups")
    said = dict(zip((*names, *more), node.args[3:], strict=False)) | dict(node.kwargs)
    stride, padding, dilation = (_pair(said.get(name, usual[name])) for name in names)
    groups: Any = said.get("groups", 1)
    # No convolution has no groups, so that one the other way is none that any kernel does.
    return stride, padding, dilation, 0 if said.get("transposed") else groups


def _pair(value: Any) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    return (value[0], value[0]) if len(value) == 1 else (value[0], value[1])


def _group(node: Node) -> Group:
    sources, doubled = _sources(node)
    fed: Any = node.args[0]
    alone = Group(node, [fed], 0, False, None, node)
    last, active = node, False
    if (follower := _only_user(last)) and follower.target in (aten.silu.default, aten.silu_.default):
        last, active = follower, True
    added = None
    if (follower := _only_user(last)) and follower.target in (aten.add.Tensor, aten.add_.Tensor):
        added = _other(follower, last)
        last = last if added is None else follower
    group = Group(node, sources, doubled, active, added, last)
    # What the operation reads, it reads later than the program did.
    return alone if any(_is_changed(read) for read in (*sources, added)) else group


def _sources(node: Node) -> tuple[list[Node], int]:
    """What a convolution of single pixels reads needn't be put together nor doubled beforehand."""
    fed: Any = node.args[0]
    if (_shape(node.args[1]) or ())[2] != 1:
        return [fed], 0
    parts = _together(fed) if _only_user(fed) is node else None
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
    shapes = [_shape(part) for part in parts]
    known = all(shape is not None and shape[1] % LEAST == 0 for shape in shapes)
    return list(parts) if known and len(parts) <= MOST_SOURCES else None


def _before_doubling(node: Node) -> Node | None:
    if node.target not in (aten.upsample_nearest2d.vec, aten.upsample_nearest2d.default):
        return None
    before: Any = node.args[0]
    small, large = _shape(before), _shape(node)
    doubled = small and large and tuple(large[2:]) == tuple(2 * side for side in small[2:])
    return before if doubled and _only_user(node) is not None else None


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
    shape = _shape(one)
    return others[0] if shape is not None and shape == _shape(others[0]) else None


def _replace(program: GraphModule, group: Group) -> None:
    node = group.convolution
    bias = node.args[2] if len(node.args) > 2 else node.kwargs.get("bias")
    stride = _settings(node)[0][0]
    arguments = (group.sources, group.doubled, node.args[1], bias, group.added, stride, group.active)
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
        following = _only_user(node)
        assert following is not None
        node = following
    return chain[::-1]


def _only_user(node: Any) -> Node | None:
    users = list(node.users) if isinstance(node, Node) else []
    return users[0] if len(users) == 1 else None


def _shape(node: Any) -> tuple[Any, ...] | None:
    """As the exporter noted it down."""
    value = node.meta.get("val") if isinstance(node, Node) else None
    return tuple(value.shape) if isinstance(value, torch.Tensor) else None
