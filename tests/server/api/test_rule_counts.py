"""What rules have counted, over REST: with each rule, anew, and as a heat map."""

from __future__ import annotations

import json
from http import HTTPStatus
from pathlib import Path

import httpx
import msgspec
import numpy as np

from camwire.link.events import RuleState
from camwire.server.server import Server
from tests.server.api.serving import RULES, WITH_RULES, with_api


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
