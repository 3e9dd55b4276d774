"""NVIDIA's program for MPS: where it is, what it is told, and whether a daemon of it runs.

What is known of it: its manual page nvidia-cuda-mps-control(1) and https://docs.nvidia.com/deploy/mps/.
"""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

from camwire.link.endpoint import LONGEST_PATH

PROGRAM = "nvidia-cuda-mps-control"
SHARED_BY = "CUDA_MPS_PIPE_DIRECTORY"
"""In a CUDA program's environment: the folder of the daemon that it is to share GPUs through."""
LOGS = "CUDA_MPS_LOG_DIRECTORY"
USUAL_DIRECTORY = "/tmp/nvidia-mps"
"""Where CUDA programs look that are told nothing."""
NOWHERE = "/dev/null"
"""In place of the folder: the program does without MPS."""
_SOCKET = "control"
_LONGEST_SOCKET = "control_privileged"


class MpsError(Exception):
    """MPS can't be had; the message says why."""


def find_program() -> str | None:
    return shutil.which(PROGRAM)


def usual_directory(environment: Mapping[str, str]) -> Path:
    """The folder of the daemon that CUDA programs with this environment use, if one runs."""
    return Path(environment.get(SHARED_BY) or USUAL_DIRECTORY)


def runs(directory: Path) -> bool:
    """Whether a daemon listens in the folder. Asks the kernel and doesn't wait: what a killed daemon leaves
    (its socket, a file with its process id, which another process may have by now) says nothing."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(os.fspath(directory / _SOCKET))
        except OSError as error:
            # Someone listens who is busy, or speaks another kind of socket.
            return error.errno in (errno.EAGAIN, errno.EPROTOTYPE)
    return True


def check_length(directory: Path) -> None:
    """Raises MpsError for a folder in which the kernel takes no names of sockets, of which the daemon says
    nothing that helps."""
    if len(os.fsencode(directory / _LONGEST_SOCKET)) > LONGEST_PATH:
        raise MpsError(
            f"the name of the folder for its sockets is too long ({directory}): "
            "set TMPDIR to a writable folder with a short name"
        )


def daemon_environment(environment: Mapping[str, str], directory: Path) -> dict[str, str]:
    """What the daemon is started with. It takes all GPUs unless they are named by UUID: where both a daemon
    and its clients are told indices, clients count among the daemon's."""
    own = {**environment, SHARED_BY: str(directory), LOGS: str(directory)}
    if "-" not in own.get("CUDA_VISIBLE_DEVICES", "-"):
        del own["CUDA_VISIBLE_DEVICES"]
    return own


def tell(program: str, directory: Path, command: str, patience: float) -> str:
    """Have the daemon in the folder do a command of its manual; returns what it says.

    Raises MpsError where it doesn't within ``patience`` seconds.
    """
    try:
        done = subprocess.run(
            [program],
            input=f"{command}\n".encode(),
            capture_output=True,
            timeout=patience,
            check=False,
            env=daemon_environment(os.environ, directory),
        )
    except OSError as error:
        raise MpsError(f"{program} could not be started: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise MpsError(f"the daemon gave no answer to {command!r} for {patience:g} s") from None
    said = done.stdout.decode(errors="replace").strip()
    if done.returncode != 0:
        raise MpsError(f"the daemon didn't take {command!r}: {said or f'status {done.returncode}'}")
    return said
