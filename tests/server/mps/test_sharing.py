"""When MPS is used, what workers are told then, and what becomes of them when its daemon ends."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from camwire.config.camera import CameraConfig
from camwire.config.root import Config
from camwire.config.secrets import SecretUrl
from camwire.config.server import ServerConfig
from camwire.link.endpoint import private_endpoints
from camwire.link.server_end import ServerEnd
from camwire.server import main
from camwire.server.devices import Devices, Found
from camwire.server.document import MemoryDocument
from camwire.server.listener import listen
from camwire.server.main import serve
from camwire.server.mps.daemon import Daemon
from camwire.server.mps.program import MpsError, runs
from camwire.server.mps.sharing import GIVE_UP, WORTH_IT, Sharing, kept_away, shared, unwanted
from camwire.server.server import Server
from camwire.server.supervisor import Launch
from tests.server.configs import config as small_config
from tests.server.running import until
from tests.support import mps_program
from tests.support.waiting import wait_for

ONE = Devices(("cuda:0",), "")
COMMAND = ["camwire", "worker"]
PIPES = "CUDA_MPS_PIPE_DIRECTORY"
WITHOUT = {PIPES: "/dev/null"}


def config(cameras: int = WORTH_IT, **settings: object) -> Config:
    camera = CameraConfig(id="a", url=SecretUrl("a.mp4"))
    return Config(cameras=tuple(camera.model_copy(update={"id": str(n)}) for n in range(cameras)), **settings)


@pytest.fixture
def place(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Neither NVIDIA's program nor a daemon of this machine's is found; `usual` is where one would be."""
    for tool in ("sh", "sleep", "mv"):
        (place / tool).symlink_to(shutil.which(tool) or tool)
    monkeypatch.setenv("PATH", str(place))
    monkeypatch.setenv(PIPES, str(place / "usual"))
    return place


def look(environment: Mapping[str, str]) -> Found:
    """As a process does whose driver works with MPS."""
    mps_program.use_gpu(Path(environment[PIPES]))
    return Found(gpus=("cuda:0", "cuda:1"))


def not_looked(environment: Mapping[str, str]) -> Found:
    raise AssertionError("nobody looks")


@pytest.mark.parametrize(
    ("settings", "devices", "reason"),
    [
        ({}, ("cuda:0",), None),
        ({"cameras": WORTH_IT - 1}, ("cuda:0",), "12 cameras a GPU and more"),
        ({"cameras": 2 * WORTH_IT - 1}, ("cuda:0", "cuda:1"), "12 cameras a GPU and more"),
        ({"cameras": 2 * WORTH_IT}, ("cuda:0", "cuda:1"), None),
        ({"cameras": 1, "mps": "on"}, ("cuda:0",), None),
        ({"cameras": 100, "mps": "off"}, ("cuda:0",), "mps: off"),
        ({"cameras": 100, "mps": "on"}, ("cpu",), "no GPU"),
    ],
)
def test_many_cameras_on_a_gpu_are_worth_it(settings: dict, devices: tuple, reason: str | None) -> None:
    said = unwanted(config(**settings), Devices(devices, ""))
    assert (said is None) == (reason is None)
    assert reason is None or reason in (said or "")


def test_deepstream_has_nothing_to_share() -> None:
    deepstream = config().model_copy(update={"engine": "deepstream"})
    assert unwanted(deepstream, ONE) == "engine: deepstream has one process a GPU"
    with pytest.raises(ValueError, match="`mps: on` is for `engine: native`"):
        config(engine="deepstream", mps="on", model={"file": "yolo.onnx"})


@pytest.mark.integration
def test_where_it_is_proved_to_work_workers_share_through_it(place: Path) -> None:
    mps_program.install(place)
    with capture_logs() as logs, shared(config(), ONE, place, look) as sharing:
        assert sharing.by_mps
        assert sharing.launch(COMMAND, 0) == Launch(
            [*COMMAND, "--sources-apart"], {PIPES: str(place / "mps")}
        )
        assert sharing.launch(COMMAND, GIVE_UP) == Launch(COMMAND, WITHOUT), "it may be what makes it fail"
    assert not runs(place / "mps")
    assert logs[0]["by"] == "NVIDIA's MPS"
    assert logs[0]["because"] == "mps: auto, 12 cameras on 1 GPU"


@pytest.mark.integration
@pytest.mark.parametrize(
    ("behaviour", "looked", "reason"),
    [
        ("", lambda environment: Found(obstacle="CUDA error 805"), "cuda:0 can't be used: CUDA error 805"),
        ("", lambda environment: Found(gpus=("cuda:0",)), "the driver doesn't make use of its daemon"),
        ("refuses", not_looked, "it ended with status 1: the GPU's compute mode forbids it"),
    ],
)
def test_where_it_does_not_work_all_goes_on_without_and_the_log_says_why(
    place: Path, behaviour: str, looked: Callable[[Mapping[str, str]], Found], reason: str
) -> None:
    mps_program.install(place, behaviour)
    with capture_logs() as logs, shared(config(), ONE, place, looked) as sharing:
        assert not sharing.by_mps
        assert not runs(place / "mps")
        assert sharing.launch(COMMAND, 0) == Launch(COMMAND)
        asyncio.run(asyncio.wait_for(sharing.watch(pytest.fail), 60))  # there is nothing to watch
    assert logs[0]["log_level"] == "warning"
    assert reason in logs[0]["reason"]
    assert (logs[1]["by"], logs[1]["because"]) == ("turns", logs[0]["reason"])
    with pytest.raises(MpsError, match=r"^mps: on: "), shared(config(mps="on"), ONE, place, looked):
        pass
    assert not runs(place / "mps")


