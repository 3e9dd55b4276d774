"""The OpenAPI description: complete, true, and shown by a page that loads nothing from elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from camwire.server.server import Server
from tests.server.api.serving import TEXT, with_api

API = "/api/v1"


@pytest.fixture(scope="module")
def description(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    found: dict[str, Any] = {}

    async def play(client: httpx.AsyncClient, server: Server) -> None:
        found.update((await client.get(f"{API}/openapi.json")).json())

    with_api(tmp_path_factory.mktemp("description"), play)
    return found


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(item)


def operations(description: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_operation_is_described(description: dict[str, Any]) -> None:
    assert len(operations(description)) >= 16
    for path, method, operation in operations(description):
        assert operation["description"], (method, path)
        assert operation["tags"], (method, path)
    assert "CameraConfig" in description["components"]["schemas"]


def test_every_reference_leads_somewhere(description: dict[str, Any]) -> None:
    for node in nodes(description):
        if isinstance(reference := node.get("$ref"), str):
            assert reference.removeprefix("#/components/schemas/") in description["components"]["schemas"]


def test_the_page_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        assert (await client.get(f"{API}/docs")).headers["location"] == f"{API}/docs/"
        page = await client.get(f"{API}/docs/")
        assert page.headers["content-type"].startswith("text/html")
        assert "default-src 'self'" in page.headers["content-security-policy"]
        for name in re.findall(r'(?:src|href)="([^"]+)"', page.text):
            assert "//" not in name
            assert (await client.get(f"{API}/docs/{name}")).status_code == 200, name
        assert "<style" not in page.text
        assert not re.search(r"<script[^>]*>[^<]", page.text), "the policy forbids inline scripts"

    with_api(tmp_path, play)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = ["id", "url", "name", "enabled", "latency_ms", "labels", "classes", "per_class", "score_threshold"]
BODIES = st.one_of(
    st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4).map(lambda body: json.dumps(body).encode()),
    JSON.map(lambda body: json.dumps(body).encode()),
    st.binary(max_size=40),
)
IDS = st.one_of(st.sampled_from(["gate", "a/b ü"]), st.text(min_size=1, max_size=8))


@settings(
    max_examples=3,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.tuples(st.integers(0, 999), BODIES, IDS), min_size=20, max_size=20))
def test_whatever_is_sent_the_answer_is_one_that_is_described(
    tmp_path: Path, requests: list[tuple[int, bytes, str]]
) -> None:
    """Any operation with any body; what waits for a worker is tested by itself."""

    async def play(client: httpx.AsyncClient, server: Server) -> None:
        description = (await client.get(f"{API}/openapi.json")).json()
        known = [
            (path, method, operation)
            for path, method, operation in operations(description)
            if "try-camera" not in path and "pictures" not in operation["tags"]
        ]
        calls = [(*known[number % len(known)], body, camera) for number, body, camera in requests]
        for path, method, operation, body, camera in calls:
            url = API + path.replace("{camera_id}", quote(camera, safe=""))
            answer = await client.request(method, url, content=body)
            described = operation["responses"].get(str(answer.status_code))
            if described is None:
                assert 400 <= answer.status_code < 500, (method, path, body, answer.text)
                assert set(answer.json()) == {"what", "where", "todo", "problems"}
            elif answer.status_code != 204:
                assert answer.headers["content-type"].split(";")[0] in described["content"]
            assert "sesame" not in answer.text

    with_api(tmp_path, play, TEXT)


def test_a_path_that_no_route_can_match_is_answered_like_any_other(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        for path in (f"{API}/cameras/{quote('a' + chr(10), safe='')}", f"{API}/no/such", "/no/such/file"):
            answer = await client.get(path)
            assert answer.status_code == 404
            assert set(answer.json()) == {"what", "where", "todo", "problems"}

    with_api(tmp_path, play)
