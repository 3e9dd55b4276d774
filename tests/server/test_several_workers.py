"""A server with two workers: each runs its own cameras, and those of one that fails go to the other."""

import asyncio
import sys

import pytest

from camwire.config.server import ServerConfig
from camwire.link.endpoint import private_endpoints
from camwire.link.server_end import ServerEnd
from camwire.server import attendance
from camwire.server.document import MemoryDocument
from camwire.server.listener import listen
from camwire.server.server import Server
from tests.server.configs import config
from tests.server.running import until

pytestmark = pytest.mark.integration

NAMES = ("cuda:0", "cuda:1")


def test_cameras_of_a_worker_that_fails_go_to_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attendance, "PATIENCE", 0.3)
    module = "tests.support.stand_in_worker"

    async def run() -> None:
        with private_endpoints() as endpoints, ServerEnd(endpoints) as link:
            link_folder = str(endpoints.directory)
            commands = {
                name: [sys.executable, "-m", module, "--name", name, "--link", link_folder] for name in NAMES
            }
            server = Server(MemoryDocument(config("a", "b", "c", "d")), link, commands)

            def cameras(worker: str) -> list[str]:
                report = server.workers.statistics(worker)
                return [camera.id for camera in report.cameras] if report else []

            with listen(ServerConfig(port=0)) as listener:
                running = asyncio.create_task(server.run(listener, lambda _: None))
                try:
                    await until(
                        lambda: len(cameras("cuda:0")) == len(cameras("cuda:1")) == 2, "both run two", 50
                    )
                    assert sorted(cameras("cuda:0") + cameras("cuda:1")) == ["a", "b", "c", "d"]
                    assert server.not_ready() is None
                    server.supervisors["cuda:1"]._command = ["false"]  # from now on it can't be started
                    server.supervisors["cuda:1"].kill()
                    await until(lambda: cameras("cuda:0") == ["a", "b", "c", "d"], "all are on the one", 50)
                    states = server.reporter.latest()["cameras"]
                    assert list(states) == ["a", "b", "c", "d"]
                    assert server.not_ready() is None, "one worker runs"
                finally:
                    server.stop()
                    await asyncio.wait_for(running, 60)

    asyncio.run(run())
