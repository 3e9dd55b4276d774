"""Which devices are taken, and what is said where one can't be."""

from pathlib import Path

import pytest

from camwire.config.camera import CameraConfig
from camwire.config.root import Config
from camwire.config.secrets import SecretUrl
from camwire.link.worker_names import device_of, name_of, number_of
from camwire.server import devices
from camwire.server.devices import (
    CAMERAS_A_WORKER,
    MANY_CAMERAS,
    Devices,
    Found,
    NoDeviceError,
    chosen_devices,
    look_for_gpus,
    workers_of,
)

CAMERA = CameraConfig(id="a", url=SecretUrl("a.mp4"))
TWO = Found(gpus=("cuda:0", "cuda:1"))


def choose(found: Found | None, **settings: object) -> Devices:
    def look(model: object) -> Found:
        assert found is not None, "nobody looks for GPUs where none is wanted"
        return found

    return chosen_devices(Config(cameras=(CAMERA,), **settings), look)


def test_the_cpu_is_taken_without_looking_for_gpus() -> None:
    assert choose(None, device="cpu").names == ("cpu",)


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, ("cuda:0", "cuda:1")),
        ({"device": "cuda"}, ("cuda:0", "cuda:1")),
        ({"device": "cuda:1"}, ("cuda:1",)),
        ({"devices": ("cuda:1", "cpu"), "device": "cuda:0"}, ("cuda:1", "cpu")),
    ],
)
def test_gpus_that_work_are_taken(settings: dict[str, object], names: tuple[str, ...]) -> None:
    assert choose(TWO, **settings).names == names


@pytest.mark.parametrize(
    "found", [Found(obstacle="CuPy is missing"), Found(gpus=("cuda:0",), model="CuPy is missing")]
)
def test_auto_takes_the_cpu_where_gpus_do_not_work_and_says_why(found: Found) -> None:
    assert choose(found) == Devices(("cpu",), "auto: CuPy is missing")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"device": "cuda"}, "device cuda: CuPy is missing"),
        ({"device": "cuda:0"}, "device cuda:0: CuPy is missing; here are: cpu"),
        ({"devices": ("cpu", "cuda:7")}, "device cuda:7: CuPy is missing; here are: cpu"),
    ],
)
def test_a_gpu_that_is_asked_for_and_cannot_be_used_is_an_error(settings: dict, message: str) -> None:
    with pytest.raises(NoDeviceError, match=message):
        choose(Found(obstacle="CuPy is missing"), **settings)


def test_looking_says_what_went_wrong(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "CARD", tmp_path / "none")
    model = Config(cameras=(CAMERA,)).model
    assert "no NVIDIA GPU" in (look_for_gpus(model).obstacle or "")
    monkeypatch.setattr(devices, "CARD", tmp_path)
    monkeypatch.setattr(devices.sys, "executable", "false")
    assert look_for_gpus(model) == Found(obstacle="looking for GPUs failed: status 1")


@pytest.mark.parametrize(
    ("cameras", "names", "settings", "workers"),
    [
        (1, ("cpu",), {}, ("cpu",)),
        (1, ("cuda:0", "cuda:1"), {}, ("cuda:0", "cuda:1")),
        (500, ("cpu",), {"workers_per_gpu": 3}, ("cpu",)),
        (MANY_CAMERAS, ("cuda:0",), {}, ("cuda:0", "cuda:0+2")),
        (MANY_CAMERAS, ("cuda:0",), {"workers_per_gpu": 1}, ("cuda:0",)),
        (MANY_CAMERAS, ("cuda:0", "cuda:3"), {}, ("cuda:0", "cuda:3")),
        (1, ("cuda:0", "cpu"), {"workers_per_gpu": 2}, ("cuda:0", "cpu", "cuda:0+2")),
    ],
)
def test_many_cameras_are_shared_by_several_workers_on_a_gpu(
    cameras: int, names: tuple[str, ...], settings: dict, workers: tuple[str, ...]
) -> None:
    many = tuple(CAMERA.model_copy(update={"id": str(n)}) for n in range(cameras))
    assert workers_of(Config(cameras=many, **settings), Devices(names, "")) == workers
    assert {device_of(worker) for worker in workers} == set(names)
    assert [name_of(device_of(worker), number_of(worker)) for worker in workers] == list(workers)


@pytest.mark.parametrize(
    ("cameras", "gpus", "settings", "each"),
    [
        (MANY_CAMERAS, 1, {}, 1),
        (CAMERAS_A_WORKER, 1, {}, 1),
        (CAMERAS_A_WORKER + 1, 1, {}, 2),
        (100, 1, {}, 4),
        (100, 2, {}, 2),
        (1000, 1, {}, 4),
        (1, 1, {"workers_per_gpu": 2}, 2),
    ],
)
def test_where_other_processes_read_the_cameras_a_worker_has_more_of_them(
    cameras: int, gpus: int, settings: dict, each: int
) -> None:
    many = tuple(CAMERA.model_copy(update={"id": str(n)}) for n in range(cameras))
    devices = Devices(tuple(f"cuda:{n}" for n in range(gpus)), "")
    assert len(workers_of(Config(cameras=many, **settings), devices, sources_apart=True)) == each * gpus


@pytest.mark.integration
def test_looking_is_done_by_a_process_with_the_variables_that_are_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looker = tmp_path / "looker"
    looker.write_text('#!/bin/sh\nprintf \'{"gpus": ["%s"]}\' "$HERE"\n')
    looker.chmod(0o755)
    monkeypatch.setattr(devices, "CARD", tmp_path)
    monkeypatch.setattr(devices.sys, "executable", str(looker))
    assert look_for_gpus(Config(cameras=(CAMERA,)).model, {"HERE": "cuda:7"}).gpus == ("cuda:7",)
    looker.write_text("#!/bin/sh\nexec sleep 1000\n")
    found = look_for_gpus(Config(cameras=(CAMERA,)).model, patience=0.1)
    assert found.obstacle == "looking for GPUs took longer than 0.1 s"
