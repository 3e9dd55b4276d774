"""Events over HTTP to a real server: signed, in order, none lost, whatever it answers."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from camwire.config.secrets import SecretUrl
from camwire.config.sinks import WebhookConfig
from camwire.server.events.store import Bounds, EventStore
from camwire.server.sinks.backoff import FIRST
from camwire.server.sinks.courier import AT_ONCE, Courier
from camwire.server.sinks.webhook import Webhook
from tests.server.running import until
from tests.server.sinks.receivers import (
    Impatient,
    Receiver,
    begin,
    couriered,
    delivered,
    event,
    keep,
    receiving,
)
from tests.support.waiting import wait_for

SETTINGS = WebhookConfig(name="hook", url=SecretUrl("http://127.0.0.1/"))


def test_each_event_comes_signed_once_and_in_order(tmp_path: Path) -> None:
    begin(tmp_path, "hook")
    keep(tmp_path, [event(number) for number in range(1, 121)])
    receiver = Receiver()
    with receiving(receiver) as url:
        sink = Webhook(url, "the secret", clock=lambda: 1_700_000_000.9)
        courier = couriered(tmp_path, SETTINGS, sink, lambda courier: delivered(courier, 120))
    assert receiver.numbers == list(range(1, 121))
    assert json.loads(receiver.bodies[0]) == event(1).as_json() | {"number": 1}
    head = receiver.headers[0]
    assert (head["Content-Type"], head["Camwire-Event"]) == ("application/json", "w-1")
    signed = hmac.new(b"the secret", b"1700000000." + receiver.bodies[0], hashlib.sha256).hexdigest()
    assert head["Camwire-Signature"] == f"t=1700000000,v1={signed}"
    assert courier.state() == {
        "state": "delivering",
        "problem": None,
        "since": None,
        "retry_in_s": None,
        "delivered": 120,
        "refused": 0,
        "lost": 0,
        "waiting": 0,
    }


@pytest.mark.parametrize("fault", [500, 503, 404, 401, 302, 429, 408, None])
def test_what_may_get_better_is_tried_again(tmp_path: Path, fault: int | None) -> None:
    begin(tmp_path, "hook")
    keep(tmp_path, [event(number) for number in range(1, 6)])
    receiver = Receiver()
    receiver.answers = [200, 200, fault, fault, 200]
    with receiving(receiver) as url:
        courier = couriered(tmp_path, SETTINGS, Webhook(url), lambda courier: delivered(courier, 5))
    assert receiver.numbers == [1, 2, 3, 4, 5]
    assert courier.refused == 0


@pytest.mark.parametrize("refusal", [400, 413, 422])
def test_an_event_that_is_refused_for_good_holds_nothing_up(tmp_path: Path, refusal: int) -> None:
    begin(tmp_path, "hook")
    keep(tmp_path, [event(number) for number in range(1, 6)])
    receiver = Receiver()
    receiver.answers = [200, 200, refusal]
    with receiving(receiver) as url:
        courier = couriered(tmp_path, SETTINGS, Webhook(url), lambda courier: delivered(courier, 4))
    assert receiver.numbers == [1, 2, 4, 5]
    assert (courier.refused, courier.problem) == (1, None)


def test_a_receiver_that_takes_some_is_not_waited_for_ever_longer(tmp_path: Path) -> None:
    begin(tmp_path, "hook")
    keep(tmp_path, [event(number) for number in range(1, 6)])
    receiver = Receiver()
    receiver.answers = [503, 503, 200, 503, 200, 503, 200, 503, 503]
    backoff = Impatient()
    with receiving(receiver) as url:
        couriered(tmp_path, SETTINGS, Webhook(url), lambda courier: delivered(courier, 5), backoff)
    assert receiver.numbers == [1, 2, 3, 4, 5]
    assert backoff.delays == [FIRST, 2 * FIRST, FIRST, FIRST, FIRST, 2 * FIRST]


def test_a_receiver_that_refuses_an_event_for_good_is_there(tmp_path: Path) -> None:
    begin(tmp_path, "hook")
    keep(tmp_path, [event(1)])
    receiver = Receiver()
    receiver.answers = [503, 503, 400]
    backoff = Impatient()

    async def play(courier: Courier) -> None:
        await until(lambda: courier.state()["waiting"] == 0 and courier.refused, "the refusal")

    with receiving(receiver) as url:
        courier = couriered(tmp_path, SETTINGS, Webhook(url), play, backoff)
    assert courier.problem is None
    assert (backoff.failures, backoff.delays) == (0, [FIRST, 2 * FIRST])


def test_failures_cost_the_loop_no_new_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Making one reads every authority's certificate."""
    makers: list[threading.Thread] = []
    original = httpx.AsyncClient.__init__

    def noted(self: httpx.AsyncClient, **options: Any) -> None:
        makers.append(threading.current_thread())
        original(self, **options)

    monkeypatch.setattr(httpx.AsyncClient, "__init__", noted)
    begin(tmp_path, "hook")
    keep(tmp_path, [event(1), event(2)])
    receiver = Receiver()
    receiver.answers = [None, None, 200, None]
    with receiving(receiver) as url:
        couriered(tmp_path, SETTINGS, Webhook(url), lambda courier: delivered(courier, 2))
    assert receiver.numbers == [1, 2]
    assert len(makers) == 1
    assert makers[0] is not threading.main_thread()


