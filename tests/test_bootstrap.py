"""`make setup` on a Python without ensurepip, as Debian ships it."""

import runpy
import subprocess
import sys
import tomllib
import venv
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from camwire import __version__
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


@pytest.mark.integration
def test_pip_knows_camwire_and_its_extras(tmp_path: Path) -> None:
    """So that what `camwire doctor` says to install is found, and only that is fetched."""
    environment = tmp_path / "env"
    venv.create(environment, with_pip=False)
    runpy.run_path(str(ROOT / "tools" / "bootstrap.py"))["install_project"](environment)
    pip = [sys.executable, "-m", "pip", "--python", str(environment / "bin" / "python"), "--isolated"]

    def said(*arguments: str) -> str:
        done = subprocess.run([*pip, *arguments], capture_output=True, text=True, check=True)
        return done.stdout + done.stderr

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for extra in extras:
        answer = said("install", "--no-index", "--no-deps", "--dry-run", f"camwire[{extra}]")
        assert "Requirement already satisfied" in answer
        assert "does not provide" not in answer
    assert f"Version: {__version__}" in said("show", "camwire")
    [site] = environment.glob("lib/python3*/site-packages")
    [found] = Distribution.discover(name="camwire", path=[str(site)])
    assert {requirement.partition(";")[0] for requirement in found.requires or ()} >= set(extras["cuda"])
    said("uninstall", "--yes", "camwire")
    assert not list(site.glob("camwire*"))
