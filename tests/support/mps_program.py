"""A stand-in for `nvidia-cuda-mps-control`, as a program on PATH that runs under any name.

As NVIDIA's: `-f` is the daemon in the foreground, which listens in the folder's socket `control`, writes its
process id beside it and starts a server with the first CUDA program that connects; without an option it hands
the lines on standard input to the daemon and ends with status 1 where there is none. The file `behaviour`
beside it says what it does else. tests/gpu/test_mps.py holds NVIDIA's own to what is tested with this one.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

CUDA_PROGRAM = b"cuda"
"""What a CUDA program says to the daemon here."""
PID_FILE = "nvidia-cuda-mps-control.pid"


def install(folder: Path, behaviour: str = "") -> str:
    """Put the program into a folder; returns its path."""
    program = folder / "nvidia-cuda-mps-control"
    program.write_text(f"#!{os.path.realpath(sys.executable)} -SE\n{Path(__file__).read_text()}")
    program.chmod(0o755)
    behave(program, behaviour)
    return str(program)


def behave(program: str | Path, behaviour: str) -> None:
    """From its next start on: `refuses`, `silent`, `stubborn`, or nothing special."""
    Path(program).with_name("behaviour").write_text(behaviour)


def use_gpu(directory: Path) -> None:
    """Do as a CUDA program does when it starts."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(directory / "control"))
        connection.sendall(CUDA_PROGRAM)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100) == b"ok"


def _control(folder: Path) -> int:
    for line in sys.stdin:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(folder / "control"))
                connection.sendall(line.strip().encode())
                connection.shutdown(socket.SHUT_WR)
                print(connection.makefile().read(), end="")
        except OSError:
            print("Cannot find MPS control daemon process")
            return 1
    return 0


def _serve(folder: Path, behaviour: str) -> int:
    print("Starting control daemon", flush=True)
    if behaviour == "refuses":
        print("the GPU's compute mode forbids it", flush=True)
        return 1
    if behaviour == "silent":
        time.sleep(1000)
    servers: list[subprocess.Popen[bytes]] = []
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "control"))
    listener.listen()
    (folder / PID_FILE).write_text(str(os.getpid()))
    while True:
        connection, _ = listener.accept()
        with connection:
            said = connection.makefile("rb").read()
            if said == CUDA_PROGRAM:
                if not servers:
                    servers.append(subprocess.Popen(["sleep", "1000"], start_new_session=True))
                connection.sendall(b"ok")
            elif said == b"get_server_list":
                connection.sendall("".join(f"{server.pid}\n" for server in servers).encode())
            elif said == b"quit" and behaviour != "stubborn":
                for server in servers:
                    server.kill()
                (folder / PID_FILE).unlink()
                (folder.parent / "quit").touch()
                return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    own_folder = Path(os.environ["CUDA_MPS_PIPE_DIRECTORY"])
    if sys.argv[1:] == ["-f"]:
        sys.exit(_serve(own_folder, Path(__file__).with_name("behaviour").read_text()))
    sys.exit(_control(own_folder))