def test_only_what_the_sink_is_for(tmp_path: Path) -> None:
    begin(tmp_path, "hook")
    keep(tmp_path, [event(1), event(2, camera="yard"), event(3, kind="out"), event(4)])
    settings = SETTINGS.model_copy(update={"cameras": ("gate",), "kinds": ("in",)})
    receiver = Receiver()
    with receiving(receiver) as url:
        couriered(tmp_path, settings, Webhook(url), lambda courier: delivered(courier, 2))
    assert receiver.numbers == [1, 4]


def test_a_dead_receiver_is_told_and_gets_all_when_it_is_back(tmp_path: Path) -> None:
    begin(tmp_path, "hook")
    keep(tmp_path, [event(number) for number in range(1, 4)])
    receiver = Receiver()
    with receiving(receiver) as url:
        port = int(url.split(":")[2].split("/")[0])

    async def play(courier: Courier) -> None:
        await until(lambda: courier.problem is not None, "a problem")
        assert "can't be reached" in (courier.problem or "")
        assert (courier.state()["state"], courier.state()["waiting"]) == ("retrying", 3)
        await asyncio.to_thread(keep, tmp_path, [event(4)])
        courier.kept(4)
        with receiving(receiver, port):
            await delivered(courier, 4)
            await until(lambda: courier.problem is None, "the end of the problem")

    couriered(tmp_path, SETTINGS, Webhook(url), play)
    assert receiver.numbers == [1, 2, 3, 4]


def test_what_was_deleted_before_its_turn_is_counted(tmp_path: Path) -> None:
    begin(tmp_path, "hook")
    keep(tmp_path, [event(number) for number in range(1, 5)])
    store = EventStore(tmp_path / "events.db", Bounds(event_days=1))
    store.prune(1003.0 + 86_400)
    store.close()
    receiver = Receiver()
    with receiving(receiver) as url:
        courier = couriered(tmp_path, SETTINGS, Webhook(url), lambda courier: delivered(courier, 2))
    assert (receiver.numbers, courier.lost) == ([3, 4], 2)


def test_when_all_that_waited_is_deleted_nothing_waits_any_more(tmp_path: Path) -> None:
    begin(tmp_path, "hook")
    keep(tmp_path, [event(number) for number in range(1, 4)])
    receiver = Receiver()
    with receiving(receiver) as url:
        port = int(url.rpartition(":")[2].partition("/")[0])

    async def play(courier: Courier) -> None:
        await until(lambda: courier.problem is not None, "a problem")
        store = EventStore(tmp_path / "events.db", Bounds(event_days=1))
        store.prune(1e9)
        store.close()
        await until(lambda: courier.problem is None, "the end of the problem")
        state = courier.state()
        assert (state["state"], state["waiting"], state["lost"]) == ("delivering", 0, 3)
        await asyncio.to_thread(keep, tmp_path, [event(4)])
        courier.kept(4)
        with receiving(receiver, port):
            await delivered(courier, 1)
        assert courier.lost == 3

    couriered(tmp_path, SETTINGS, Webhook(url), play)
    assert receiver.numbers == [4]


SENDER = """
import asyncio, sys
from pathlib import Path
from camwire.config.secrets import SecretUrl
from camwire.config.sinks import WebhookConfig
from camwire.server.sinks.webhook import Webhook
from tests.server.sinks.receivers import all_delivered, couriered
folder, url = Path(sys.argv[1]), sys.argv[2]
settings = WebhookConfig(name="hook", url=SecretUrl(url))
couriered(folder, settings, Webhook(url), all_delivered)
"""


@pytest.mark.integration
def test_a_sender_that_is_killed_loses_nothing_and_keeps_the_order(tmp_path: Path) -> None:
    begin(tmp_path, "hook")
    keep(tmp_path, [event(number) for number in range(1, 301)])
    receiver = Receiver()
    with receiving(receiver) as url:
        command = [sys.executable, "-c", SENDER, str(tmp_path), url]
        with subprocess.Popen(command) as sender:
            wait_for(lambda: len(receiver.bodies) >= 100, "some events", 50)
            sender.send_signal(signal.SIGKILL)
        assert len(receiver.bodies) < 300
        successor = subprocess.run(command, timeout=240, check=False)
        assert successor.returncode == 0
    came = receiver.numbers
    assert sorted(set(came)) == list(range(1, 301))
    assert list(dict.fromkeys(came)) == list(range(1, 301))
    assert len(came) <= 300 + AT_ONCE
