"""What a network of PyTorch does, as a program of single operations, in which convolutions can be fused."""

from __future__ import annotations

from collections.abc import Callable
from operator import getitem
from typing import Any, NoReturn

import torch
from torch import Tensor
from torch._subclasses import FakeTensorMode
from torch.fx import Graph, GraphModule, Node
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

DEPENDS_ON_VALUES = {torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape}


def said_as_written(script: Callable[[Any], Any], images: Tensor) -> Any:
    """What ``script`` says of pictures, by which it can still be traced afterwards.

    TorchScript notes what it sees and makes a faster program of a script that it runs a second time, which
    it then keeps to whatever it is told, and which reads tensors' memory, where a tracer's have none: the
    GPU is lost to the process then (cudaErrorIllegalAddress).
    """
    with torch.inference_mode(), torch.jit.optimized_execution(False):
        return script(images)


def traced(script: Callable[[Any], Any], images: Tensor) -> GraphModule:
    """The operations that ``script`` does with pictures of this shape, for no other one.

    Nothing is computed but what doesn't come from the pictures, which becomes part of the program.
    TorchScript may have run before by :func:`said_as_written` alone. Raises ValueError where what is done
    depends on what is seen, or can't be written down.
    """
    tracer = _Tracer(images)
    try:
        with torch.jit.optimized_execution(False), torch.inference_mode(False), torch.no_grad(), tracer:
            said = script(tracer.images)
    except RuntimeError as error:
        # TorchScript passes an error on as one of its own, without its words.
        raise ValueError(tracer.refused or str(error)) from error
    return tracer.program(said)


class _Tracer(TorchDispatchMode):  # type: ignore[misc]
    """Writes down each operation whose result comes from the pictures. Tensors there have no values."""

    def __init__(self, images: Tensor) -> None:
        super().__init__()
        self.refused: str | None = None
        self._fakes = FakeTensorMode(allow_non_fake_inputs=True)
        self._graph, self._constants = Graph(), torch.nn.Module()
        self._nodes: dict[int, Node] = {}
        """By the identity of tensors, which ``_kept`` has."""
        self._kept: list[Tensor] = []
        self.images = self._fakes.from_tensor(images)
        self._note(self.images, self._graph.placeholder("images"))
        self._seen = {id(self.images)}
        """Tensors that come from the pictures."""

    def program(self, said: Any) -> GraphModule:
        self._graph.output(tree_map(self._node_of, said))
        self._graph.eliminate_dead_code()
        return GraphModule(self._constants, self._graph)

    def __torch_dispatch__(self, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if not any(id(one) in self._seen for one in tree_leaves((args, kwargs))):
            return func(*args, **kwargs)
        if DEPENDS_ON_VALUES.intersection(func.tags):
            self._refuse(f"what {func} gives depends on what is seen")
        if func._schema.is_mutable and id(args[0]) not in self._seen:
            self._refuse(f"{func} writes what is seen into a tensor that is made for that")
        with self._fakes:
            result = func(*args, **kwargs)
        if not any(isinstance(one, Tensor) for one in tree_leaves(result)):
            return result  # about a tensor, like its device
        node = self._graph.call_function(func, *tree_map(self._node_of, (args, kwargs)))
        if isinstance(result, Tensor):
            self._see(result, node)
        else:
            for number, part in enumerate(result):
                self._see(part, self._graph.call_function(getitem, (node, number)))
        return result

    def _refuse(self, why: str) -> NoReturn:
        self.refused = why
        raise ValueError(why)

    def _see(self, tensor: Tensor, node: Node) -> None:
        self._note(tensor, node)
        self._seen.add(id(tensor))

    def _note(self, tensor: Tensor, node: Node) -> None:
        node.meta["val"] = tensor
        self._nodes[id(tensor)] = node
        self._kept.append(tensor)

    def _node_of(self, value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        if id(value) not in self._nodes:
            name = f"constant{len(self._nodes)}"
            self._constants.register_buffer(name, value.detach())
            self._note(value, self._graph.get_attr(name))
        return self._nodes[id(value)]
