"""Each operator does what ONNX's own examples say, and what ONNX Runtime does with any other numbers."""

from __future__ import annotations

import re
import warnings
from collections import defaultdict
from functools import cache
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

torch = pytest.importorskip("torch")

from camwire.runtimes.onnxruntime import ERRORS  # noqa: E402
from camwire.runtimes.tracing import traced  # noqa: E402
from camwire.runtimes.translated.operators import OPERATORS  # noqa: E402
from camwire.runtimes.translated.operators.contract import TranslationError  # noqa: E402
from camwire.runtimes.translated.program import Node, attributes_of  # noqa: E402

REFUSED = re.compile(
    "AveragePool with dilations|(BatchNormalization|Dropout) in training|ConvTranspose whose room"
    "|CumSum that is|GatherND with batch_dims|MaxPool that says where|Resize with antialias"
    "|a (cubic|linear) Resize|Scatter.* reduction"
    "|Resize (from .* )?with the coordinate_transformation_mode '(tf_crop_and_resize|half_pixel_symmetric"
    "|align_corners|pytorch_half_pixel|asymmetric)'|numbers of ONNX's type|Pad in the mode"
)
"""What ONNX has and detectors don't use."""
COMPUTED = {"bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"}
"""Types that PyTorch computes with and NumPy knows."""
TIES = "same_values"
"""Of numbers that are as great PyTorch takes any."""
EMPTY = "empty_set"
FROM_CONSTANTS = {"Range"}
"""What depends on its inputs' numbers, which are never pictures'."""
WITHOUT_EXAMPLES = {"Swish"}
"""Operators newer than the package onnx that is installed may be."""


@cache
def examples() -> dict[str, list[Any]]:
    """ONNX's, by operator."""
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = collect_testcases(None)
    found = defaultdict(list)
    for case in cases:
        nodes = case.model.graph.node
        if len(nodes) == 1 and not nodes[0].domain and TIES not in case.name and EMPTY not in case.name:
            found[nodes[0].op_type].append(case)
    return found


def array_of(value: Any) -> np.ndarray | None:
    """None for one of a type that PyTorch doesn't compute with."""
    array = numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else np.asarray(value)
    return array if array.dtype.name in COMPUTED else None


def computed(
    node: onnx.NodeProto, opset: int, inputs: list[np.ndarray], *, as_program: bool = False
) -> list[np.ndarray] | None:
    """None where that is refused for one of the reasons for which it may be. ``as_program``: the operations
    are written down first, with the first input for the pictures."""
    ours = Node(node.op_type, tuple(node.input), tuple(node.output), attributes_of(node), opset)
    operator, values = OPERATORS[node.op_type], iter(inputs)
    given: list[Any] = [torch.from_numpy(np.array(next(values))) if name else None for name in node.input]
    told = [
        one.reshape(-1).tolist() if one is not None and place in operator.known else one
        for place, one in enumerate(given)
    ]
    seen = next((n for n, one in enumerate(told) if isinstance(one, torch.Tensor) and one.numel()), None)
    try:
        if as_program and seen is not None and node.op_type not in FROM_CONSTANTS:
            before, behind = told[:seen], told[seen + 1 :]
            program = traced(lambda x: operator.compute(ours, *before, x, *behind), told[seen])
            said = program(told[seen])
        else:
            said = operator.compute(ours, *told)
    except TranslationError as refused:
        if REFUSED.match(str(refused)):
            return None
        raise
    return [one.numpy() for one in (said if isinstance(said, tuple) else (said,))]


def same(said: np.ndarray, wanted: np.ndarray) -> None:
    assert said.shape == wanted.shape
    assert said.dtype == wanted.dtype
    np.testing.assert_allclose(said, wanted, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_onnxs_own_examples(name: str) -> None:
    done = 0
    for case in examples()[name]:
        (node,) = case.model.graph.node
        for inputs, outputs in case.data_sets:
            arrays = [array_of(value) for value in (*inputs, *outputs)]
            if any(array is None for array in arrays):
                continue
            for as_program in (False, True):
                opset = case.model.opset_import[0].version
                said = computed(node, opset, arrays[: len(inputs)], as_program=as_program)
                if said is None:
                    continue
                for one, wanted in zip(said, arrays[len(inputs) :], strict=False):
                    same(one, wanted)
                done += 1
    assert done or name in WITHOUT_EXAMPLES


def held_against_onnxruntime(node: onnx.NodeProto, inputs: dict[str, np.ndarray], opset: int = 18) -> None:
    """``node``'s outputs for these inputs are ONNX Runtime's; refused is what its REFUSED are."""
    model = helper.make_model(
        helper.make_graph(
            [node],
            "one",
            [
                helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
                for name, value in inputs.items()
            ],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in node.output],
        ),
        opset_imports=[helper.make_opsetid("", opset)],
        ir_version=8,
    )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        wanted = session.run(None, inputs)
    except ERRORS:
        assume(False)  # what it refuses, it can't judge
    said = computed(node, opset, [inputs[name] for name in node.input if name])
    if said is None:
        return
    for one, right in zip(said, wanted, strict=True):
        same(one, right)


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


