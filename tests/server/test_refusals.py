"""Whom the server has sent away is counted by cause, and every metric is in the manual."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from camwire.server.auth import access
from camwire.server.server import Server
from tests.server.api.serving import with_api
from tests.server.auth.test_every_route import as_role, with_tokens

API = "/api/v1"
MANUAL = Path(__file__).resolve().parents[2] / "docs" / "reference" / "metrics.md"


async def told(client: httpx.AsyncClient) -> dict[str, float]:
    """The refusals in `/metrics` that are not 0."""
    text = (await client.get("/metrics", headers=as_role("viewer"))).text
    found = re.findall(r'^camwire_(\w+)_refused_total\{cause="(\w+)"\} ([\d.]+)$', text, re.MULTILINE)
    assert len(found) == 12, "those that are 0 are told, too"
    return {f"{what} {cause}": float(count) for what, cause, count in found if float(count)}


def test_refusals_are_counted_by_cause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "matches", lambda password, known: False)

    async def play(client: httpx.AsyncClient, server: Server) -> None:
        with_tokens(server)
        assert await told(client) == {}
        assert (await client.get(f"{API}/cameras")).status_code == 401
        assert (await client.get(f"{API}/accounts", headers=as_role("viewer"))).status_code == 403
        assert (await client.get("/healthz", headers={"Host": "elsewhere.example"})).status_code == 421
        for _ in range(12):
            await client.post(f"{API}/session", json={"name": "ann", "password": "wrong one"})
        assert await told(client) == {
            "requests login": 1,
            "requests role": 1,
            "requests host": 1,
            "logins wrong": 10,
            "logins too_many": 2,
        }

    with_api(tmp_path, play)


def test_every_metric_is_in_the_manual(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        text = (await client.get("/metrics")).text
        names = {
            name + ("_total" if kind == "counter" and not name.endswith("_total") else "")
            for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE)
        }
        assert len(names) > 20
        assert names == set(re.findall(r"`(camwire_\w+)`", MANUAL.read_text()))

    with_api(tmp_path, play)
