"""The folder of the link's sockets."""

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from camwire.link.endpoint import LONGEST_PATH, Endpoints, NoPlaceError, private_endpoints, remove_abandoned


def test_only_its_user_can_open_the_folder_and_it_goes_with_all_in_it() -> None:
    with private_endpoints() as endpoints:
        assert stat.S_IMODE(endpoints.directory.stat().st_mode) == 0o700
        assert endpoints.fits
        (endpoints.directory / "control").touch()
    assert not endpoints.directory.exists()


def test_a_place_whose_name_is_too_long_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("d" * LONGEST_PATH)
    deep.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    with private_endpoints() as endpoints:
        assert deep not in endpoints.directory.parents
        assert endpoints.fits
    assert not list(deep.iterdir())


def test_without_any_place_it_says_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: str) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    with pytest.raises(NoPlaceError, match="set TMPDIR") as caught, private_endpoints():
        pass
    assert f"{tmp_path}: Permission denied" in str(caught.value)


CRASHING = """
import os
from camwire.link.endpoint import private_endpoints
with private_endpoints() as endpoints:
    print(endpoints.directory, flush=True)
    os.kill(os.getpid(), 9)
"""


@pytest.mark.integration
def test_what_a_killed_server_left_goes_and_what_others_use_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with private_endpoints() as running:
        killed = subprocess.run([sys.executable, "-c", CRASHING], capture_output=True, text=True, check=False)
        abandoned = Path(killed.stdout.strip())
        assert abandoned.parent == tmp_path
        assert abandoned.is_dir()
        (foreign := tmp_path / "camwire-of-someone").mkdir()
        (link := tmp_path / "camwire-link").symlink_to(foreign)
        with private_endpoints() as second:
            assert not abandoned.exists()
            assert running.directory.is_dir()
            assert second.directory != running.directory
        assert foreign.is_dir()
        assert link.is_symlink()


def test_a_folder_that_was_never_claimed_goes_after_an_hour(tmp_path: Path) -> None:
    names = ["camwire-empty", "camwire-claim", "camwire-others", "camwire-new"]
    empty, claimed, others, new = folders = [tmp_path / name for name in names]
    for folder in folders:
        folder.mkdir()
    (claimed / "claim").touch()
    (others / "claims.txt").touch()
    for folder in (empty, claimed, others):
        os.utime(folder, (0, 0))
    remove_abandoned(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([others, new])
    assert (others / "claims.txt").exists()


def test_the_bound_is_the_kernels() -> None:
    room = LONGEST_PATH - len("/control")
    assert Endpoints(Path("/" + "x" * (room - 1))).fits
    assert not Endpoints(Path("/" + "x" * room)).fits
    assert not Endpoints(Path("/" + os.fsdecode("ö".encode()) * (room // 2 + 1))).fits
