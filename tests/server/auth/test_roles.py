"""Which role a request takes, by value; test_every_route.py shows that no route is forgotten."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.server.auth.roles import ROLES, includes, needed_role

API = "/api/v1"


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("GET", "/healthz", None),
        ("GET", "/readyz", None),
        ("GET", f"{API}/session", None),
        ("POST", f"{API}/session", None),
        ("DELETE", f"{API}/session", None),
        ("GET", "/scripts/main.js", None),
        ("GET", "/scripts/other.js", "viewer"),
        ("GET", "/metrics", "viewer"),
        ("GET", "/ws", "viewer"),
        ("GET", f"{API}/docs/", "viewer"),
        ("GET", f"{API}/openapi.json", "viewer"),
        ("GET", f"{API}/cameras/a/b/stream.mjpeg", "viewer"),
        ("HEAD", f"{API}/cameras", "viewer"),
        ("POST", f"{API}/cameras/a/b/enable", "operator"),
        ("POST", f"{API}/cameras/a/disable", "operator"),
        ("POST", f"{API}/cameras/a/save", "operator"),
        ("POST", f"{API}/cameras/a/clip", "operator"),
        ("PATCH", f"{API}/toggles", "operator"),
        ("DELETE", f"{API}/statistics", "operator"),
        ("PUT", f"{API}/rules", "operator"),
        ("POST", f"{API}/rules/dry-run", "operator"),
        ("DELETE", f"{API}/rules/a\nb", "operator"),
        ("POST", f"{API}/cameras", "admin"),
        ("POST", f"{API}/cameras/enable", "admin"),
        ("PATCH", f"{API}/cameras/enable", "admin"),
        ("DELETE", f"{API}/cameras/a/save", "admin"),
        ("PATCH", f"{API}/model", "admin"),
        ("POST", f"{API}/try-camera", "admin"),
        ("POST", f"{API}/configuration/reload", "admin"),
        ("GET", f"{API}/accounts", "admin"),
        ("GET", f"{API}/tokens", "admin"),
        ("DELETE", f"{API}/tokens/a", "admin"),
        ("POST", "/scripts/main.js", "admin"),
        ("POST", "/healthz", "admin"),
        ("POST", f"{API}/sessions", "admin"),
        ("POST", f"{API}/session/", "admin"),
        ("PROPFIND", "/", "admin"),
    ],
)
def test_the_role_of_each_kind_of_request(method: str, path: str, role: str | None) -> None:
    assert needed_role(method, path, {"/", "/scripts/main.js"}) == role


@given(st.text(), st.text())
def test_what_is_not_known_is_open_to_nobody(method: str, path: str) -> None:
    assert needed_role(method, f"/unknown{path}") in ("viewer", "admin")
    assert needed_role("POST", f"/unknown{path}") == "admin"


def test_each_role_may_do_what_those_before_it_may() -> None:
    for place, role in enumerate(ROLES):
        assert [includes(role, needed) for needed in ROLES] == [index <= place for index in range(len(ROLES))]