examined = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
sides = st.integers(1, 9)
pads = st.lists(st.integers(0, 3), min_size=4, max_size=4)
pairs = st.lists(st.integers(1, 3), min_size=2, max_size=2)


@examined
@given(
    pooling=st.sampled_from(["MaxPool", "AveragePool"]),
    height=sides,
    width=sides,
    kernel=pairs,
    strides=pairs,
    pads=pads,
    auto=st.sampled_from(["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"]),
    ceil=st.booleans(),
    counts=st.booleans(),
)
def test_pools_of_any_window(pooling, height, width, kernel, strides, pads, auto, ceil, counts) -> None:
    assume(all(pad < kernel[place % 2] for place, pad in enumerate(pads)))
    assume(height >= kernel[0] and width >= kernel[1])
    said = {"kernel_shape": kernel, "strides": strides, "auto_pad": auto, "ceil_mode": int(ceil)}
    if auto == "NOTSET":
        said["pads"] = pads
    if pooling == "AveragePool":
        # ONNX Runtime counts room behind the last window that ceil_mode adds, which ONNX does not.
        assume(not ceil)
        said["count_include_pad"] = int(counts)
    node = helper.make_node(pooling, ["x"], ["y"], **said)
    held_against_onnxruntime(node, {"x": numbers(2, 3, height, width)})


@examined
@given(
    height=sides,
    width=sides,
    kernel=pairs,
    strides=pairs,
    dilations=pairs,
    pads=pads,
    auto=st.sampled_from(["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"]),
    groups=st.sampled_from([1, 2]),
    biased=st.booleans(),
)
def test_convolutions_of_any_window(
    height, width, kernel, strides, dilations, pads, auto, groups, biased
) -> None:
    said = {"strides": strides, "dilations": dilations, "auto_pad": auto, "group": groups}
    if auto == "NOTSET":
        said["pads"] = pads
    inputs = {"x": numbers(2, 4, height, width), "w": numbers(6, 4 // groups, *kernel, seed=1)}
    if biased:
        inputs["b"] = numbers(6, seed=2)
    held_against_onnxruntime(helper.make_node("Conv", list(inputs), ["y"], **said), inputs)


@examined
@example(2, 2, (2, 5), True, "linear", "half_pixel", "floor")
@example(1, 3, (4, 5), True, "nearest", "half_pixel", "floor")
@given(
    height=st.integers(1, 6),
    width=st.integers(1, 6),
    new=st.tuples(st.integers(1, 14), st.integers(1, 14)),
    by_scale=st.booleans(),
    mode=st.sampled_from(["nearest", "linear", "cubic"]),
    place=st.sampled_from(["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"]),
    rounding=st.sampled_from(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]),
)
def test_pictures_of_any_size(height, width, new, by_scale, mode, place, rounding) -> None:
    said = {"mode": mode, "coordinate_transformation_mode": place}
    if mode == "nearest":
        said["nearest_mode"] = rounding
    x = numbers(2, 3, height, width)
    if by_scale:
        # Quarters, which no rounding changes.
        scales = np.array([1, 1, new[0] / 4, new[1] / 4], np.float32)
        assume(min(height * scales[2], width * scales[3]) >= 1)
        node = helper.make_node("Resize", ["x", "", "scales"], ["y"], **said)
        held_against_onnxruntime(node, {"x": x, "scales": scales})
    else:
        node = helper.make_node("Resize", ["x", "", "", "sizes"], ["y"], **said)
        held_against_onnxruntime(node, {"x": x, "sizes": np.array([2, 3, *new], np.int64)})


@examined
@given(
    shape=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    data=st.data(),
)
def test_any_part_of_a_tensor(shape, data) -> None:
    axes = data.draw(st.lists(st.integers(0, len(shape) - 1), min_size=1, unique=True))
    bound = st.integers(-9, 9)
    starts, ends = (data.draw(st.lists(bound, min_size=len(axes), max_size=len(axes))) for _ in range(2))
    steps = data.draw(st.lists(st.sampled_from([1, 2, 3, -1, -2]), min_size=len(axes), max_size=len(axes)))
    told = {
        name: np.array(value, np.int64)
        for name, value in zip("sean", (starts, ends, axes, steps), strict=True)
    }
    held_against_onnxruntime(helper.make_node("Slice", ["x", *told], ["y"]), {"x": numbers(*shape), **told})


@examined
@given(
    shape=st.lists(st.integers(2, 5), min_size=1, max_size=4),
    mode=st.sampled_from(["constant", "reflect", "edge"]),
    data=st.data(),
)
def test_room_around_any_tensor(shape, mode, data) -> None:
    room = [data.draw(st.integers(0, min(shape) - 1)) for _ in range(2 * len(shape))]
    inputs = {"x": numbers(*shape), "p": np.array(room, np.int64)}
    held_against_onnxruntime(helper.make_node("Pad", ["x", "p"], ["y"], mode=mode), inputs)
