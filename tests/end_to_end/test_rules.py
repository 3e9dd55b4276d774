"""Rules in the whole product: counts and events outlive a worker that is killed."""

import signal
from pathlib import Path

import pytest

from camwire.server.events.queries import Query, find
from tests.support.product import as_client, camwire, until, write_config

pytestmark = pytest.mark.e2e

RULES = [{"type": "zone", "name": "all", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]], "classes": ["person"]}]


def entered(stats):
    return stats["cameras"]["yard"].get("rules", {}).get("all", {}).get("entered", {}).get("person", 0)


def test_counts_and_events_outlive_a_killed_worker(tmp_path: Path, street: Path) -> None:
    camera = {"id": "yard", "url": str(street)}
    config = write_config(tmp_path, [camera], rules=RULES, model={"score_threshold": 0.25})
    with camwire("run", str(config)) as product:

        async def watch(socket, seen):
            await until(socket, seen, lambda: seen.stats and entered(seen.stats[-1]) >= 3, "people")
            # What this message tells, the server was told at latest together with the next.
            told, messages = entered(seen.stats[-1]), len(seen.stats)
            await until(socket, seen, lambda: len(seen.stats) >= messages + 3, "more statistics")
            product.worker().send_signal(signal.SIGKILL)

            def again():
                newest = seen.stats[-1]
                return newest["processes"]["cpu"]["restarts"] == 1 and entered(newest)

            await until(socket, seen, again, "the worker's successor to count")
            assert entered(seen.stats[-1]) >= told

        seen = as_client(product, watch)
        last = entered(seen.stats[-1])
        assert product.interrupt() == 0
    events = find(tmp_path / "events.db", Query(kind="enter", limit=10_000))
    assert len(events) >= last - 5, "all but those of the killed worker's last moment"
    assert len({event.id for event in events}) == len(events)
    assert events[0].body["class"] == "person"
    assert events[0].time > 1_700_000_000
