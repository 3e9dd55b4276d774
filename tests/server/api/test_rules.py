"""Rules over REST: what is answered, what then runs, what stands in the file."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest

from camwire.config import editing
from camwire.link.answers import Rehearsed
from camwire.link.events import LinkedEvent, RuleState
from camwire.server.api import rules as rules_room
from camwire.server.main import Server
from tests.server.api.serving import TEXT, with_api
from tests.server.running import until

RULES = "/api/v1/rules"
REAL_READ = editing._Read
DOOR = {"name": "door", "type": "line", "start": [0.1, 0.5], "end": [0.9, 0.5]}
YARD = {"name": "a/b ü 🚗 $x", "type": "zone", "polygon": [[0, 0], [1, 0], [1, 1]], "cameras": ["gate"]}
WITH_RULES = (
    TEXT
    + """\
rules:
  - name: door  # the front
    type: line
    start: [0.1, 0.5]
    end: [0.9, 0.5]
  # behind the house
  - name: yard
    type: zone
    polygon: [[0, 0], [1, 0], [1, 1]]
    cameras: [gate]
    loitering: 5
"""
)


def desired_names(server: Server) -> list[str]:
    return [rule["name"] for rule in server.desired.document().rules]


def test_rules_are_added_changed_and_removed(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        assert (await client.get(RULES)).json() == []
        added = await client.post(RULES, json=DOOR)
        assert added.status_code == HTTPStatus.CREATED
        assert added.json()["settings"] | DOOR == added.json()["settings"]
        assert added.json()["counts"] == {}
        await client.post(RULES, json=YARD)
        assert desired_names(server) == ["door", "a/b ü 🚗 $x"]
        name = f"{RULES}/a%2Fb%20%C3%BC%20%F0%9F%9A%97%20%24x"
        assert (await client.get(name)).json()["name"] == YARD["name"]
        changed = await client.patch(name, json={"loitering": 3, "colour": "#00FF00"})
        assert (changed.json()["settings"]["loitering"], changed.json()["settings"]["colour"]) == (
            3,
            "#00ff00",
        )
        assert (await client.delete(f"{RULES}/door")).status_code == HTTPStatus.NO_CONTENT
        assert desired_names(server) == ["a/b ü 🚗 $x"]

    assert with_api(tmp_path, play).read_text() == TEXT + (
        'rules:\n  - name: "a/b ü 🚗 $$x"\n    type: zone\n    polygon: [[0, 0], [1, 0], [1, 1]]\n'
        '    cameras: ["gate"]\n    loitering: 3\n    colour: "#00FF00"\n'
    )


def test_the_whole_list_is_replaced_and_the_file_keeps_its_comments(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        known = [rule["settings"] for rule in (await client.get(RULES)).json()]
        yard = {**known[1], "margin": 5, "loitering": None}
        new = {"name": "new", "type": "speed", "limit": 9, "window": 1.0}
        answer = await client.put(RULES, json=[yard, new, known[0]])
        assert answer.status_code == HTTPStatus.OK
        assert [rule["name"] for rule in answer.json()] == ["door", "yard", "new"]
        assert answer.json()[1]["settings"] == yard

    assert with_api(tmp_path, play, WITH_RULES).read_text() == (
        WITH_RULES.replace("loitering: 5", "loitering: null")
        + "    margin: 5\n  - name: new\n    type: speed\n    limit: 9\n"
    )


def test_a_rule_of_the_list_that_has_another_name_only_keeps_its_place(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        known = [rule["settings"] for rule in (await client.get(RULES)).json()]
        front = {**known[0], "name": "front"}
        answer = await client.put(RULES, json=[front, known[1]])
        assert [rule["name"] for rule in answer.json()] == ["front", "yard"]
        # Whose name of two alike is new can't be told.
        alike = [{**front, "name": "one"}, {**front, "name": "two"}]
        await client.put(RULES, json=[*alike, known[1]])
        await client.put(RULES, json=[known[1], {**front, "name": "three"}, {**front, "name": "four"}])
        names = [rule["name"] for rule in (await client.get(RULES)).json()]
        assert names == ["yard", "three", "four"]
        await client.put(RULES, json=[front, known[1]])

    text = with_api(tmp_path, play, WITH_RULES).read_text()
    assert text.index("name: yard") < text.index("name: front")


def test_renaming_keeps_comments(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        known = [rule["settings"] for rule in (await client.get(RULES)).json()]
        await client.put(RULES, json=[{**known[0], "name": "front"}, known[1]])

    assert with_api(tmp_path, play, WITH_RULES).read_text() == WITH_RULES.replace("door", "front")


def test_the_list_as_it_is_changes_nothing(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        revision = server.desired.revision
        known = [rule["settings"] for rule in (await client.get(RULES)).json()]
        assert (await client.put(RULES, json=known)).status_code == HTTPStatus.OK
        assert server.desired.revision == revision

    assert with_api(tmp_path, play, WITH_RULES).read_text() == WITH_RULES


def test_a_rule_of_another_kind_takes_the_place_of_its_namesake(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        answer = await client.put(RULES, json=[{"name": "door", "type": "heatmap"}])
        assert [rule["settings"]["type"] for rule in answer.json()] == ["heatmap"]

    with_api(tmp_path, play, WITH_RULES)


def test_nobody_writes_over_what_somebody_else_has_changed(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        read = await client.get(RULES)
        seen, known = read.headers["ETag"], [rule["settings"] for rule in read.json()]
        assert (await client.get(f"{RULES}/yard")).headers["ETag"] == seen
        mine = {"If-Match": seen}
        theirs = await client.patch(f"{RULES}/yard", json={"loitering": 9}, headers=mine)
        assert theirs.status_code == HTTPStatus.OK
        text = (tmp_path / "camwire.yaml").read_text()
        for method, path, body in [
            ("PUT", "", known),
            ("POST", "", {**DOOR, "name": "new"}),
            ("PATCH", "/door", {"colour": "#00FF00"}),
            ("DELETE", "/door", None),
        ]:
            for expected in (seen, "", '"a", "b"', "no tag", f"{theirs.headers['ETag'][:-2]}"):
                refused = await client.request(
                    method, RULES + path, json=body, headers={"If-Match": expected}
                )
                assert refused.status_code == HTTPStatus.PRECONDITION_FAILED, (method, expected)
                assert refused.json()["where"] == "header If-Match"
        assert (tmp_path / "camwire.yaml").read_text() == text
        assert (await client.get(RULES)).headers["ETag"] == theirs.headers["ETag"]
        for expected in (theirs.headers["ETag"], f'"a", W/{theirs.headers["ETag"]}', "*"):
            again = {"loitering": 9.0}
            assert (
                await client.patch(f"{RULES}/yard", json=again, headers={"If-Match": expected})
            ).status_code == HTTPStatus.OK
        back = await client.put(RULES, json=known, headers={"If-Match": theirs.headers["ETag"]})
        assert back.headers["ETag"] == seen

    with_api(tmp_path, play, WITH_RULES)


def test_the_lock_knows_the_file_before_the_server_has_followed_it(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        seen = (await client.get(RULES)).headers["ETag"]
        file = tmp_path / "camwire.yaml"
        file.write_text(WITH_RULES.replace("loitering: 5", "loitering: 6"))
        refused = await client.delete(f"{RULES}/yard", headers={"If-Match": seen})
        assert refused.status_code == HTTPStatus.PRECONDITION_FAILED

    with_api(tmp_path, play, WITH_RULES)


WRONG_ZONE = {"name": "z", "type": "zone", "polygon": [[0, 0], [1, 1], [1, 0], [0, 1]], "cameras": ["gat"]}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "problems"),
    [
        ("POST", "", {**DOOR, "end": [0.1, 0.5]}, 422, ["rule 'door': .*two different points"]),
        ("POST", "", {**DOOR, "name": "yard"}, 422, ["rule 'yard': the name 'yard' is taken"]),
        ("POST", "", {"type": "line"}, 422, ["name is missing", "start is missing", "end is missing"]),
        ("POST", "", {"name": "n", "type": "circle"}, 422, ["rule 'n': .*a rule has a `type`"]),
        ("POST", "", [DOOR], 422, [""]),
        ("PUT", "", DOOR, 422, [""]),
        ("PUT", "", [DOOR, DOOR], 422, ["rule 'door': the name 'door' is taken"]),
        ("PUT", "", [WRONG_ZONE], 422, ["rule 'z': .*cross or touch", "no camera 'gat'; did you mean gate"]),
        ("PUT", "", [{"name": 3}, {**DOOR, "startt": 1}], 422, [r"rules\[0\]: ", "rule 'door': .*startt"]),
        ("PATCH", "/yard", {"polygon": [[0, 0], [1, 1]]}, 422, ["rule 'yard': .*three different points"]),
        ("PATCH", "/yard", {"name": "door"}, 422, ["rule 'door': the name 'door' is taken"]),
        ("PATCH", "/none", {}, 404, []),
        ("DELETE", "/none", None, 404, []),
        ("GET", "/none", None, 404, []),
        ("GET", "/none/heatmap?camera=gate", None, 404, []),
        ("GET", "/yard/heatmap?camera=none", None, 404, []),
        ("GET", "/yard/heatmap?camera=gate", None, 404, []),
        ("POST", "/clear", {"names": ["yard", "none"]}, 404, []),
        ("POST", "/clear", {"name": "yard"}, 422, [""]),
    ],
)
def test_what_is_wrong_is_told_whole_and_changes_nothing(
    tmp_path: Path, method: str, path: str, body: Any, status: int, problems: list[str]
) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        answer = await client.request(method, RULES + path, json=body)
        assert answer.status_code == status, answer.text
        told = answer.json()["problems"]
        assert len(told) >= len(problems)
        for problem in problems:
            assert any(re.search(problem, one) for one in told), (problem, told)

    assert with_api(tmp_path, play, WITH_RULES).read_text() == WITH_RULES


def test_counts_come_with_each_rule_and_start_anew(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        kept = {"counts": {"in": {"person": 3}}, "extra": None, "objects": {}}
        state = {
            "version": 1,
            "prints": {},
            "rules": {"door": {"gate": kept}, "yard": {"gate": kept}},
            "cameras": {},
        }
        server.events.rule_states.received("cpu", RuleState(state=msgspec.msgpack.encode(state)))
        answer = await client.post(f"{RULES}/clear", json={"names": ["door"]})
        assert answer.status_code == HTTPStatus.NO_CONTENT
        assert server.desired.document().cleared_rules == {"door": 1}
        handed = server.events.rule_states.of("cpu")
        assert handed is not None
        rules = msgspec.msgpack.decode(handed.state)["rules"]
        assert (rules["door"]["gate"]["counts"], rules["yard"]["gate"]["counts"]) == ({}, kept["counts"])
        await client.post(f"{RULES}/clear", json={"names": None})
        assert server.desired.document().cleared_rules == {"door": 2, "yard": 1}

        program, epoch = server.hub.join("192.0.2.3"), server.desired.document().stats_epoch
        server.hub.handle(program, '{"type": "clear_stats", "rules": ["yard"]}')
        server.hub.handle(program, '{"type": "clear_stats", "rules": []}')
        assert server.desired.document().cleared_rules == {"door": 2, "yard": 2}
        program.mailbox.take()
        server.hub.handle(program, '{"type": "clear_stats", "rules": ["yard", "none"]}')
        told = json.loads(str(program.mailbox.take()))
        assert told == {"type": "error", "message": "no such rules: 'none'; nothing was cleared"}
        assert server.desired.document().cleared_rules == {"door": 2, "yard": 2}
        assert server.desired.document().stats_epoch == epoch, "all else goes on"
        await client.delete(f"{RULES}/door")
        assert server.desired.document().cleared_rules == {"yard": 2}

    with_api(tmp_path, play, WITH_RULES)


def test_a_heat_map_has_seconds_by_row_and_column(tmp_path: Path) -> None:
    heat = {"name": "heat", "type": "heatmap", "rows": 2, "columns": 3}

    async def play(client: httpx.AsyncClient, server: Server) -> None:
        await client.post(RULES, json=heat)
        path = f"{RULES}/heat/heatmap"
        empty = (await client.get(path, params={"camera": "a/b ü"})).json()
        assert empty == {"rows": 2, "columns": 3, "values": [[0, 0, 0], [0, 0, 0]], "seconds": 0}
        cells = np.array([[0, 1, 2], [3, 0, 0.5]], "<f4").tobytes()
        kept = {"counts": {}, "extra": cells, "objects": {}}
        state = {"version": 1, "prints": {}, "rules": {"heat": {"gate": kept}}, "cameras": {}}
        server.events.rule_states.received("cpu", RuleState(state=msgspec.msgpack.encode(state)))
        told = (await client.get(path, params={"camera": "gate"})).json()
        assert (told["values"], told["seconds"]) == ([[0, 1, 2], [3, 0, 0.5]], 6.5)

    with_api(tmp_path, play)


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


def test_a_camera_that_rules_name_goes_with_them_or_not_at_all(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        await client.patch(f"{RULES}/door", json={"cameras": ["gate", "a/b ü"]})
        gate = "/api/v1/cameras/gate"
        refused = await client.delete(gate)
        assert (refused.status_code, refused.json()["problems"]) == (HTTPStatus.CONFLICT, ["door", "yard"])
        assert (await client.delete(f"{gate}?rules=keep")).status_code == HTTPStatus.CONFLICT
        assert (await client.delete(f"{gate}?rules=drop")).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert len(server.desired.document().cameras) == 2
        assert (await client.delete(f"{gate}?rules=change")).status_code == HTTPStatus.NO_CONTENT
        (door,) = (await client.get(RULES)).json()
        assert (door["name"], door["settings"]["cameras"]) == ("door", ["a/b ü"])

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


def test_hundreds_of_rules_are_one_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once cost the parser three looks at the whole text."""
    many = [
        {"name": f"rule {n}", "type": "line", "start": [0.1, n / 400], "end": [0.9, n / 400]}
        for n in range(300)
    ]

    async def play(client: httpx.AsyncClient, server: Server) -> None:
        assert (await client.put(RULES, json=many)).status_code == HTTPStatus.OK
        moved = [{**rule, "end": [0.8, 0.5]} for rule in many[50:]]
        assert (await client.put(RULES, json=moved)).status_code == HTTPStatus.OK
        assert desired_names(server) == [rule["name"] for rule in moved]

    read = []
    monkeypatch.setattr(editing, "_Read", lambda text: read.append(text) or REAL_READ(text))
    with_api(tmp_path, play)
    assert len(read) == 2


