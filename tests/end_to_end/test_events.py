"""What rules report, all the way: pictures, videos, sinks, REST, and counts over the server's own restart."""

import io
import json
import signal
from pathlib import Path

import av
import httpx
import pytest

from tests.server.sinks.receivers import Receiver, receiving
from tests.support.product import camwire, write_config
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e

ZONE = {"type": "zone", "name": "all", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]], "classes": ["person"]}
HEAT = {"type": "heatmap", "name": "heat", "rows": 4, "columns": 4}


def entered(client: httpx.Client) -> int:
    counts = client.get("/api/v1/rules/all").json()["counts"]
    number: int = counts.get("yard", {}).get("entered", {}).get("person", 0)
    return number


def test_events_have_pictures_and_videos_and_reach_their_receivers(tmp_path: Path, street: Path) -> None:
    camera = {"id": "yard", "url": str(street)}
    receiver = Receiver()
    receiver.answers = [500, None, 200]
    with receiving(receiver) as url:
        config = write_config(
            tmp_path,
            [camera],
            model={"score_threshold": 0.25},
            rules=[ZONE, HEAT],
            events={"snapshots": True, "clips": {"before": 1, "after": 1}},
            saving={"folder": "saved", "on_events": True},
            sinks={
                "webhooks": [{"name": "hook", "url": url, "secret": "signing-key"}],
                "files": [{"name": "lines", "file": "events.jsonl"}],
            },
        )
        with camwire("run", str(config)) as product, httpx.Client(base_url=product.url, timeout=30) as client:
            wait_for(lambda: entered(client) >= 3, "people", 90)
            newest = client.get("/api/v1/events?limit=1&kind=enter").json()["events"][0]
            picture = client.get(newest["snapshot"])
            assert (picture.status_code, picture.content[:2]) == (200, b"\xff\xd8")

            def video() -> bytes | None:
                answer = client.get(f"/api/v1/events/{newest['id']}/clip.mp4")
                return answer.content if answer.status_code == 200 else None

            with av.open(io.BytesIO(wait_for(video, "the video", 60))) as film:
                assert len(list(film.decode(video=0))) >= 5

            saved = client.post("/api/v1/cameras/yard/clip?seconds=2")
            assert saved.status_code == 201, saved.text
            with av.open(saved.json()["file"]) as film:
                assert len(list(film.decode(video=0))) >= 5
            assert list((tmp_path / "saved" / "yard").glob("*.jpg"))

            tried = client.post(
                "/api/v1/rules/dry-run", json={"rules": [ZONE], "camera": "yard", "seconds": 60}
            )
            assert tried.json()["frames"] > 2, tried.text
            assert tried.json()["counts"]["all"]["entered"]["person"] >= 1
            heat = client.get("/api/v1/rules/heat/heatmap?camera=yard").json()
            assert heat["seconds"] > 0
            assert client.get("/api/v1/counts?by=minute&kind=enter").json()["counts"]

            number = client.get("/api/v1/events?limit=1").json()["events"][0]["number"]
            wait_for(
                lambda: receiver.numbers and receiver.numbers[-1] >= number, "the receiver to have all", 60
            )
            assert list(dict.fromkeys(receiver.numbers)) == list(range(1, receiver.numbers[-1] + 1))
            written = (tmp_path / "events.jsonl").read_text().split("\n")[:-1]  # the last may not be whole
            lines = [json.loads(line) for line in written]
            assert [line["number"] for line in lines] == list(range(1, len(lines) + 1))

            def delivered() -> int:
                told: int = client.get("/api/v1/statistics").json()["events"]["sinks"]["hook"]["delivered"]
                return told

            wait_for(lambda: delivered() >= number, "what is delivered to be counted")
            assert 'camwire_sink_events_total{outcome="delivered",sink="hook"}' in client.get("/metrics").text
            told = entered(client)
            product.process.send_signal(signal.SIGINT)
            assert product.process.wait(30) == 0

        with camwire("run", str(config)) as product, httpx.Client(base_url=product.url, timeout=30) as client:
            wait_for(lambda: entered(client) >= told, "the counts from before", 60)
            cleared = client.post("/api/v1/rules/clear", json={"names": ["all"]})
            assert cleared.status_code == 204
            wait_for(lambda: entered(client) < told, "the counts to start anew")
            product.process.send_signal(signal.SIGINT)
            assert product.process.wait(30) == 0
