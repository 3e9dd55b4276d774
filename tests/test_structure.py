"""Which room imports which: the rules that CONTRIBUTING.md and the architecture state."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src"
MODULES = sorted((SOURCE / "camwire").rglob("*.py"))

ROOMS = {path.parent.name for path in (SOURCE / "camwire").glob("*/__init__.py")}
KNOWS = {
    "config": set(),
    "link": set(),
    "monitoring": {"config", "link"},
    "sources": {"config", "link"},
    "models": {"config", "devices"},
    "runtimes": {"config", "devices", "models"},
    "tracking": set(),
    "analytics": {"config", "devices"},
    "devices": {"config", "models", "runtimes"},
    "server": {"config", "link", "monitoring", "analytics"},
    "pipeline": ROOMS - {"server", "deepstream", "demo"},
    "deepstream": ROOMS - {"server", "demo"},
}
"""Room → the other rooms that it may import from."""

FORBIDDEN = {
    f"camwire.{room}": {f"camwire.{other}" for other in ROOMS - known - {room}}
    for room, known in KNOWS.items()
}
FORBIDDEN["camwire.server"] |= {"av", "cv2", "openvino", "onnxruntime"}
FORBIDDEN["camwire.frames"] = {"camwire"}
"""Room → what it never imports."""


def module_name(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree: ast.AST, importer: str, *, is_package: bool) -> Iterator[str]:
    """Full names of everything imported, wherever in the module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = importer.split(".")
            above = node.level - 1 if is_package else node.level
            base = package[: len(package) - above] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def lies_in(name: str, room: str) -> bool:
    return name == room or name.startswith(f"{room}.")


def violations(path: Path, text: str) -> list[str]:
    importer = module_name(path)
    forbidden = [room for owner, rooms in FORBIDDEN.items() if lies_in(importer, owner) for room in rooms]
    if not lies_in(importer, "camwire.cli") and importer != "camwire.__main__":
        forbidden.append("camwire.cli")
    found = set(imports(ast.parse(text), importer, is_package=path.name == "__init__.py"))
    return sorted(
        f"{importer} imports {name}" for name in found if any(lies_in(name, room) for room in forbidden)
    )


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_imports_point_down(path: Path) -> None:
    assert violations(path, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("server/app.py", "import av"),
        ("server/app.py", "def f():\n    from camwire.pipeline.worker import Worker"),
        ("server/app.py", "from ..sources import camera"),
        ("server/__init__.py", "from .. import devices"),
        ("server/routes/api.py", "import camwire.tracking.bytetrack as tracker"),
        ("devices/cpu/render.py", "from camwire import pipeline"),
        ("sources/camera.py", "from camwire.cli import main"),
        ("frames.py", "from camwire.config import Config"),
        ("tracking/sort.py", "from camwire.analytics import rules"),
        ("config/root.py", "from camwire.devices import open_device"),
    ],
)
def test_the_rules_catch(module: str, text: str) -> None:
    assert violations(SOURCE / "camwire" / module, text)


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("server/app.py", "from camwire.link.messages import Hello\nimport avahi"),
        ("cli/run.py", "from camwire.cli import CommandError"),
        ("pipeline/worker.py", "from camwire.sources import camera"),
        ("frames.py", "import numpy as np"),
    ],
)
def test_the_rules_allow(module: str, text: str) -> None:
    assert not violations(SOURCE / "camwire" / module, text)
