"""Make the virtual environment that the Makefile works in, with nothing but Python's standard library.

Debian and Ubuntu ship Python without ``ensurepip`` unless ``python3-venv`` is installed. Nothing may be asked
of the user and nothing may be installed outside the project's folder, so pip is then taken from the first of:
the system's own pip, or Debian's ``python3-pip-whl`` package, downloaded and unpacked inside the environment.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

MINIMUM_PYTHON = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements/dev.txt",)
CLIP_LOCK = "requirements/demo-clip.txt"


def main() -> None:
    if sys.version_info < MINIMUM_PYTHON:
        found = ".".join(map(str, sys.version_info[:3]))
        sys.exit(
            f"camwire needs Python 3.11 or newer; {sys.executable} is {found}. Try: make PYTHON=python3.12"
        )
    environment = Path(sys.argv[1] if len(sys.argv) > 1 else ".venv").resolve()
    print(f"Setting up {environment} (once; a few minutes, about 1 GB) ...", flush=True)
    pip = make_environment(environment)
    options = ["--quiet", "--disable-pip-version-check", "--no-input"]
    for lock in LOCKS:
        run([*pip, "install", *options, "--require-hashes", "-r", str(ROOT / lock)])
    run([*pip, "install", *options, "--require-hashes", "--no-deps", "-r", str(ROOT / CLIP_LOCK)])
    install_project(environment)
    (environment / ".installed").touch()


def make_environment(environment: Path) -> list[str]:
    """Create the environment and return the command that runs a pip which installs into it."""
    python = environment / "bin" / "python"
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        venv.create(environment, clear=True, with_pip=False)
        return borrowed_pip(environment, python)
    venv.create(environment, clear=True, with_pip=True)
    return [str(python), "-m", "pip"]


def borrowed_pip(environment: Path, python: Path) -> list[str]:
    try:
        import pip
    except ImportError:
        return [str(python), str(unpacked_debian_pip(environment) / "pip")]
    if int(pip.__version__.split(".")[0]) >= 23:
        return [sys.executable, "-m", "pip", "--python", str(python)]
    return [str(python), str(unpacked_debian_pip(environment) / "pip")]


def unpacked_debian_pip(environment: Path) -> Path:
    """Fetch Debian's pip wheel with apt (which checks its signature) and return its path.

    No root is needed: apt-get download writes to the current folder, and a wheel runs from its zip file.
    """
    advice = "Install it with: sudo apt install python3-venv"
    if shutil.which("apt-get") is None:
        sys.exit(f"This Python has no pip and no ensurepip, and there is no apt to take one from. {advice}")
    with tempfile.TemporaryDirectory(dir=environment) as folder:
        run(["apt-get", "download", "-q", "python3-pip-whl"], cwd=folder, advice=advice)
        for package in Path(folder).glob("*.deb"):
            run(["dpkg-deb", "-x", str(package), str(environment / "debian-pip")], advice=advice)
    wheels = sorted((environment / "debian-pip").rglob("pip-*.whl"))
    if not wheels:
        sys.exit(f"Debian's python3-pip-whl held no pip. {advice}")
    return wheels[-1]


def install_project(environment: Path) -> None:
    """Put the source folder on the environment's path and the `camwire` command beside its Python.

    This is what an editable install does; doing it here needs no build backend and no network.
    """
    site = next((environment / "lib").glob("python3.*")) / "site-packages"
    (site / "camwire.pth").write_text(f"{ROOT / 'src'}\n")
    write_metadata(site)
    command = environment / "bin" / "camwire"
    script = "import sys\n\nfrom camwire.cli import main\n\nsys.exit(main())\n"
    command.write_text(f"#!{environment / 'bin' / 'python'}\n{script}")
    command.chmod(0o755)


def write_metadata(site: Path) -> None:
    """Tell pip that camwire is here and what it wants: `pip install 'camwire[cuda]'` then adds the rest."""
    import tomllib  # not before it is known that this Python has it

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    about = (ROOT / "src" / "camwire" / "__init__.py").read_text()
    version = about.split('__version__ = "')[1].split('"')[0]
    lines = ["Metadata-Version: 2.1", "Name: camwire", f"Version: {version}"]
    lines += [f"Requires-Dist: {needed}" for needed in project["dependencies"]]
    for extra, packages in project["optional-dependencies"].items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f'Requires-Dist: {needed}; extra == "{extra}"' for needed in packages]
    folder = site / f"camwire-{version}.dist-info"
    folder.mkdir(exist_ok=True)
    (folder / "METADATA").write_text("\n".join(lines) + "\n")
    (folder / "INSTALLER").write_text("tools/bootstrap.py\n")
    own = [f"{folder.name}/{name}" for name in ("METADATA", "INSTALLER", "RECORD")]
    (folder / "RECORD").write_text("".join(f"{name},,\n" for name in ("camwire.pth", *own)))


def run(command: list[str], cwd: str | None = None, advice: str = "") -> None:
    # A .venv inside the checkout must not be steered by another environment's variables.
    environment = {
        name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME"}
    }
    environment.setdefault("PIP_CACHE_DIR", str(ROOT / ".cache" / "pip"))
    done = subprocess.run(command, cwd=cwd, env=environment, check=False)
    if done.returncode != 0:
        sys.exit(f"`{' '.join(command[:4])} ...` failed with exit status {done.returncode}. {advice}")


if __name__ == "__main__":
    main()