def test_nobody_waits_while_what_was_sent_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        readers: list[threading.Thread] = []

        def watched(read: Callable[..., Any]) -> Callable[..., Any]:
            def reading(*arguments: Any, **settings: Any) -> Any:
                readers.append(threading.current_thread())
                return read(*arguments, **settings)

            return reading

        document = server.configuration.document
        monkeypatch.setattr(document, "parse", watched(document.parse))
        monkeypatch.setattr(rules_room, "parse", watched(rules_room.parse))
        monkeypatch.setattr(rules_room, "checked", watched(rules_room.checked))
        stay = asyncio.ensure_future(asyncio.sleep(0))
        monkeypatch.setattr(server.services.rehearsing, "rehearse", lambda *_: stay)
        monkeypatch.setattr(server.services.probing, "try_camera", lambda *_: stay)
        for method, path, body in [
            ("POST", RULES, DOOR),
            ("PUT", RULES, [DOOR]),
            ("PATCH", f"{RULES}/door", {"colour": "#00FF00"}),
            ("POST", f"{RULES}/dry-run", {"rules": [DOOR], "camera": "gate"}),
            ("POST", f"{RULES}/import", {"nvdsanalytics": "[property]\nenable=1\n", "camera": "gate"}),
            ("POST", "/api/v1/try-camera", {"url": "/x"}),
        ]:
            readers.clear()
            await client.request(method, path, json=body)
            assert readers, path
            assert threading.current_thread() not in readers, (method, path)

    with_api(tmp_path, play)
