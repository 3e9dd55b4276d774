"""Rules that are not in use yet: from DeepStream's files, and tried out on the last minutes."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from camwire.link.answers import Rehearsed
from camwire.link.events import LinkedEvent
from camwire.server.server import Server
from tests.server.api.serving import DOOR, RULES, TEXT, WITH_RULES, with_api
from tests.server.running import until

NVDS = """\
[property]
enable=1
config-width=1000
config-height=500

[roi-filtering-stream-1]
enable=1
roi-door=100;100;500;100;500;400
inverse-roi=0
class-id=0

[line-crossing-stream-1]
enable=1
line-crossing-Exit=500;300;500;400;0;250;1000;250
mode=loose
extended=0
class-id=-1
"""


def test_a_file_of_deepstreams_becomes_proposals(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        body = {"nvdsanalytics": NVDS, "camera": "gate", "stream": 1}
        answer = await client.post(f"{RULES}/import", json=body)
        assert answer.status_code == HTTPStatus.OK, answer.text
        zone, line = answer.json()["rules"]
        assert zone == {
            "name": "door 2", "type": "zone", "cameras": ["gate"], "classes": ["person"],
            "polygon": [[0.1, 0.2], [0.5, 0.2], [0.5, 0.8]],
        }  # fmt: skip
        assert (line["start"], line["end"], line["infinite"]) == ([0, 0.5], [1, 0.5], False)
        assert any("'door 2' is proposed" in note for note in answer.json()["notes"])
        saved = await client.put(RULES, json=[DOOR, zone, line])
        assert saved.status_code == HTTPStatus.OK, saved.text
        names = [rule["name"] for rule in (zone, line)]
        again = await client.post(f"{RULES}/import", json={**body, "taken": [*names, "door 3"]})
        assert [rule["name"] for rule in again.json()["rules"]] == ["door 4", f"{line['name']} 2"]
        none = await client.post(f"{RULES}/import", json={**body, "stream": 7})
        assert none.json() == {"rules": [], "notes": ["the file has nothing for stream 7; it has: 1"]}
        broken = await client.post(f"{RULES}/import", json={**body, "nvdsanalytics": "[property\nx"})
        assert broken.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert broken.json()["problems"]

    with_api(tmp_path, play, WITH_RULES)


def test_rules_are_tried_out_without_being_saved(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        async def answer_first(**fields: Any) -> None:
            await until(lambda: server.desired.document().rehearsals, "the rehearsal")
            (asked,) = server.desired.document().rehearsals
            assert (asked.camera, asked.seconds, asked.rules[0]["name"]) == ("gate", 30, "new")
            assert asked.rules[0]["enabled"] is True
            server.rehearsing.answered(Rehearsed(worker="cpu", rehearsal=asked.id, **fields))

        tried = {"rules": [{**DOOR, "name": "new", "enabled": False}], "camera": "gate", "seconds": 30}
        body = {"class": "person", "object": 7}
        event = LinkedEvent(id="1", time=11.0, camera="gate", rule="new", kind="in", body=body)
        counts = {"new": {"in": {"person": 1}, "out": {}}}
        asking = asyncio.create_task(client.post(f"{RULES}/dry-run", json=tried))
        await answer_first(since=10.0, until=40.0, frames=750, counts=counts, events=(event,))
        told = (await asking).json()
        assert (told["counts"], told["since"], told["until"], told["frames"]) == (counts, 10, 40, 750)
        assert (told["events"][0]["kind"], told["events"][0]["object"], told["note"]) == ("in", 7, None)
        assert server.desired.document().rehearsals == ()

        asking = asyncio.create_task(client.post(f"{RULES}/dry-run", json=tried))
        await answer_first()
        told = (await asking).json()
        assert (told["since"], told["frames"], "nothing is recorded" in told["note"]) == (None, 0, True)

        asking = asyncio.create_task(client.post(f"{RULES}/dry-run", json=tried))
        await answer_first(reason="the model is gone")
        assert (await asking).status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert "the model is gone" in (await asking).json()["what"]

        bad = {**DOOR, "end": 3}
        for wrong, status in [({"camera": "none"}, 404), ({"seconds": 0}, 422), ({"rules": [bad]}, 422)]:
            answer = await client.post(f"{RULES}/dry-run", json={**tried, **wrong})
            assert answer.status_code == status

    assert with_api(tmp_path, play).read_text() == TEXT
