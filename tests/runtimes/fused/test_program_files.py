"""Files of TorchScript and torch.export: read, tried out, and what is compiled of them kept on disk."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.runtimes.fused.programs import torch

from camwire.frames import Size  # isort: skip
from camwire.devices.contracts import InputSpec
from camwire.models import ModelError
from camwire.models.contract import Graph, TensorSpec
from camwire.runtimes.network import few_at_once
from camwire.runtimes.program_files import ProgramFile, picked, read_program_file

LOADED = """
import sys
from pathlib import Path
from camwire.models import ModelError
from camwire.runtimes.program_files import read_program_file
try:
    read_program_file(Path(sys.argv[1]), "cpu")
except ModelError:
    pass
from torch._inductor.runtime.cache_dir_utils import cache_dir
print(cache_dir())
"""


@pytest.mark.parametrize("set_by_the_user", [False, True])
def test_the_folder_is_chosen_before_pytorch_chooses_one(tmp_path: Path, set_by_the_user: bool) -> None:
    (broken := tmp_path / "broken.pt2").write_bytes(b"no program")
    kept = tmp_path / "other" if set_by_the_user else tmp_path / "cache" / "camwire" / "torch"
    environment = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": ":".join(sys.path)}
    if set_by_the_user:
        environment["TORCHINDUCTOR_CACHE_DIR"] = str(kept)
    done = subprocess.run(
        [sys.executable, "-c", LOADED, str(broken)], env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == str(kept), done.stderr


@pytest.fixture(scope="module")
def program() -> bytes:
    file = io.BytesIO()
    torch.export.save(torch.export.export(torch.nn.Conv2d(3, 4, 1), (torch.rand(2, 3, 8, 8),)), file)
    return file.getvalue()


def with_part(program: bytes, ending: str, content: bytes | None) -> bytes:
    """The program's archive with another content of one of its files, or without it."""
    archive, changed = zipfile.ZipFile(io.BytesIO(program)), io.BytesIO()
    with zipfile.ZipFile(changed, "w") as writer:
        for name in archive.namelist():
            if not name.endswith(ending):
                writer.writestr(name, archive.read(name))
            elif content is not None:
                writer.writestr(name, content)
    return changed.getvalue()


@pytest.mark.filterwarnings("ignore")  # PyTorch's own, about what it can't read
@pytest.mark.parametrize(
    "wrong", ["empty", "text", "cut", "no weights", "no words", "no pickle", "other parts"]
)
def test_files_that_are_no_programs_are_errors_that_name_them(
    program: bytes, tmp_path: Path, wrong: str
) -> None:
    content = {
        "empty": b"",
        "text": b"model",
        "cut": program[: len(program) // 2],
        "no weights": with_part(program, "weights_config.json", None),
        "no words": with_part(program, "model.json", b"not JSON"),
        "no pickle": with_part(program, "sample_inputs/model.pt", b"garbage"),
        "other parts": with_part(program, "model.json", b"{}"),
    }[wrong]
    (file := tmp_path / "model.pt2").write_bytes(content)
    with pytest.raises(ModelError, match=r"model .*model\.pt2: PyTorch can't read it \(.+\)"):
        read_program_file(file, "cpu")


SIZE = Size(64, 32)
GRAPH = Graph(
    file=Path("model"),
    input=InputSpec(SIZE, "RGB", 0, centred=True, keep_aspect=True),
    step=None,
    mean=(0.0, 0.0, 0.0),
    std=(1.0, 1.0, 1.0),
    outputs=(TensorSpec("output0", (1, 4, 512), "float32"),),
)


class Net(torch.nn.Module):
    """Says of each picture what comes of its own pixels, and something besides."""

    def __init__(self, count: int | None = None) -> None:
        super().__init__()
        self.conv, self.count = torch.nn.Conv2d(3, 4, 3, 2, 1), count

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        count = images.shape[0] if self.count is None else self.count
        return self.conv(images).reshape(count, 4, -1), self.conv.bias


def saved(file: Path, net: Net, count: int, most: int | None = None) -> ProgramFile:
    """The net, exported with ``count`` pictures for so many or, with ``most``, for any number up to that."""
    example = torch.rand(count, 3, SIZE.height, SIZE.width)
    if file.suffix == ".torchscript":
        torch.jit.trace(net, example).save(str(file))
    else:
        shapes = ({0: torch.export.Dim("batch", min=1, max=most)},) if most else None
        torch.export.save(torch.export.export(net, (example,), dynamic_shapes=shapes), file)
    return read_program_file(file, "cpu")


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning", "ignore::torch.jit.TracerWarning")
@pytest.mark.parametrize(
    ("name", "net", "count", "most", "at_once"),
    [
        ("any.pt2", Net(), 2, 64, None),
        ("one.pt2", Net(), 1, None, 1),
        ("three.pt2", Net(), 3, None, 3),
        ("to_eight.pt2", Net(), 2, 8, 8),
        ("any.torchscript", Net(), 1, None, None),
        ("one.torchscript", Net(count=1), 1, None, 1),
    ],
)
def test_as_many_pictures_go_at_once_as_a_program_takes(
    tmp_path: Path, name: str, net: Net, count: int, most: int | None, at_once: int | None
) -> None:
    program = saved(tmp_path / name, net, count, most)
    assert program.shapes(SIZE) == [(count, 4, 512), (4,)]
    assert program.most_at_once(32, GRAPH) == at_once
    images = torch.rand(11, 3, SIZE.height, SIZE.width)
    with torch.inference_mode():
        (said,) = few_at_once(picked(program.module, ["output0"]), at_once or len(images))(images)
        torch.testing.assert_close(said, net.conv(images).flatten(2))


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_a_program_that_says_one_thing_of_all_pictures_is_refused(tmp_path: Path) -> None:
    class Sum(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.sum(0)

    program = saved(tmp_path / "sum.torchscript", Sum(), 1)
    with pytest.raises(ModelError, match=r"sum.torchscript: its outputs aren't one for each picture"):
        program.most_at_once(8, GRAPH)


def test_of_another_size_the_error_says_for_which_it_was_exported(tmp_path: Path) -> None:
    program = saved(tmp_path / "one.pt2", Net(), 1)
    with pytest.raises(ModelError, match=r"on pictures of 96×64 \(.+\); it was exported for 64×32$"):
        program.shapes(Size(96, 64))


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.parametrize(
    ("how", "because"), [("raises", "ValueError: not so"), ("mixes", "RuntimeError: Sizes of tensors")]
)
def test_the_reason_of_a_script_is_said_in_its_own_words(tmp_path: Path, how: str, because: str) -> None:
    class Raises(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            if len(images) > 0:
                raise ValueError("not so")
            return images

    class Mixes(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return torch.cat((images, torch.ones(1, 3, 5, 5)), 1)

    torch.jit.script({"raises": Raises(), "mixes": Mixes()}[how]).save(str(tmp_path / "odd.torchscript"))
    program = read_program_file(tmp_path / "odd.torchscript", "cpu")
    with pytest.raises(ModelError, match=rf"can't run it on pictures of 64×32 \(.*{because}.*\)$"):
        program.shapes(SIZE)
