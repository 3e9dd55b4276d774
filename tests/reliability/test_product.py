"""The whole product when its server is killed, asked to stop at a bad moment, or has no disk left."""

from __future__ import annotations

import resource
import signal
from pathlib import Path

import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from tests.support.clips import make_clip
from tests.support.product import STOP_TIMEOUT, as_client, camwire, until, write_config
from tests.support.rtsp_faults import silent_server
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", width=160, height=128, fps=10)


@pytest.fixture
def sockets(tmp_path: Path) -> dict[str, str]:
    """An environment in which the link's sockets have a folder of their own."""
    return {"TMPDIR": str(tmp_path), "XDG_RUNTIME_DIR": ""}


def folders(place: Path) -> list[Path]:
    return list(place.glob("camwire-*"))


def gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def five_pictures(socket, seen):
    await until(socket, seen, lambda: len(seen.pictures["a"]) >= 5, "pictures")


async def read_to_the_end(socket):
    while True:
        await socket.recv()


@pytest.mark.parametrize("stopped", [False, True], ids=["worker well", "worker stopped"])
def test_a_killed_server_takes_its_worker_along_and_its_successor_cleans_up(
    tmp_path: Path, clip: Path, sockets: dict[str, str], stopped: bool
) -> None:
    config = write_config(tmp_path, [{"id": "a", "url": str(clip)}])
    with camwire("run", str(config), environment=sockets) as killed:
        as_client(killed, five_pictures)
        worker, port = killed.worker(), int(killed.url.rsplit(":", 1)[1])
        if stopped:
            worker.suspend()
        killed.process.kill()
        killed.process.wait()
        wait_for(lambda: gone(worker), "its worker's end")
    [abandoned] = folders(tmp_path)
    config = write_config(tmp_path, [{"id": "a", "url": str(clip)}], server={"port": port})
    with camwire("run", str(config), environment=sockets) as successor:
        as_client(successor, five_pictures)  # at the address that viewers know
        assert abandoned not in folders(tmp_path)
        successor.process.terminate()
        assert successor.process.wait(STOP_TIMEOUT) == 0
    assert folders(tmp_path) == []


@pytest.mark.parametrize("stopped", [False, True], ids=["worker well", "worker stopped"])
def test_a_signal_ends_everything(tmp_path: Path, clip: Path, sockets: dict[str, str], stopped: bool) -> None:
    """With a camera that hangs, or a worker that can't answer; clients are told that the server goes."""
    with silent_server() as silent:
        cameras = [{"id": "a", "url": str(clip)}, {"id": "b", "url": f"rtsp://127.0.0.1:{silent.port}/x"}]
        with camwire("run", str(write_config(tmp_path, cameras)), environment=sockets) as product:
            family = product.family()

            async def watch(socket, seen):
                await five_pictures(socket, seen)
                family.append(product.worker())
                if stopped:
                    product.worker().suspend()
                product.process.send_signal(signal.SIGTERM)
                with pytest.raises(ConnectionClosed) as closed:
                    await read_to_the_end(socket)
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 1001

            as_client(product, watch)
            assert product.process.wait(STOP_TIMEOUT) == 0
            wait_for(lambda: all(map(gone, family)), "every process to end")
            assert "Traceback" not in product.text
    assert folders(tmp_path) == []


def test_a_full_disk_is_said_and_costs_no_picture(tmp_path: Path, clip: Path) -> None:
    """The server may write no more than a byte to any file: to it, the disk is full."""
    saving = {"folder": "saved", "every_s": 0.5}
    config = write_config(tmp_path, [{"id": "a", "url": str(clip)}], saving=saving)

    def saved() -> int:
        return len(list((tmp_path / "saved").glob("**/*.jpg")))

    with camwire("run", str(config)) as product:
        server = psutil.Process(product.process.pid)

        async def watch(socket, seen):
            await until(socket, seen, saved, "a saved picture")
            before = server.rlimit(resource.RLIMIT_FSIZE)
            server.rlimit(resource.RLIMIT_FSIZE, (1, before[1]))
            await until(socket, seen, lambda: "can't be written" in product.text, "word of the disk")
            seen.pictures.clear()
            await five_pictures(socket, seen)
            server.rlimit(resource.RLIMIT_FSIZE, before)
            enough = saved() + 2
            await until(socket, seen, lambda: saved() >= enough, "pictures to be saved again")

        as_client(product, watch)
        assert "Traceback" not in product.text
    assert not list((tmp_path / "saved").glob("**/*.part")), "half a picture was left"
