"""The server in the test's own process, with any worker, so that time limits can be made short."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect

from camwire.config.root import Config
from camwire.link.endpoint import Endpoints, private_endpoints
from camwire.link.server_end import ServerEnd
from camwire.server.document import MemoryDocument
from camwire.server.listener import listen
from camwire.server.restart_policy import Heartbeat, RestartPolicy
from camwire.server.server import Server
from camwire.server.supervisor import Supervisor
from tests.server.running import until

WORKER = "cpu"


@dataclass
class Serving:
    server: Server
    address: str
    endpoints: Endpoints

    @property
    def supervisor(self) -> Supervisor:
        return self.server.supervisors[WORKER]

    async def runs(self, *, other_than: int | None = None, timeout: float = 90.0) -> int:
        """The worker's process id, once it has said something."""

        def found() -> bool:
            state = self.supervisor.state
            return state.phase == "running" and state.pid != other_than

        await until(found, "a worker that runs", timeout)
        assert self.supervisor.state.pid is not None
        return self.supervisor.state.pid

    def client(self) -> connect:
        address = self.address.replace("http", "ws", 1) + "ws"
        return connect(address, max_size=None, compression=None, close_timeout=1)


def module(name: str, *arguments: str) -> Callable[[Endpoints], list[str]]:
    """A worker that is a module of the tests."""
    return lambda endpoints: [
        *(sys.executable, "-m", name, "--name", WORKER, "--link", str(endpoints.directory)),
        *arguments,
    ]


@asynccontextmanager
async def serving(
    config: Config,
    command: Callable[[Endpoints], Sequence[str]],
    *,
    heartbeat: Heartbeat | None = None,
    policy: RestartPolicy | None = None,
) -> AsyncIterator[Serving]:
    """A server that has stopped in good order afterwards."""
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    with private_endpoints() as endpoints, ServerEnd(endpoints) as link, listen(config.server) as listener:
        server = Server(MemoryDocument(config), link, {WORKER: command(endpoints)})
        supervisor = server.supervisors[WORKER]
        supervisor._heartbeat = heartbeat or supervisor._heartbeat
        supervisor._policy = policy or RestartPolicy(first=0.01, longest=0.02, hopeless=0.05)
        running = asyncio.create_task(server.run(listener, ready.set_result))
        try:
            await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
            yield Serving(server, ready.result(), endpoints)
        finally:
            server.stop()
            await asyncio.wait_for(running, 60)


async def pictures(client: ClientConnection, count: int, timeout: float = 90.0) -> None:
    """Read until so many pictures have come."""
    async with asyncio.timeout(timeout):
        while count > 0:
            count -= isinstance(await client.recv(), bytes)
