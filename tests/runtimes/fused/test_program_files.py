"""Files of torch.export: what isn't one is an error, and what is compiled of one is kept on disk."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.runtimes.fused.programs import torch

from camwire.models import ModelError, Overrides  # isort: skip
from camwire.runtimes.torch import load_network

LOADED = """
import sys
from pathlib import Path
from camwire.models import ModelError, Overrides
from camwire.runtimes.torch import load_network
try:
    load_network(Path(sys.argv[1]), Overrides())
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
        load_network(file, Overrides())
