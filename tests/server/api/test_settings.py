"""The model, toggles, statistics, the configuration as a whole, metrics."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from camwire.link.reports import CameraReport, LatencyCounts, Statistics
from camwire.monitoring.exported import BOUNDS_S, latency_counts
from camwire.monitoring.histogram import Histogram
from camwire.server.auth.refusals import Refusals
from camwire.server.metrics import exposition
from camwire.server.server import Server
from camwire.server.statistics import worker_process
from camwire.server.supervisor import WorkerState
from tests.server.api.serving import TEXT, with_api

API = "/api/v1"


def test_the_model_is_shown_and_changed(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        model = (await client.get(f"{API}/model")).json()
        assert model["settings"]["file"] == "nanodet"
        assert model["classes"][:2] == ["person", "bicycle"]
        assert model["running"] == [{"worker": "cpu", "model": None, "problem": None}]
        changed = await client.patch(f"{API}/model", json={"score_threshold": 0.6, "classes": ["person"]})
        assert changed.json()["settings"]["score_threshold"] == 0.6
        assert server.desired.document().model.classes == ("person",)
        wrong = await client.patch(f"{API}/model", json={"score_threshold": 7, "file": None})
        assert (wrong.status_code, len(wrong.json()["problems"])) == (422, 2)

    path = with_api(tmp_path, play)
    assert path.read_text() == TEXT + 'model:\n  score_threshold: 0.6\n  classes: ["person"]\n'


def test_toggles_are_set_all_or_none(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        assert (await client.patch(f"{API}/toggles", json={"labels": False})).json()["labels"] is False
        wrong = await client.patch(f"{API}/toggles", json={"boxes": False, "box": True, "traces": 1})
        unknown, no_boolean = wrong.json()["problems"]
        assert unknown.startswith("unknown toggle 'box'; known: boxes, labels, traces")
        assert no_boolean == "traces is true or false"
        now = (await client.get(f"{API}/toggles")).json()
        assert (now["boxes"], now["labels"], now["traces"]) == (True, False, True)
        assert server.desired.document().toggles["labels"] is False

    assert with_api(tmp_path, play).read_text() == TEXT


def test_statistics_are_told_and_cleared(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        told = (await client.get(f"{API}/statistics")).json()
        assert list(told["cameras"]) == ["gate", "a/b ü"]
        assert told["processes"]["server"]["state"] == "running"
        assert (await client.delete(f"{API}/statistics")).status_code == HTTPStatus.NO_CONTENT
        assert server.desired.document().stats_epoch == 1

    with_api(tmp_path, play)


def test_a_broken_file_is_told_with_all_its_mistakes(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        state = (await client.get(f"{API}/configuration")).json()
        assert (state["in_use"], state["problems"]) == (True, [])
        assert state["document"].endswith("camwire.yaml")
        (tmp_path / "camwire.yaml").write_text("cameras: 3\nservr: 4\n")
        state = (await client.post(f"{API}/configuration/reload")).json()
        assert (state["in_use"], len(state["problems"])) == (False, 2)
        assert len((await client.get(f"{API}/cameras")).json()) == 2
        (tmp_path / "camwire.yaml").write_text("cameras: []\n")
        assert (await client.post(f"{API}/configuration/reload")).json()["in_use"] is True
        assert (await client.get(f"{API}/cameras")).json() == []

    with_api(tmp_path, play)


def counted(*milliseconds: float) -> LatencyCounts:
    histogram = Histogram()
    histogram.add_many(milliseconds)
    return latency_counts(histogram)


def test_latency_counts_are_cumulated_at_each_bound() -> None:
    counts = counted(0.05, 5, 50, 500, 10**6)
    assert len(counts.cumulated) == len(BOUNDS_S)
    assert list(BOUNDS_S) == sorted(BOUNDS_S)
    for bound, count in zip(BOUNDS_S, counts.cumulated, strict=True):
        assert count == sum(value <= bound * 1000 for value in (0.05, 5, 50, 500))
    assert (counts.count, counts.seconds) == (5, 1000.55505)


def test_metrics_say_what_the_statistics_say(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        server.reporter.delivered("gate", 0.04)
        answer = await client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        samples = {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }
        assert samples["camwire_camera_state", "gate", "waiting"] == 1
        assert samples["camwire_camera_state", "a/b ü", "disabled"] == 1
        assert samples["camwire_process_running", "server"] == 1
        assert samples["camwire_camera_latency_seconds_count", "gate", "socket"] == 1
        assert samples["camwire_camera_latency_seconds_sum", "gate", "socket"] == 0.04
        assert samples["camwire_clients",] == 0

    with_api(tmp_path, play)


def test_a_worker_s_counts_become_counters_and_histograms(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        report = CameraReport(
            id="gate",
            phase="live",
            frames_in=10,
            drops={"link": 3},
            objects={"person": 2},
            latencies={"detect": counted(10, 20)},
        )
        statistics = Statistics(
            worker="cpu",
            pid=1,
            device="cpu",
            revision=1,
            cameras=(report,),
            model="m",
            cpu_percent=1.0,
            rss_bytes=2,
            failures={"analyse": 4},
            lost={"events": 6},
        )
        server.workers.statistics = lambda worker: statistics  # type: ignore[method-assign]
        stats = server.reporter.compose(0.0, 0.0)
        stats["processes"]["cpu"] = worker_process(WorkerState("running", pid=1), statistics, None)
        text = exposition(stats, {"gate": report}, {}, Refusals()).decode()
        assert 'camwire_camera_frames_total{at="in",camera="gate"} 10.0' in text
        assert 'camwire_camera_dropped_frames_total{camera="gate",cause="link"} 3.0' in text
        assert 'camwire_camera_objects{camera="gate",class="person"} 2.0' in text
        assert 'camwire_stage_failures_total{process="cpu",stage="analyse"} 4.0' in text
        assert 'camwire_worker_lost_total{process="cpu",what="events"} 6.0' in text
        assert 'camwire_camera_latency_seconds_bucket{camera="gate",le="+Inf",stage="detect"} 2.0' in text
        assert 'camwire_camera_latency_seconds_sum{camera="gate",stage="detect"} 0.03' in text

    with_api(tmp_path, play)


def test_how_events_do_is_in_statistics_and_metrics(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        server.events.keeper.problem = "events.db: the disk is full"
        told = (await client.get("/api/v1/statistics")).json()["events"]
        assert told == {
            "kept": 0,
            "problem": "events.db: the disk is full",
            "media": {"lost": 0, "problem": None},
            "sinks": {},
        }
        states = {"hook": {"state": "retrying", "delivered": 3, "refused": 1, "lost": 2, "waiting": 7}}
        stats = {**server.reporter.latest(), "events": {**told, "sinks": states}}
        text = exposition(stats, {}, {}, Refusals()).decode()
        for line in (
            'camwire_events_failing{part="events"} 1.0',
            'camwire_events_failing{part="media"} 0.0',
            'camwire_sink_works{sink="hook"} 0.0',
            'camwire_sink_waiting{sink="hook"} 7.0',
            'camwire_sink_events_total{outcome="lost",sink="hook"} 2.0',
        ):
            assert line in text

    with_api(tmp_path, play)