def test_where_the_program_is_missing_only_who_asks_for_it_is_told(place: Path) -> None:
    with capture_logs() as logs, shared(config(), ONE, place, not_looked) as sharing:
        assert not sharing.by_mps
    assert [line["log_level"] for line in logs] == ["info"]
    assert "nvidia-cuda-mps-control is not installed" in logs[0]["because"]
    with (
        pytest.raises(
            MpsError, match="mps: on: nvidia-cuda-mps-control is not installed; see camwire doctor"
        ),
        shared(config(mps="on"), ONE, place, not_looked),
    ):
        pass


@pytest.mark.integration
def test_a_daemon_that_runs_already_is_used_and_left_alone(place: Path) -> None:
    usual = place / "usual"
    others = Daemon(mps_program.install(place), usual)
    try:
        with shared(config(), ONE, place, not_looked) as sharing:
            assert sharing.by_mps
            assert sharing.launch(COMMAND, 0).environment == {PIPES: str(usual)}
            asyncio.run(asyncio.wait_for(sharing.watch(pytest.fail), 60))  # it isn't ours to watch
        assert runs(usual)
        off = config(mps="off")
        assert kept_away(off) == WITHOUT
        with shared(off, ONE, place, not_looked) as sharing:
            assert sharing.launch(COMMAND, 0) == Launch(COMMAND, WITHOUT)
        with shared(config(), ONE, place, not_looked) as sharing:
            others.end()
            assert sharing.launch(COMMAND, 0) == Launch(COMMAND, WITHOUT), "it may end at any time"
    finally:
        others.end()
    assert kept_away(off) == {}


@pytest.mark.integration
def test_when_the_daemon_is_killed_workers_are_replaced_once_with_and_then_without_it(place: Path) -> None:
    mps_program.install(place)
    started = place / "started"
    command = ["sh", "-c", f"echo $0 $@ ${PIPES} >> {started}; exec sleep 1000", "worker"]
    with_mps, without = f"worker --sources-apart {place}/mps", "worker /dev/null"

    def starts() -> list[str]:
        return started.read_text().splitlines() if started.exists() else []

    async def run(sharing: Sharing) -> None:
        with private_endpoints() as endpoints, ServerEnd(endpoints) as link:
            commands = {"cuda:0": command, "cpu": ["sleep", "1000"]}
            server = Server(MemoryDocument(small_config("a")), link, commands, sharing=sharing)
            with listen(ServerConfig(port=0)) as listener:
                running = asyncio.create_task(server.run(listener, lambda _: None))
                try:
                    await until(lambda: starts() == [with_mps], "a worker runs with it")
                    kill_daemon(place)
                    await until(lambda: starts() == [with_mps] * 2, "and once more")
                    assert runs(place / "mps")
                    kill_daemon(place)
                    await until(lambda: starts() == [with_mps] * 2 + [without], "and then without")
                    assert server.supervisors["cpu"].state.restarts == 0
                finally:
                    server.stop()
                    await asyncio.wait_for(running, 60)

    with capture_logs() as logs, shared(config(), ONE, place, look) as sharing:
        asyncio.run(run(sharing))
    said = [line["event"] for line in logs]
    assert said.count("NVIDIA's MPS daemon ended; GPU workers are replaced") == 2
    [last] = [line for line in logs if line["event"].startswith("until camwire is started again")]
    assert last["because"] == "it had been started once more before"


@pytest.mark.integration
def test_one_that_does_not_come_back_is_done_without(place: Path) -> None:
    program = mps_program.install(place)
    replaced: list[str] = []

    async def killed(sharing: Sharing) -> None:
        mps_program.behave(program, "refuses")
        kill_daemon(place)
        await asyncio.wait_for(sharing.watch(replaced.append), 60)

    with capture_logs() as logs, shared(config(), ONE, place, look) as sharing:
        asyncio.run(killed(sharing))
        assert sharing.launch(COMMAND, 0) == Launch(COMMAND, WITHOUT)
    assert replaced == ["NVIDIA's MPS daemon ended"]
    assert any("compute mode forbids it" in line.get("because", "") for line in logs)


def kill_daemon(place: Path) -> None:
    os.kill(int((place / "mps" / mps_program.PID_FILE).read_text()), signal.SIGKILL)


def seems_to_have_a_gpu(
    _model: object, environment: Mapping[str, str] | None = None, patience: float = 90.0
) -> Found:
    """Looking finds one, and is seen to go through the daemon that it is told of."""
    return look(environment) if environment else Found(gpus=("cuda:0",))


@pytest.mark.integration
@pytest.mark.usefixtures("place")
def test_camwire_does_not_start_without_what_the_configuration_insists_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main, "look_for_gpus", seems_to_have_a_gpu)
    insists = config(1, mps="on", server=ServerConfig(port=0))
    assert serve(insists, on_ready=pytest.fail) == 1
    assert capsys.readouterr().err == (
        "camwire: mps: on: nvidia-cuda-mps-control is not installed; see camwire doctor\n"
    )


@pytest.mark.integration
def test_the_server_starts_one_worker_beside_its_daemon_and_ends_both(place: Path) -> None:
    mps_program.install(place)
    answer = place / "answer"
    with subprocess.Popen([sys.executable, "-m", "tests.server.mps.serving", str(answer)]) as server:
        try:
            wait_for(lambda: answer.exists() or server.poll() is not None, "it serves, or has failed")
            name, folder = answer.read_text().split()
            assert name == "cuda:0", "with 30 cameras, but their sources apart, one is enough"
            assert runs(Path(folder) / "mps")
            server.terminate()
            assert server.wait(60) == 0
        finally:
            server.kill()
    assert not Path(folder).exists()
    assert not runs(Path(folder) / "mps")
