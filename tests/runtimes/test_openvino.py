"""OpenVINO under the runtime's contract, on small graphs made by hand and on the bundled model."""

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from camwire.devices.contracts import InputSpec
from camwire.frames import Size
from camwire.models import Graph, ModelError, TensorSpec, load_model
from camwire.runtimes import choose_runtime
from camwire.runtimes.openvino import OpenVinoRuntime

pytestmark = pytest.mark.integration

SIZE = Size(6, 4)
MEAN, STD = (10.0, 20.0, 30.0), (2.0, 4.0, 8.0)


def two_outputs(path: Path, size: Size = SIZE, op: str = "Identity", step: int | None = None) -> Graph:
    """A graph that gives back its input, and its mean over the picture; declared in the other order."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["x"], ["mean"]),
        helper.make_node(op, ["x"], ["same"]),
    ]
    shape = [1, 3, size.height, size.width]
    graph = helper.make_graph(
        nodes,
        "two",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [
            helper.make_tensor_value_info("mean", TensorProto.FLOAT, [1, 3, 1, 1]),
            helper.make_tensor_value_info("same", TensorProto.FLOAT, shape),
        ],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    outputs = (TensorSpec("same", tuple(shape), "float32"), TensorSpec("mean", (1, 3, 1, 1), "float32"))
    return Graph(path, InputSpec(size, "RGB", 0, False), step, MEAN, STD, outputs, batch=1)


def pictures(count: int, size: Size = SIZE, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, size.height, size.width, 3), np.uint8)


def expected(pixels: np.ndarray) -> np.ndarray:
    return ((pixels.astype(np.float64) - MEAN) / STD).transpose(0, 3, 1, 2)


def test_pixels_are_normalised_and_transposed_in_the_graph(tmp_path: Path) -> None:
    runtime = OpenVinoRuntime(two_outputs(tmp_path / "two.onnx"))
    pixels = pictures(1)
    same, mean = runtime.infer(pixels)
    # BF16, where the processor has it, keeps 8 bits of each number.
    near = 0.02 if "BF16" in runtime.describe() else 1e-5
    np.testing.assert_allclose(same, expected(pixels), rtol=near, atol=near)
    np.testing.assert_allclose(mean[..., 0, 0], expected(pixels).mean(axis=(2, 3)), rtol=near, atol=20 * near)


@pytest.mark.parametrize("sizes", [(3, 1, 2), (1, 4), (2, 2)])
def test_a_batch_gives_what_its_frames_give_alone(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    runtime = OpenVinoRuntime(two_outputs(tmp_path / "two.onnx"))
    for seed, count in enumerate(sizes):
        pixels = pictures(count, seed=seed)
        together = [output.copy() for output in runtime.infer(pixels)]
        assert [len(output) for output in together] == [count, count]
        for index in range(count):
            for whole, alone in zip(together, runtime.infer(pixels[index : index + 1]), strict=True):
                np.testing.assert_array_equal(whole[index], alone[0])


def test_threads_do_not_see_each_others_results(tmp_path: Path) -> None:
    runtime = OpenVinoRuntime(two_outputs(tmp_path / "two.onnx"))
    start = threading.Barrier(4)
    wrong: list[int] = []

    def work(seed: int) -> None:
        pixels = pictures(1 + seed % 2, seed=seed)
        alone = runtime.infer(pixels)[0].copy()
        start.wait(10)
        right = [np.array_equal(runtime.infer(pixels)[0], alone) for _ in range(200)]
        wrong.extend([seed] * right.count(False))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not wrong
    assert not any(thread.is_alive() for thread in threads)


def test_smaller_inputs_are_made_ready_when_they_are_met(tmp_path: Path) -> None:
    runtime = OpenVinoRuntime(two_outputs(tmp_path / "two.onnx", Size(8, 6), step=2))
    assert runtime.sizes == ()
    runtime.prepare(Size(8, 4))
    for size in (Size(4, 6), Size(8, 4), Size(8, 6), Size(4, 6)):
        assert runtime.infer(pictures(2, size))[0].shape == (2, 3, size.height, size.width)
    assert runtime.sizes == (Size(8, 4), Size(4, 6), Size(8, 6))
    for wrong in (Size(10, 6), Size(8, 3)):
        with pytest.raises(
            ValueError, match=r"wanted: uint8\[B, 6, 8, 3\], or H and W smaller multiples of 2"
        ):
            runtime.infer(pictures(1, wrong))


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((1, 6, 4, 3), np.uint8), np.zeros((0, 4, 6, 3), np.uint8), np.zeros((1, 4, 6, 3), np.float32)],
)
def test_other_pixels_are_refused(tmp_path: Path, pixels: np.ndarray) -> None:
    runtime = OpenVinoRuntime(two_outputs(tmp_path / "two.onnx"))
    with pytest.raises(ValueError, match=r"wanted: uint8\[B, 4, 6, 3\]"):
        runtime.infer(pixels)


def test_an_operation_that_openvino_lacks_is_one_readable_line(tmp_path: Path) -> None:
    graph = two_outputs(tmp_path / "odd.onnx", op="Idontexist")
    with pytest.raises(ModelError) as refusal:
        OpenVinoRuntime(graph).prepare(SIZE)
    assert str(refusal.value).startswith(f"model {graph.file}: OpenVINO can't run it (")
    assert "Idontexist" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_the_choice_says_what_it_is_and_why() -> None:
    graph = load_model("nanodet").graph
    choice = choose_runtime("auto", graph)
    assert choice.runtime.describe() in ("OpenVINO FP32", "OpenVINO BF16")
    assert choice.reason.startswith("auto: ")
    with pytest.raises(ModelError, match="no runtime is called 'tensorflow'; known: auto, openvino, onn"):
        choose_runtime("tensorflow", graph)


def test_nothing_phones_home() -> None:
    """Loading and running the bundled model opens no connection and starts no process."""
    script = """
import sys
seen = []
sys.addaudithook(lambda event, _: seen.append(event)
    if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system") else None)
from camwire.models import load_model
from camwire.runtimes import choose_runtime
graph = load_model("nanodet").graph
choose_runtime("auto", graph).runtime.prepare(graph.input.size)
sys.exit(f"{seen}" if seen else 0)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
