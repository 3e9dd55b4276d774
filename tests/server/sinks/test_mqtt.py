"""Events to a real broker: none lost while it is away, order kept, topics that are safe."""

from __future__ import annotations

import asyncio
import gc
import getpass
import json
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiomqtt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.config.secrets import SecretUrl
from camwire.config.sinks import MqttConfig
from camwire.server.sinks import mqtt
from camwire.server.sinks.contract import NotNowError
from camwire.server.sinks.courier import Courier
from camwire.server.sinks.mqtt import Mqtt, NoPackageError, topic_of
from tests.conftest import missing_package
from tests.server.running import until
from tests.server.sinks.receivers import begin, couriered, delivered, event, keep
from tests.support.waiting import wait_for

TOPIC = "camwire/{camera}/{rule}/{kind}"
SETTINGS = MqttConfig(name="broker", url=SecretUrl("mqtt://127.0.0.1"), topic=TOPIC)


@pytest.fixture
def port() -> int:
    if shutil.which("mosquitto") is None:
        missing_package("mosquitto", "apt-get install mosquitto")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
    return number


@contextmanager
def broker(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """mosquitto that wants a password and keeps what it has over its restart."""
    passwords = folder / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "cam", "p@ss word"], check=True)
    settings = folder / "mosquitto.conf"
    settings.write_text(
        f"user {getpass.getuser()}\nlistener {port} 127.0.0.1\nallow_anonymous false\n"
        f"password_file {passwords}\n"
        f"persistence true\npersistence_location {folder}/\nautosave_interval 1\nautosave_on_changes true\n"
    )
    process = subprocess.Popen(["mosquitto", "-c", str(settings)], stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: _listens(port), "the broker")
        yield process
    finally:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@asynccontextmanager
async def listening(port: int) -> AsyncIterator[aiomqtt.Client]:
    """A client of the broker whose subscription outlives its connection."""
    async with aiomqtt.Client(
        "127.0.0.1", port, username="cam", password="p@ss word", identifier="listener", clean_session=False
    ) as client:
        await client.subscribe("camwire/#", qos=1)
        yield client


def subscribed(folder: Path, port: int) -> None:
    """The broker knows of ``listening``'s subscription from now on, so that what comes as soon as it is there
    is kept for it."""

    async def subscribe() -> None:
        async with listening(port):
            pass

    with broker(folder, port) as process:
        asyncio.run(subscribe())
        process.terminate()  # and not killed: it writes down what it knows
        process.wait(20)


async def numbers(client: aiomqtt.Client, last: int) -> list[tuple[str, int]]:
    """Topics and numbers of what comes, up to the event of that number."""
    came: list[tuple[str, int]] = []
    async with asyncio.timeout(20):
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            came.append((str(message.topic), json.loads(message.payload)["number"]))
            if came[-1][1] == last:
                break
    return came


@pytest.mark.integration
def test_a_broker_that_is_killed_gets_all_in_order_when_it_is_back(tmp_path: Path, port: int) -> None:
    begin(tmp_path, "broker")
    keep(tmp_path, [event(number) for number in range(1, 31)])
    subscribed(tmp_path, port)
    sink = Mqtt(f"mqtt://cam:p%40ss%20word@127.0.0.1:{port}", TOPIC, name="camwire", timeout=3)
    came: list[tuple[str, int]] = []

    async def play(courier: Courier) -> None:
        await until(lambda: courier.problem is not None, "that nobody listens")
        assert "p@ss" not in (courier.problem or "")
        with broker(tmp_path, port):
            async with listening(port) as client:
                came.extend(await numbers(client, 30))
        await asyncio.to_thread(keep, tmp_path, [event(number) for number in range(31, 61)])
        courier.kept(60)
        await until(lambda: courier.problem is not None, "that the broker is gone")
        with broker(tmp_path, port):
            async with listening(port) as client:
                came.extend(await numbers(client, 60))
            await delivered(courier, 60)

    couriered(tmp_path, SETTINGS, sink, play)
    firsts = list(dict.fromkeys(number for _, number in came))
    assert firsts == list(range(1, 61))
    assert {topic for topic, _ in came} == {"camwire/gate/door/in"}


@pytest.mark.integration
def test_a_lost_connection_leaves_nothing_for_asyncio_to_complain_of(
    tmp_path: Path, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def play() -> None:
        sink = Mqtt(f"mqtt://cam:p%40ss%20word@127.0.0.1:{port}", TOPIC, name="camwire", timeout=3)
        for number in range(2):
            with broker(tmp_path, port):
                await sink.deliver([{"camera": "gate", "rule": "door", "kind": "in", "number": number}])
            await asyncio.sleep(0.1)  # in which it is noticed
        with pytest.raises(NotNowError):
            await sink.deliver([{"number": 2}])
        await sink.close()

    asyncio.run(play())
    gc.collect()  # a future that goes tells of an exception that nobody has taken
    assert [record.message for record in caplog.records if record.name == "asyncio"] == []


@pytest.mark.integration
def test_a_wrong_password_is_told(tmp_path: Path, port: int) -> None:
    begin(tmp_path, "broker")
    keep(tmp_path, [event(1)])
    sink = Mqtt(f"mqtt://cam:wrong@127.0.0.1:{port}", TOPIC, name="camwire", timeout=3)

    async def play(courier: Courier) -> None:
        await until(lambda: courier.problem is not None, "a problem")
        assert "uthori" in (courier.problem or ""), courier.problem

    with broker(tmp_path, port):
        couriered(tmp_path, SETTINGS, sink, play)


@given(st.text(), st.text(), st.none() | st.text())
def test_names_never_make_levels_of_their_own(camera: str, rule: str, name: str | None) -> None:
    topic = topic_of("c/{camera}/{rule}/{class}", {"camera": camera, "rule": rule, "class": name})
    assert topic.count("/") == 3
    assert not set(topic) & set("+#\0")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "aiomqtt", None)
    with pytest.raises(NoPackageError, match="install aiomqtt"):
        Mqtt("mqtt://127.0.0.1", TOPIC, name="x")
    assert mqtt.MISSING
