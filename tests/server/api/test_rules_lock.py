"""Changes of rules that hold only while nobody else has changed them: ``ETag`` and ``If-Match``."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

import httpx

from camwire.server.server import Server
from tests.server.api.serving import DOOR, RULES, WITH_RULES, with_api


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
