"""Rules over REST: what is answered, what then runs, what stands in the file."""

from __future__ import annotations

import re
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest

from camwire.server.server import Server
from tests.server.api.serving import DOOR, RULES, TEXT, WITH_RULES, desired_names, with_api

YARD = {"name": "a/b ü 🚗 $x", "type": "zone", "polygon": [[0, 0], [1, 0], [1, 1]], "cameras": ["gate"]}
WRONG_ZONE = {"name": "z", "type": "zone", "polygon": [[0, 0], [1, 1], [1, 0], [0, 1]], "cameras": ["gat"]}


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
