"""Events and counts over REST."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest

from camwire.server.api.tables import as_far_as_possible, as_json_lines, as_table
from camwire.server.events.event import StoredEvent
from camwire.server.events.media import media_name
from camwire.server.events.store import Bounds, EventStore, StoreError
from camwire.server.server import Server
from tests.server.api.serving import TEXT, with_api

EVENTS, COUNTS = "/api/v1/events", "/api/v1/counts"
MONDAY = 1_700_000_000 // 86_400 * 86_400
PERSON = {
    "frame": 812,
    "object": 7,
    "class": "person",
    "score": 0.5,
    "box": [1.0, 2.0, 3.0, 4.0],
    "value": None,
}
PERSON["counts"] = {"in": {"person": 1}}


def event(number: int, **other: Any) -> StoredEvent:
    usual = {"time": MONDAY + number, "camera": "gate", "rule": "door", "kind": "in", "body": PERSON}
    return StoredEvent(f"w-{number}", **{**usual, **other})


def keep(folder: Path, *events: StoredEvent) -> None:
    store = EventStore(folder / "events.db", Bounds())
    store.add(events)
    store.close()


def test_before_the_first_event_there_is_nothing_and_nothing_is_wrong(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        assert (await client.get(EVENTS)).json() == {"events": [], "next": None}
        assert (await client.get(f"{EVENTS}.json")).json() == []
        assert (await client.get(f"{EVENTS}.csv")).text.startswith("number,id,time,camera,")
        assert (await client.get(COUNTS)).json() == {"by": "hour", "counts": []}
        assert (await client.get(f"{EVENTS}/w-1")).status_code == HTTPStatus.NOT_FOUND
        assert not (tmp_path / "events.db").exists()

    with_api(tmp_path, play)


def test_events_come_page_by_page_the_newest_first(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        keep(tmp_path, *(event(number) for number in range(1, 6)))
        numbers, before = [], None
        while True:
            page = (
                await client.get(EVENTS, params={"limit": 2} | ({"before": before} if before else {}))
            ).json()
            numbers += [one["number"] for one in page["events"]]
            if (before := page["next"]) is None:
                break
        assert numbers == [5, 4, 3, 2, 1]
        one = (await client.get(f"{EVENTS}/w-3")).json()
        assert one == {
            "number": 3,
            "id": "w-3",
            "time": MONDAY + 3,
            "camera": "gate",
            "rule": "door",
            "kind": "in",
            **PERSON,
            "snapshot": None,
            "clip": None,
        }

    with_api(tmp_path, play)


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({"camera": "a/b ü"}, [2]),
        ({"rule": "zone"}, [3]),
        ({"kind": "overcrowded"}, [3]),
        ({"class": "person"}, [4, 2, 1]),
        ({"since": MONDAY + 2, "until": MONDAY + 4}, [3, 2]),
        ({"camera": "none"}, []),
    ],
)
def test_filters_are_the_same_for_pages_and_downloads(
    tmp_path: Path, query: dict[str, Any], numbers: list[int]
) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        crowd = {"frame": 9, "value": 12.0, "counts": {"inside": {"person": 12}}}
        keep(
            *(tmp_path, event(1), event(2, camera="a/b ü")),
            *(event(3, rule="zone", kind="overcrowded", body=crowd), event(4)),
        )
        page = (await client.get(EVENTS, params=query)).json()["events"]
        assert [one["number"] for one in page] == numbers
        assert (await client.get(f"{EVENTS}.json", params=query)).json() == page
        table = await client.get(f"{EVENTS}.csv", params=query)
        assert table.headers["content-disposition"] == 'attachment; filename="events.csv"'
        rows = list(csv.DictReader(io.StringIO(table.text)))
        assert [int(row["number"]) for row in rows] == numbers
        if 1 in numbers:
            assert (rows[-1]["time"], rows[-1]["x2"]) == ("2023-11-14T00:00:01.000Z", "3.0")

    with_api(tmp_path, play)


def test_counts_by_spans_of_time(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        at = [0, 59, 60, 3600, 86_400]
        keep(tmp_path, *(event(n, time=MONDAY + seconds) for n, seconds in enumerate(at)))

        async def told(**query: Any) -> list[tuple[int, int]]:
            answer = (await client.get(COUNTS, params={"since": MONDAY, **query})).json()
            return [(one["time"] - MONDAY, one["number"]) for one in answer["counts"]]

        assert await told(by="minute") == [(0, 2), (60, 1), (3600, 1), (86_400, 1)]
        assert await told() == [(0, 3), (3600, 1), (86_400, 1)]
        assert await told(by="day") == [(0, 4), (86_400, 1)]
        assert await told(by="day", until=MONDAY + 3600) == [(0, 3)]
        assert await told(by="day", **{"class": "car"}) == []
        assert await told(by="day", time_zone="Asia/Kolkata") == [(-19_800, 4), (86_400 - 19_800, 1)]
        assert await told(time_zone="Asia/Kolkata") == [(-1800, 3), (1800, 1), (86_400 - 1800, 1)]
        refused = await client.get(COUNTS, params={"time_zone": "Europe/Nowhere"})
        assert (refused.status_code, refused.json()["where"]) == (422, "query.time_zone")
        table = (await client.get(COUNTS, params={"since": MONDAY, "by": "day", "format": "csv"})).text
        assert table.splitlines()[:2] == [
            "time,camera,rule,kind,class,number",
            "2023-11-14T00:00:00.000Z,gate,door,in,person,4",
        ]
        assert (await client.get(COUNTS)).json()["counts"] == []  # of the last month

    with_api(tmp_path, play)


def test_pictures_and_videos_of_events(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        picture, video = (media_name("a/b ü", MONDAY, 812, suffix) for suffix in (".jpg", ".mp4"))
        assert await server.events.media.keep(picture, b"JPEG")
        assert await server.events.media.keep(video, b"MP4")
        both = {**PERSON, "snapshot": picture, "clip": video}
        gone = {**PERSON, "snapshot": media_name("gate", MONDAY, 1, ".jpg")}
        outside = {**PERSON, "snapshot": "../events.db", "clip": "/etc/passwd"}
        keep(
            *(tmp_path, event(1, body=both), event(2, body=gone), event(3, body=outside)),
            event(4, body=gone, time=time.time()),
        )
        coming, *rest = (await client.get(EVENTS)).json()["events"]
        assert coming["snapshot"] == f"{EVENTS}/w-4/snapshot.jpg"
        assert [one["snapshot"] for one in rest] == [None, None, f"{EVENTS}/w-1/snapshot.jpg"]
        assert [one["clip"] for one in rest] == [None, None, f"{EVENTS}/w-1/clip.mp4"]
        answer = await client.get(f"{EVENTS}/w-1/snapshot.jpg")
        assert (answer.content, answer.headers["content-type"]) == (b"JPEG", "image/jpeg")
        answer = await client.get(f"{EVENTS}/w-1/clip.mp4")
        assert (answer.content, answer.headers["content-type"]) == (b"MP4", "video/mp4")
        for path in ("w-2/snapshot.jpg", "w-3/snapshot.jpg", "w-3/clip.mp4", "w-2/clip.mp4", "none/clip.mp4"):
            assert (await client.get(f"{EVENTS}/{path}")).status_code == HTTPStatus.NOT_FOUND

    with_api(tmp_path, play)


def test_nobody_waits_while_files_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        looked: list[threading.Thread] = []
        media = server.events.media
        path = media.path

        def watched(*arguments: Any) -> Path | None:
            looked.append(threading.current_thread())
            return path(*arguments)

        monkeypatch.setattr(media, "path", watched)
        keep(tmp_path, event(1, body={**PERSON, "snapshot": media_name("gate", MONDAY, 1, ".jpg")}))
        for address in ("", "/w-1", "/w-1/snapshot.jpg", "/w-1/clip.mp4"):
            looked.clear()
            await client.get(EVENTS + address)
            assert looked, address
            assert threading.current_thread() not in looked, address

    with_api(tmp_path, play)


def test_no_picture_of_the_future_is_waited_for(tmp_path: Path) -> None:
    """After a clock was set back, a request for one once went on for as long as the jump."""

    async def play(client: httpx.AsyncClient, server: Server) -> None:
        body = {**PERSON, "snapshot": media_name("gate", MONDAY, 1, ".jpg")}
        keep(tmp_path, event(1, body=body, time=time.time() + 3600))
        [told] = (await client.get(EVENTS)).json()["events"]
        assert told["snapshot"] is None
        async with asyncio.timeout(30):
            answer = await client.get(f"{EVENTS}/w-1/snapshot.jpg")
        assert answer.status_code == HTTPStatus.NOT_FOUND

    with_api(tmp_path, play)


def told(number: int) -> dict[str, Any]:
    return {**event(number).as_json(), "snapshot": None, "clip": None}


@pytest.mark.parametrize("written", [as_json_lines, as_table])
def test_a_download_is_written_part_by_part(written: Callable[..., Iterator[str]]) -> None:
    parts = [[told(number) for number in range(500)], [told(500)]]
    texts = list(written(iter(parts)))
    assert len(texts) <= len(parts) + 2
    text = "".join(texts)
    rows = json.loads(text) if written is as_json_lines else list(csv.DictReader(io.StringIO(text)))
    assert [row["id"] for row in rows] == [f"w-{number}" for number in range(501)]


@pytest.mark.parametrize("written", [as_json_lines, as_table])
def test_a_download_that_ends_early_says_so(written: Callable[..., Iterator[str]]) -> None:
    def parts() -> Iterator[list[dict[str, Any]]]:
        yield [told(1)]
        raise StoreError("events.db: disk I/O error")

    text = "".join(as_far_as_possible(written(parts())))
    assert "w-1" in text
    assert text.splitlines()[-1].endswith("can't be read any more: events.db: disk I/O error")
    if written is as_json_lines:
        with pytest.raises(json.JSONDecodeError):
            json.loads(text)


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 1001},
        {"before": -1},
        {"since": "nan"},
        {"until": "soon"},
        {"camera": "x" * 300},
    ],
)
def test_queries_that_mean_nothing(tmp_path: Path, query: dict[str, Any]) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        assert (await client.get(EVENTS, params=query)).status_code == HTTPStatus.UNPROCESSABLE_ENTITY

    with_api(tmp_path, play)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        (tmp_path / "events.db").write_bytes(b"no database" * 1000)
        for path in (EVENTS, f"{EVENTS}.csv", f"{EVENTS}/w-1", COUNTS):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["where"]) == (503, "events.file")

    with_api(tmp_path, play, TEXT)
