"""`make setup` on a Python without ensurepip, as Debian ships it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import missing_package

ROOT = Path(__file__).resolve().parent.parent
BLOCKED = """
import runpy, sys
sys.modules["ensurepip"] = None
for name in sys.argv[2:]:
    sys.modules[name] = None
from pathlib import Path
print(*runpy.run_path("tools/bootstrap.py")["make_environment"](Path(sys.argv[1])), sep="\\n")
"""


def pip_for(environment: Path, *blocked: str) -> list[str]:
    """The command that installs into a new environment, where Python lacks ensurepip and ``blocked``."""
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, str(environment), *blocked],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if "E: " in done.stderr:
        missing_package("Debian's package lists", "sudo apt-get update")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def where_it_installs(pip: list[str], folder: Path) -> str:
    done = subprocess.run([*pip, "--version"], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("pip ")
    return done.stdout


@pytest.mark.integration
def test_the_systems_pip_is_borrowed(tmp_path: Path) -> None:
    pip = pip_for(tmp_path / "env")
    assert pip[-2:] == ["--python", str(tmp_path / "env" / "bin" / "python")]
    where_it_installs(pip, tmp_path)
    assert not list((tmp_path / "env" / "lib").rglob("pip")), "nothing was installed to get there"


@pytest.mark.integration
def test_without_any_pip_debians_wheel_is_unpacked_inside_the_environment(tmp_path: Path) -> None:
    if subprocess.run(["which", "apt-get"], capture_output=True, check=False).returncode:
        pytest.skip("this isn't Debian or Ubuntu")
    pip = [line for line in pip_for(tmp_path / "env", "pip") if line.startswith(str(tmp_path))]
    assert str(tmp_path / "env") in where_it_installs(pip, tmp_path)
