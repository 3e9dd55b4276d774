"""The whole product on GPUs: `camwire run` with a TorchScript model, and workers of which one is lost."""

import importlib.util
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.gpu.conftest import write_clip
from tests.gpu.test_engine import blobs

NEEDED = ("fastapi", "uvicorn", "websockets", "argon2", "httpx", "typer", "prometheus_client", "psutil")
MISSING = [name for name in NEEDED if importlib.util.find_spec(name) is None]

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"the server needs {', '.join(MISSING)}"),
    pytest.mark.timeout(280),
    pytest.mark.usefixtures("device"),
]

CAMERAS = ("a", "b", "c", "d")


def gpus() -> int:
    import cupy

    return int(cupy.cuda.runtime.getDeviceCount())


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch

    path = tmp_path_factory.mktemp("model") / "blobs.torchscript"
    about = {"config.txt": '{"imgsz": [384, 640], "names": {"0": "red", "1": "green", "2": "blue"}}'}
    torch.jit.script(blobs()).save(str(path), _extra_files=about)
    return path


@pytest.fixture
def cameras(tmp_path: Path) -> list[dict[str, Any]]:
    clip = write_clip(tmp_path / "clip.mp4", "libx264", "yuv420p", 640, 360, count=60)
    return [{"id": name, "url": str(clip)} for name in CAMERAS]


def test_camwire_run_shows_every_camera(tmp_path: Path, model: Path, cameras: list[dict[str, Any]]) -> None:
    from tests.support.product import as_client, camwire, until, write_config

    config = write_config(tmp_path, cameras, model={"file": str(model)}, device="cuda:0")
    with camwire("run", str(config)) as product:

        async def play(socket: Any, seen: Any) -> None:
            await until(
                socket, seen, lambda: all(len(seen.pictures[n]) > 20 for n in CAMERAS), "pictures", 120
            )
            await until(socket, seen, lambda: seen.camera("a").get("state") == "live", "statistics")

        seen = as_client(product, play)
    assert all(pictures[-1][:2] == b"\xff\xd8" for pictures in seen.pictures.values())
    assert "blobs 640×384, PyTorch FP16" in product.text


def test_with_mps_cameras_are_read_by_processes_that_may_be_killed(
    tmp_path: Path, model: Path, cameras: list[dict[str, Any]]
) -> None:
    from camwire.server.mps.program import find_program
    from tests.support.product import as_client, camwire, until, write_config

    if find_program() is None:
        pytest.skip("NVIDIA's nvidia-cuda-mps-control is missing")
    config = write_config(tmp_path, cameras, model={"file": str(model)}, device="cuda:0", mps="on")
    with camwire("run", str(config)) as product:

        def reading() -> list[Any]:
            return [one for one in product.family() if "camwire.sources.apart.child" in one.cmdline()]

        async def play(socket: Any, seen: Any) -> None:
            def shown(more: dict[str, int]) -> bool:
                return all(len(seen.pictures[name]) > more.get(name, 0) + 20 for name in CAMERAS)

            await until(socket, seen, lambda: shown({}), "pictures", 120)
            [process] = reading()
            process.kill()
            before = {name: len(seen.pictures[name]) for name in CAMERAS}
            await until(socket, seen, lambda: shown(before), "pictures from another process", 60)

        as_client(product, play)
    assert "a source process ended; another one goes on" in product.text


@pytest.mark.parametrize("devices", [("cuda:0",), ("cuda:0", "cuda:1")], ids=["one GPU", "two GPUs"])
def test_cameras_of_a_lost_worker_go_to_the_other(
    tmp_path: Path, model: Path, cameras: list[dict[str, Any]], devices: tuple[str, ...]
) -> None:
    """The second worker is killed whenever it comes back, until the first one has all the cameras."""
    if gpus() < len(devices):
        pytest.skip(f"{len(devices)} GPUs are needed; here is {gpus()}")
    from tests.support.product import as_client, camwire, until, write_config

    second = "cuda:1" if len(devices) > 1 else "cuda:0+2"
    sections = {"devices": list(devices), "workers_per_gpu": 2 // len(devices), "model": {"file": str(model)}}
    config = write_config(tmp_path, cameras, **sections)
    with camwire("run", str(config)) as product:
        from psutil import NoSuchProcess

        def killed() -> None:
            for process in product.family()[1:]:
                with suppress(NoSuchProcess):  # it has ended meanwhile
                    if second in process.cmdline():
                        process.kill()

        def workers(seen: Any) -> dict[str, str]:
            processes = seen.stats[-1]["processes"] if seen.stats else {}
            return {name: one["state"] for name, one in processes.items() if name != "server"}

        async def play(socket: Any, seen: Any) -> None:
            await until(
                socket, seen, lambda: all(len(seen.pictures[n]) > 20 for n in CAMERAS), "pictures", 120
            )
            both = dict.fromkeys((devices[0], second), "running")
            await until(socket, seen, lambda: workers(seen) == both, "both workers", 60)
            killed()
            before = {name: len(seen.pictures[name]) for name in CAMERAS}

            def all_are_seen_again() -> bool:
                killed()
                more = [len(seen.pictures[name]) - before[name] for name in CAMERAS]
                # Some pictures of the lost worker are still under way.
                return min(more) > 30 and workers(seen)[second] != "running"

            await until(socket, seen, all_are_seen_again, "all cameras on the worker that is left", 120)

        as_client(product, play)
