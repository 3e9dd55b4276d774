"""Whether a daemon runs, asked of real sockets, and what is said to one."""

import os
import socket
from pathlib import Path

import pytest

from camwire.server.mps.program import (
    MpsError,
    check_length,
    daemon_environment,
    find_program,
    runs,
    tell,
    usual_directory,
)
from tests.support import mps_program


def bound(place: Path, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, kind)
    listener.bind(str(place / "control"))
    return listener


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_SEQPACKET])
def test_a_daemon_that_listens_runs_whatever_its_socket_is(place: Path, kind: socket.SocketKind) -> None:
    with bound(place, kind) as listener:
        listener.listen()
        assert runs(place)


def test_a_busy_one_runs(place: Path) -> None:
    with bound(place) as listener:
        listener.listen(0)
        for _ in range(3):  # more than wait in line; nobody accepts them
            assert runs(place)


def test_what_a_killed_one_has_left_does_not_run(place: Path) -> None:
    bound(place).close()
    (place / mps_program.PID_FILE).write_text(str(os.getpid()))
    assert (place / "control").is_socket()
    assert not runs(place)


@pytest.mark.parametrize(
    "directory", [Path("/no/such/folder"), Path("/dev/null"), Path("/tmp") / ("x" * 120)]
)
def test_where_nothing_can_be_nothing_runs(directory: Path) -> None:
    assert not runs(directory)


def test_cuda_programs_look_in_one_place() -> None:
    assert usual_directory({}) == usual_directory({"CUDA_MPS_PIPE_DIRECTORY": ""}) == Path("/tmp/nvidia-mps")
    assert usual_directory({"CUDA_MPS_PIPE_DIRECTORY": "/run/mps"}) == Path("/run/mps")


@pytest.mark.parametrize(
    ("visible", "for_the_daemon"),
    [
        (None, None),
        ("1", None),
        ("0,2", None),
        ("", None),
        ("GPU-0a-1", "GPU-0a-1"),
        ("MIG-0a-1", "MIG-0a-1"),
    ],
)
def test_gpus_are_chosen_by_the_daemon_or_by_its_clients_but_not_counted_twice(
    visible: str | None, for_the_daemon: str | None
) -> None:
    told = {"HOME": "/root", **({} if visible is None else {"CUDA_VISIBLE_DEVICES": visible})}
    own = daemon_environment(told, Path("/run/x/mps"))
    assert own.get("CUDA_VISIBLE_DEVICES") == for_the_daemon
    assert own["CUDA_MPS_PIPE_DIRECTORY"] == own["CUDA_MPS_LOG_DIRECTORY"] == "/run/x/mps"
    assert own["HOME"] == "/root"


def test_a_folder_too_long_for_sockets_is_refused_with_a_way_out() -> None:
    check_length(Path("/run/user/1000/camwire-abcdefgh/mps"))
    with pytest.raises(MpsError, match="TMPDIR"):
        check_length(Path("/tmp") / ("x" * 85))


def test_the_program_is_looked_for_on_the_path(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(place))
    assert find_program() is None
    program = mps_program.install(place)
    assert find_program() == program


@pytest.mark.integration
def test_without_a_daemon_nothing_can_be_told(place: Path) -> None:
    program = mps_program.install(place)
    with pytest.raises(MpsError, match="'quit': Cannot find MPS control daemon process"):
        tell(program, place, "quit", 30)
    with pytest.raises(MpsError, match="could not be started: No such file or directory"):
        tell("/no/such/program", place, "quit", 30)


@pytest.mark.integration
def test_one_that_gives_no_answer_is_not_waited_for_for_ever(place: Path) -> None:
    program = mps_program.install(place)
    with bound(place) as listener:
        listener.listen()
        with pytest.raises(MpsError, match="no answer to 'quit'"):
            tell(program, place, "quit", 0.5)
