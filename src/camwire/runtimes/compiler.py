"""Whether kernels can be compiled here, and where what was compiled is kept: Triton builds what starts them
with a C compiler, against Python."""

from __future__ import annotations

import os
import shutil
import sysconfig
from importlib.util import find_spec
from pathlib import Path

from camwire.runtimes.engine_cache import default_folder

PACKAGES = "sudo apt install gcc python3-dev"
"""The line that adds both on Debian and Ubuntu."""


def keep_what_is_compiled() -> None:
    """Have PyTorch and Triton keep it beside camwire's engines, unless the environment names other folders.

    To be called before torch.export is used, which otherwise settles for a folder in /tmp: one that a
    restarted machine has lost, and that others may have made before.
    """
    folder = default_folder().with_name("torch")
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(folder))
    os.environ.setdefault("TRITON_CACHE_DIR", str(folder / "triton"))


def missing() -> str | None:
    """What Triton would not find, for people; None where it finds all it takes."""
    if find_spec("triton") is None:
        return "Triton, which comes with PyTorch on Linux"
    if compiler() is None:
        return "a C compiler, which Triton wants"
    if not _headers().is_file():
        return f"Python's headers ({_headers()}), which Triton wants"
    return None


def compiler() -> str | None:
    """The one that Triton takes."""
    return os.environ.get("CC") or shutil.which("gcc") or shutil.which("clang")


def _headers() -> Path:
    scheme = sysconfig.get_default_scheme()
    # Debian's own scheme has a folder of its own, where no headers are.
    paths = sysconfig.get_paths("posix_prefix" if scheme == "posix_local" else scheme)
    return Path(paths["include"]) / "Python.h"
