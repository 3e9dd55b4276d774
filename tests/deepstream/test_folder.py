"""The folder for elements' files: one a process, and none left by those that were killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from camwire.deepstream.folder import PREFIX, OwnFolder

HOLDS = (
    "import sys, pathlib, signal; from camwire.deepstream.folder import OwnFolder; "
    "own = OwnFolder(pathlib.Path(sys.argv[1])); (own.path / 'nvinfer.txt').write_text('x'); "
    "print(own.path, flush=True); signal.pause()"
)


def folders(parent: Path) -> list[Path]:
    return sorted(parent.glob(f"{PREFIX}*"))


def test_it_is_gone_when_it_is_removed(tmp_path: Path) -> None:
    own = OwnFolder(tmp_path)
    (own.path / "nvinfer.txt").write_text("x")
    assert folders(tmp_path) == [own.path]
    own.remove()
    own.remove()
    assert folders(tmp_path) == []


def test_those_of_others_that_live_stay(tmp_path: Path) -> None:
    one, other = OwnFolder(tmp_path), OwnFolder(tmp_path)
    assert folders(tmp_path) == sorted([one.path, other.path])
    one.remove()
    other.remove()


def test_that_of_a_killed_process_goes_with_the_next_start(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDS, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        left = Path(process.stdout.readline().strip())
        alive = OwnFolder(tmp_path)
        assert (left / "nvinfer.txt").exists()
        process.send_signal(signal.SIGKILL)
    mine = OwnFolder(tmp_path)
    assert folders(tmp_path) == sorted([alive.path, mine.path])
    alive.remove()
    mine.remove()


def test_links_and_files_of_that_name_are_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.mkdir()
    (target / "file").write_text("x")
    (tmp_path / f"{PREFIX}link").symlink_to(target)
    (tmp_path / f"{PREFIX}file").write_text("x")
    own = OwnFolder(tmp_path)
    assert (target / "file").exists()
    assert (tmp_path / f"{PREFIX}file").exists()
    own.remove()
