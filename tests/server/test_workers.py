"""Desired state down, reports up: with the real link and a bare socket for a worker."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec
import pytest
import zmq
import zmq.asyncio
from structlog.testing import capture_logs

from camwire.link.desired import DesiredState
from camwire.link.endpoint import Endpoints, private_endpoints
from camwire.link.events import Events, LinkedEvent, RuleState
from camwire.link.message import Message
from camwire.link.messages import Failure, Hello, decode_downward, encode
from camwire.link.reports import CameraReport, Statistics
from camwire.link.server_end import ServerEnd
from camwire.server.desired import Desired
from camwire.server.hub import Hub
from camwire.server.reporter import Reporter
from camwire.server.rule_states import RuleStates
from camwire.server.supervisor import Supervisor, WorkerState
from camwire.server.workers import Workers
from tests.server.configs import config
from tests.server.running import until

pytestmark = pytest.mark.integration

PID = 4242


class Bench:
    """The server's side without processes, and a worker's control socket."""

    def __init__(self, link: ServerEnd, endpoints: Endpoints) -> None:
        self.desired = Desired(config("gate", disabled=("off",)))
        self.supervisor = Supervisor("cpu", [], lambda: asyncio.sleep(0))
        self.supervisor.state = WorkerState("starting", pid=PID)
        self.events: list[Events] = []
        self.rule_states = RuleStates()
        self.workers = Workers(
            link,
            self.desired,
            {"cpu": self.supervisor},
            reported=self.events.append,
            rule_states=self.rule_states,
        )
        self.hub = Hub(self.desired, self.workers.changed, cleared=lambda: None)
        self.reporter = Reporter(self.desired, self.hub, self.workers)
        self.worker = self.connect(endpoints, b"cpu")
        self.stranger = self.connect(endpoints, b"stranger")

    def connect(self, endpoints: Endpoints, name: bytes) -> zmq.asyncio.Socket:
        socket = zmq.asyncio.Context.instance().socket(zmq.DEALER)
        socket.setsockopt(zmq.IDENTITY, name)
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(endpoints.control)
        return socket

    def use_model(self, file: str) -> None:
        settings = self.desired.config
        model = settings.model.model_copy(update={"file": file})
        self.desired.use(settings.model_copy(update={"model": model}))
        self.workers.changed()

    async def say(self, message: Message) -> None:
        await self.worker.send(encode(message))

    async def told(self) -> DesiredState:
        message = decode_downward(await asyncio.wait_for(self.worker.recv(), 30))
        assert isinstance(message, DesiredState)
        return message

    async def told_nothing_more(self) -> None:
        """What the server sends comes before the answer to a greeting that follows."""
        await self.say(hello())
        marker = await self.told()
        assert marker == self.desired.document()
        assert not await self.worker.poll(0)


def hello(pid: int = PID) -> Hello:
    return Hello(worker="cpu", pid=pid, device="cpu")


def report(revision: int, *cameras: CameraReport, pid: int = PID) -> Statistics:
    return Statistics(
        worker="cpu",
        pid=pid,
        device="cpu",
        revision=revision,
        cameras=cameras,
        model="NanoDet",
        cpu_percent=50.0,
        rss_bytes=1000,
    )


def on_bench(test: Callable[[Bench], Awaitable[None]]) -> None:
    async def run() -> None:
        with private_endpoints() as endpoints, ServerEnd(endpoints) as link:
            bench = Bench(link, endpoints)
            tasks = [asyncio.create_task(bench.workers.listen()), asyncio.create_task(bench.workers.tell())]
            try:
                await asyncio.wait_for(test(bench), 30)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                bench.worker.close()
                bench.stranger.close()

    asyncio.run(run())


def test_a_worker_that_greets_is_told_everything() -> None:
    async def test(bench: Bench) -> None:
        await bench.say(hello())
        assert await bench.told() == bench.desired.document()
        assert bench.supervisor.state.phase == "running"

    on_bench(test)


def test_each_change_is_told_and_fast_ones_together() -> None:
    async def test(bench: Bench) -> None:
        await bench.say(hello())
        await bench.told()
        client = bench.hub.join("127.0.0.1")
        assert (await bench.told()).watched == ("gate", "off")
        documents = 0
        for number in range(101):
            bench.hub.handle(
                client,
                '{"type":"set_vis_toggle","toggle":"boxes","enabled":%s}'
                % ("true" if number % 2 else "false"),
            )
        while True:
            documents += 1
            if (await bench.told()).toggles["boxes"] is False:
                break
        assert documents < 10
        assert bench.desired.revision > 100

    on_bench(test)


def test_a_worker_that_runs_an_old_revision_is_told_again() -> None:
    async def test(bench: Bench) -> None:
        await bench.say(hello())
        await bench.told()
        bench.desired.clear_statistics()  # and the document that says so is lost
        await bench.say(report(bench.desired.revision - 1))
        assert (await bench.told()).revision == bench.desired.revision
        await bench.say(report(bench.desired.revision))
        await bench.told_nothing_more()

    on_bench(test)


def test_what_failed_is_told_to_people_and_not_tried_for_ever() -> None:
    async def test(bench: Bench) -> None:
        await bench.say(hello())
        revision = (await bench.told()).revision
        with capture_logs():
            await bench.say(Failure(worker="cpu", revision=revision, reason="no such model"))
            await until(lambda: bench.workers.problem("cpu") == "no such model", "the failure is known")
        await bench.say(report(0))
        await until(lambda: bench.workers.statistics("cpu"), "the report is known")
        assert bench.reporter.compose(time.time(), time.monotonic())["processes"]["cpu"]["reason"] == (
            "no such model"
        )
        assert not await bench.worker.poll(0)
        bench.use_model("another")
        document = await bench.told()
        assert document.model.file == "another"
        await bench.say(report(document.revision))
        await until(lambda: bench.workers.problem("cpu") is None, "it is overcome")

    on_bench(test)


def test_a_model_that_is_refused_leaves_everything_else_to_be_followed() -> None:
    async def test(bench: Bench) -> None:
        await bench.say(hello())
        before = await bench.told()
        await bench.say(report(before.revision))
        await until(lambda: bench.workers.statistics("cpu"), "the first state runs")
        bench.use_model("bad")
        refused = await bench.told()
        assert refused.model.file == "bad"
        with capture_logs():
            await bench.say(Failure(worker="cpu", revision=refused.revision, reason="no such model"))
            assert (await bench.told()).model == before.model
        bench.hub.join("127.0.0.1")
        document = await bench.told()
        assert document.watched == ("gate", "off")
        assert document.model == before.model
        await bench.say(hello())
        assert (await bench.told()).model == before.model, "a new process, too"

    on_bench(test)


def test_a_worker_that_is_stuck_is_replaced() -> None:
    async def test(bench: Bench) -> None:
        reasons: list[str] = []
        bench.supervisor.replace = reasons.append  # type: ignore[method-assign]
        await bench.say(hello())
        await bench.told()
        await bench.say(msgspec.structs.replace(report(1), stuck="a batch was stuck in detect for 20 s"))
        await until(lambda: reasons == ["a batch was stuck in detect for 20 s"], "it is condemned")

    on_bench(test)


def test_strangers_and_the_dead_are_not_believed() -> None:
    async def test(bench: Bench) -> None:
        with capture_logs() as logs:
            await bench.stranger.send(encode(hello()))
            await until(lambda: logs, "the stranger is mentioned")
        assert bench.supervisor.state.phase == "starting"
        await bench.say(hello(pid=PID + 1))
        await bench.say(report(1, pid=PID + 1))
        await bench.say(hello())
        await bench.told()
        assert bench.workers.statistics("cpu") is None
        await bench.say(report(1))
        await until(lambda: bench.workers.statistics("cpu"), "the report is known")
        bench.supervisor.state = WorkerState("restarting", reason="it was killed by SIGKILL")
        assert bench.workers.statistics("cpu") is None

    on_bench(test)


def test_the_stats_message_has_all_parts_in_configuration_order() -> None:
    async def test(bench: Bench) -> None:
        await bench.say(hello())
        await bench.say(report(1, CameraReport(id="gate", phase="live", codec="h264")))
        await until(lambda: bench.workers.statistics("cpu"), "the report is known")
        bench.hub.join("127.0.0.1")
        bench.reporter.delivered("gate", 0.040)
        message = bench.reporter.compose(1000.0, time.monotonic())
        assert message["time"] == 1000.0
        assert message["uptime_s"] >= 0
        assert list(message["cameras"]) == ["gate", "off"]
        gate = message["cameras"]["gate"]
        assert (gate["state"], gate["codec"], gate["watched"]) == ("live", "h264", True)
        assert gate["latency_ms"]["socket"]["p50"] == pytest.approx(40, rel=0.15)
        assert message["cameras"]["off"]["state"] == "disabled"
        assert list(message["processes"]) == ["server", "cpu"]
        assert message["processes"]["server"]["rss_bytes"] > 1_000_000
        assert message["processes"]["cpu"]["state"] == "running"
        assert [client["address"] for client in message["clients"]] == ["127.0.0.1"]
        assert message["connections"] == {"now": 1, "total": 1}
        bench.reporter.clear()
        again = bench.reporter.compose(1000.0, time.monotonic())
        assert "socket" not in again["cameras"]["gate"]["latency_ms"]

    on_bench(test)


def test_a_successor_gets_what_the_rules_have_counted_before_it_is_told_what_to_do() -> None:
    async def test(bench: Bench) -> None:
        await bench.say(hello())
        await bench.told()
        await bench.say(RuleState(state=b"older"))
        await bench.say(RuleState(state=b"newest"))
        await bench.say(hello())
        first = decode_downward(await asyncio.wait_for(bench.worker.recv(), 30))
        assert first == RuleState(state=b"newest")
        assert await bench.told() == bench.desired.document()

    on_bench(test)


def test_counts_of_a_camera_that_comes_from_another_worker_are_told_before_the_camera() -> None:
    async def test(bench: Bench) -> None:
        await bench.say(hello())
        await bench.told()
        kept = {"counts": {"in": {"person": 3}}, "extra": None, "objects": {}}
        state = {"version": 1, "prints": {"door": "x"}, "rules": {"door": {"new": kept}}, "cameras": {}}
        bench.rule_states.received("gone", RuleState(state=msgspec.msgpack.encode(state)))
        bench.desired.use(config("gate", "new"))
        bench.workers.changed()
        first = decode_downward(await asyncio.wait_for(bench.worker.recv(), 30))
        assert isinstance(first, RuleState)
        assert (first.moved, msgspec.msgpack.decode(first.state)) == (True, state)
        assert [camera.id for camera in (await bench.told()).cameras] == ["gate", "new"]

    on_bench(test)


def test_events_are_handed_on() -> None:
    async def test(bench: Bench) -> None:
        await bench.say(hello())
        await bench.told()
        event = LinkedEvent(id="w-1", time=1.0, camera="gate", rule="door", kind="in", body={"frame": 3})
        message = Events(worker="cpu", pid=PID, upto=1, events=(event,))
        await bench.say(message)
        await bench.told_nothing_more()
        assert bench.events == [message]

    on_bench(test)


def test_a_worker_that_hands_events_over_is_heard() -> None:
    """Told to stop, it says nothing else, and is given time as long as it is heard."""

    async def test(bench: Bench) -> None:
        await bench.say(Events(worker="cpu", pid=PID, upto=0, events=()))
        await until(lambda: bench.supervisor.state.phase == "running", "its supervisor has heard of it")

    on_bench(test)
