"""A translated file's convolutions are fused, and what it says stays."""

from pathlib import Path

from tests.runtimes.fused.programs import HERE, ON_GPUS, names, torch

from camwire.models import load_model  # isort: skip
from camwire.runtimes.fused.rewriting import fuse
from camwire.runtimes.network import for_common_pictures
from camwire.runtimes.programs import Programs, difference
from camwire.runtimes.tracing import traced
from camwire.runtimes.translated.checking import pictures
from camwire.runtimes.translated.program import read_program
from camwire.runtimes.translated.translation import Translation
from tests.models.small_yolo import save_small_yolo

pytestmark = ON_GPUS


def translated(folder: Path) -> tuple[Translation, torch.Tensor]:
    file = save_small_yolo(folder / "small.onnx", 96, 64)
    graph = for_common_pictures(load_model(str(file)).graph)
    images = pictures(graph).to(HERE).contiguous(memory_format=torch.channels_last)
    return Translation(read_program(graph.file), graph, HERE), images


def test_what_a_file_says_stays(tmp_path: Path) -> None:
    translation, images = translated(tmp_path)
    fast = Programs(translation.says, fuse)
    with torch.inference_mode():
        for count in (2, 1):
            apart = difference(translation.says(count)(images[:count]), fast(images[:count]))
            assert apart < (1e-4 if HERE == "cpu" else 1e-2)
    assert fast.changes > 15


def test_activations_and_what_is_put_together_are_part_of_convolutions(tmp_path: Path) -> None:
    translation, images = translated(tmp_path)
    program = traced(translation.says(2), images)
    fuse(program)
    done = names(program)
    assert not [
        name for name in done if "silu" in name or "upsample" in name or name == "convolution.default"
    ]
    assert done.count("camwire.convolution.default") > 15
