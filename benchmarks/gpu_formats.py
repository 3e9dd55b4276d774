"""How fast a network is on a GPU as each kind of file that PyTorch runs there, and how soon it is ready.

    python benchmarks/gpu_formats.py [FILE ...] [--scale s] [--seconds 2]

Without files: YOLO11's architecture with random weights as a program of torch.export, as TorchScript, as ONNX
for any number of pictures and for one, and the bundled model. What is measured is the network alone, a full
batch as one CUDA graph; what is compiled may have been kept from before, which makes it ready sooner.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from camwire.config.detection import BUNDLED_MODEL
from camwire.frames import Size
from camwire.models import ModelError, Overrides
from camwire.runtimes.networks import choose_network
from gpu_parts import DEVICE, torch
from gpu_stages import replayed
from yolo11 import Yolo11

SIZE = Size(640, 640)


def exported(scale: str, folder: Path) -> Iterator[Path]:
    """The network as each kind of file."""
    module = Yolo11(scale).eval()
    one, two = (torch.rand((count, 3, SIZE.height, SIZE.width)) for count in (1, 2))
    stem = folder / f"yolo11{scale}"

    def program(file: Path) -> None:
        batch = torch.export.Dim("batch", min=1, max=64)
        torch.export.save(torch.export.export(module, (two,), dynamic_shapes=({0: batch},)), file)

    def script(file: Path) -> None:
        # Traced where it will run: what it makes itself, a script makes where it was traced.
        torch.jit.trace(module.cuda(), one.cuda()).save(str(file))
        module.cpu()

    def onnx(file: Path, **axes: dict[str, dict[int, str]]) -> None:
        named = {"input_names": ["images"], "output_names": ["output0"]}
        torch.onnx.export(module, (one,), str(file), dynamo=False, **named, **axes)

    def onnx_for_any(file: Path) -> None:
        onnx(file, dynamic_axes={"images": {0: "batch"}, "output0": {0: "batch"}})

    kinds: dict[str, Callable[[Path], None]] = {
        ".pt2": program,
        ".torchscript": script,
        "-any.onnx": onnx_for_any,
        "-one.onnx": onnx,
    }
    for ending, write in kinds.items():
        file = Path(f"{stem}{ending}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # exporters have many about themselves
            write(file)
        yield file


def measured(file: str, seconds: float) -> str:
    """A line on the network in ``file``, or why it doesn't run."""
    begin = time.monotonic()
    try:
        network = choose_network(file, "torch", Overrides(), DEVICE.batch_size).network
    except ModelError as error:
        return f"{file}: {error}"
    forward = network.instance()
    width, height = network.input.size
    images = torch.rand((DEVICE.batch_size, 3, height, width), device="cuda", dtype=torch.float16)
    images = images.contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        forward(images)
    torch.cuda.synchronize()
    ready = time.monotonic() - begin
    rate = replayed(forward, images, seconds)
    return f"{Path(file).name:20s} {network.describe():45s} {rate:7.0f} a second, ready in {ready:.0f} s"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*")
    parser.add_argument("--scale", default="s", choices=["n", "s", "m"])
    parser.add_argument("--seconds", type=float, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = options.files or [*map(str, exported(options.scale, Path(folder))), BUNDLED_MODEL]
        for file in files:
            print(measured(file, options.seconds), flush=True)
            torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
