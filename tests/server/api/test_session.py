"""Logging in and out over REST: cookies, limits, what becomes of connections that stand."""

from __future__ import annotations

import asyncio
import json
import logging
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from camwire.link.pictures import FrameHeader
from camwire.server.auth import gate, passwords
from camwire.server.auth.gate import LOGGED_OUT
from camwire.server.auth.tries import FOR_ADDRESS
from tests.server.auth.serving import PASSWORD, TLS, Serving, serving
from tests.server.running import close_code, header, text, until

pytestmark = pytest.mark.integration

API = "/api/v1"
SESSION = f"{API}/session"


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


async def login(client: httpx.AsyncClient, name: str = "viewer", password: str = PASSWORD) -> httpx.Response:
    return await client.post(SESSION, json={"name": name, "password": password})


def cookie_of(answer: httpx.Response) -> tuple[str, dict[str, str]]:
    """The name of the one cookie that is set, and its value and attributes."""
    [(name, morsel)] = SimpleCookie(answer.headers["set-cookie"]).items()
    return name, {"value": morsel.value, **{key: str(morsel[key]) for key in morsel}}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b'{"name": "viewer", "password": "x"}'),  # as curl -d sends it
        ("text/plain", b'{"name": "viewer", "password": "x"}'),
        ("application/json", b'{"name": "\xff"}'),
        ("application/json", b"[" * 100_000),
        (None, b""),
    ],
)
def test_a_body_that_is_no_json_is_told_so(tmp_path: Path, kind: str | None, body: bytes) -> None:
    async def test() -> None:
        async with serving(tmp_path, accounts=False) as served, served.client() as client:
            headers = {} if kind is None else {"Content-Type": kind}
            refused = await client.post(SESSION, content=body, headers=headers)
            assert (refused.status_code, refused.json()["where"]) == (422, "body")
            assert "application/json" in refused.json()["todo"]

    asyncio.run(test())


def test_without_accounts_everyone_is_admin(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path, accounts=False) as served, served.client() as client:
            state = (await client.get(SESSION)).json()
            assert state == {"required": False, "account": {"name": "", "role": "admin"}}
            assert (await client.get(f"{API}/cameras")).status_code == 200
            refused = await client.post(f"{API}/tokens", json={"name": "a", "role": "viewer"})
            assert (refused.status_code, "accounts" in refused.json()["what"]) == (409, True)
            first = {"name": "ann", "password": PASSWORD, "role": "admin"}
            wrong = await client.post(f"{API}/accounts", json={**first, "role": "viewer"})
            assert (wrong.status_code, "first account" in wrong.json()["what"]) == (409, True)
            assert (await client.post(f"{API}/accounts", json=first)).status_code == 201
            assert (await client.get(f"{API}/cameras")).status_code == 401, "from now on it asks for logins"
            assert (await client.get(SESSION)).json() == {"required": True, "account": None}

    asyncio.run(test())


def test_a_page_logs_in_and_out(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            assert (await client.get(SESSION)).json() == {"required": True, "account": None}
            answer = await login(client, "operator")
            body = {"required": True, "account": {"name": "operator", "role": "operator"}}
            assert (answer.status_code, answer.json()) == (200, body)
            assert (await client.get(SESSION)).json() == body
            assert (await client.get(f"{API}/cameras")).status_code == 200
            assert (await client.patch(f"{API}/toggles", json={})).status_code == 200
            refused = await client.post(f"{API}/cameras", json={})
            assert (refused.status_code, "role admin" in refused.json()["what"]) == (403, True)
            kept = dict(client.cookies)
            out = await client.delete(SESSION)
            assert (out.status_code, dict(client.cookies)) == (204, {})
            client.cookies.update(kept)
            assert (await client.get(f"{API}/cameras")).status_code == 401, "the session itself has ended"

    asyncio.run(test())


@pytest.mark.parametrize("settings", [(), (TLS,)], ids=["http", "https"])
def test_the_cookie_is_for_this_server_alone_and_no_script_reads_it(
    tmp_path: Path, settings: tuple[str, ...]
) -> None:
    async def test() -> None:
        async with serving(tmp_path, *settings) as served, served.client() as client:
            name, cookie = cookie_of(answer := await login(client))
            tls = bool(settings)
            assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == ("True", "strict", "/")
            assert (cookie["domain"], bool(cookie["secure"]), name.startswith("__Host-")) == ("", tls, tls)
            assert len(cookie["value"]) >= 43
            assert cookie["value"] not in answer.text
            assert ("strict-transport-security" in answer.headers) is tls
            assert answer.headers["cache-control"] == "no-store"
            cleared = cookie_of(await client.delete(SESSION))[1]
            assert (cleared["value"], cleared["max-age"], bool(cleared["secure"])) == ("", "0", tls)
            found = b"".join(path.read_bytes() for path in tmp_path.iterdir())
            assert cookie["value"].encode() not in found, "only its hash is kept"
            assert PASSWORD.encode() not in found

    asyncio.run(test())


def test_a_planted_session_id_is_worth_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            planted = "planted-by-somebody-else-planted-by-somebody"
            client.cookies.set("camwire_session", planted, domain="127.0.0.1", path="/")
            name, cookie = cookie_of(await login(client))
            assert cookie["value"] != planted
            client.cookies.clear()
            answer = await client.get(f"{API}/cameras", headers={"Cookie": f"{name}={planted}"})
            assert answer.status_code == 401
            again = await client.post(
                SESSION,
                json={"name": "admin", "password": PASSWORD},
                headers={"Cookie": f"{name}={cookie['value']}"},
            )
            assert cookie_of(again)[1]["value"] != cookie["value"]
            answer = await client.get(f"{API}/cameras", headers={"Cookie": f"{name}={cookie['value']}"})
            assert answer.status_code == 401, "the session before the login has ended"

    asyncio.run(test())


def test_guessing_is_answered_with_when_to_try_again(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            wrong = [await login(client, "admin", f"guess {n}") for n in range(FOR_ADDRESS.tries)]
            assert {answer.status_code for answer in wrong} == {401}
            unknown = await login(client, "nobody")
            assert wrong[0].json() != unknown.json()
            assert unknown.status_code == 429
            assert 0 < int(unknown.headers["retry-after"]) <= FOR_ADDRESS.seconds
            assert (await login(client, "admin")).status_code == 429

    asyncio.run(test())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'{"name": 3, "password": "x"}',
        b'{"name": "a", "password": "' + b"x" * 2000 + b'"}',
    ],
)
def test_an_odd_login_is_refused_without_repeating_it(tmp_path: Path, body: bytes) -> None:
    async def test() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            answer = await client.post(SESSION, content=body)
            assert answer.status_code == 422
            assert set(answer.json()) == {"what", "where", "todo", "problems"}
            assert "xxx" not in answer.text

    asyncio.run(test())


def test_accounts_and_tokens_are_managed(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            client.headers["Authorization"] = "Bearer admin"
            added = await client.post(
                f"{API}/accounts", json={"name": "eve", "password": PASSWORD, "role": "viewer"}
            )
            assert (added.status_code, added.json()["role"]) == (201, "viewer")
            names = [known["name"] for known in (await client.get(f"{API}/accounts")).json()]
            assert names == ["admin", "eve", "operator", "viewer"]
            changed = await client.patch(f"{API}/accounts/eve", json={"role": "operator"})
            assert changed.json()["role"] == "operator"
            again = await client.post(
                f"{API}/accounts", json={"name": "eve", "password": PASSWORD, "role": "viewer"}
            )
            assert again.status_code == 409
            assert (await client.delete(f"{API}/accounts/eve")).status_code == 204
            assert (await client.delete(f"{API}/accounts/eve")).status_code == 404
            only = await client.delete(f"{API}/accounts/admin")
            assert (only.status_code, "only admin" in only.json()["what"]) == (409, True)
            short = {"name": "x", "password": "short", "role": "viewer"}
            refused = await client.post(f"{API}/accounts", json=short)
            assert (refused.status_code, "short" in refused.text.replace("should", "")) == (422, False)

            made = (await client.post(f"{API}/tokens", json={"name": "new", "role": "viewer"})).json()
            listed = await client.get(f"{API}/tokens")
            assert made["token"] not in listed.text
            assert "new" in [known["name"] for known in listed.json()]
            program = {"Authorization": f"Bearer {made['token']}"}
            assert (await client.get("/metrics", headers=program)).status_code == 200
            basic = httpx.BasicAuth("anything", made["token"])
            assert (await client.get("/metrics", auth=basic)).status_code == 200
            assert (await client.delete(f"{API}/tokens/new")).status_code == 204
            assert (await client.get("/metrics", headers=program)).status_code == 401

    asyncio.run(test())


def test_pages_from_elsewhere_and_foreign_names_get_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            evil = {"Origin": "http://evil.example"}
            answer = await client.post(SESSION, json={"name": "admin", "password": PASSWORD}, headers=evil)
            assert answer.status_code == 403
            for path in ("/", "/healthz", SESSION, "/metrics"):
                answer = await client.get(path, headers={"Host": "evil.example"})
                assert answer.status_code == 421, path
                assert "server.hostnames" in answer.json()["todo"]

    asyncio.run(test())


def connection(served: Serving, token: str | None = None, **headers: str) -> connect:
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return connect(
        served.socket, additional_headers=headers, ssl=served.trusts, max_size=None, compression=None
    )


async def refused_with(opening: connect) -> int:
    with pytest.raises(InvalidStatus) as caught:
        await opening
    return caught.value.response.status_code


@pytest.mark.parametrize("settings", [(), (TLS,)], ids=["ws", "wss"])
def test_a_websocket_needs_a_login_and_shows_pictures(tmp_path: Path, settings: tuple[str, ...]) -> None:
    async def test() -> None:
        async with serving(tmp_path, *settings) as served:
            assert await refused_with(connection(served)) == 401
            assert await refused_with(connection(served, "nonsense")) == 401
            assert await refused_with(connection(served, "viewer", Origin="https://evil.example")) == 403
            if settings:
                clear = served.address.replace("https", "http")
                assert await refused_with(connection(served, "viewer", Origin=clear)) == 403
            async with connection(served, "viewer", Origin=served.address) as socket:
                assert (await text(socket))["type"] == "toggles"
                for number in range(100):
                    jpeg = number.to_bytes(2, "big") * 60_000
                    served.server.hub.publish(of_gate(number), jpeg)
                    received = await asyncio.wait_for(socket.recv(), 30)
                    assert received == b"\x04gate" + jpeg

    asyncio.run(test())


def of_gate(sequence: int) -> FrameHeader:
    return header("gate", sequence=sequence)


async def answered(socket: ClientConnection, message: dict[str, object]) -> dict[str, object]:
    await socket.send(json.dumps(message))
    return await text(socket)


def test_what_changes_something_for_everyone_takes_an_operator_each_time(tmp_path: Path) -> None:
    toggle = {"type": "set_vis_toggle", "toggle": "labels", "enabled": False}

    async def test() -> None:
        async with serving(tmp_path) as served:
            desired = served.server.desired
            async with connection(served, "viewer") as socket:
                await text(socket)
                for message in (toggle, {"type": "clear_stats"}):
                    refused = await answered(socket, message)
                    assert refused["type"] == "error"
                    assert "role operator" in str(refused["message"])
                assert (await answered(socket, {"type": "subscribe"}))["type"] == "subscribed"
                assert desired.toggles["labels"] is True
                assert desired.stats_epoch == 0
            async with connection(served, "operator") as socket:
                await text(socket)
                assert (await answered(socket, toggle))["type"] == "toggles"
                assert desired.toggles["labels"] is False
                served.server.security.access.store.remove_token("operator")
                refused = await answered(socket, {**toggle, "enabled": True})
                assert refused["type"] == "error"
                assert desired.toggles["labels"] is False

    asyncio.run(test())


def test_while_the_accounts_cannot_be_read_a_websocket_changes_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as served, connection(served, "operator") as socket:
            await text(socket)
            file = tmp_path / "accounts.db"
            file.rename(tmp_path / "elsewhere.db")
            file.mkdir()
            refused = await answered(socket, {"type": "clear_stats"})
            assert (refused["type"], refused["message"]) == ("error", "the accounts can't be read")
            assert served.server.desired.stats_epoch == 0

    asyncio.run(test())


def test_connections_end_with_their_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "AGAIN_EVERY", 0.0)

    async def test() -> None:
        async with serving(tmp_path) as served, served.client(timeout=20) as client:
            name, cookie = cookie_of(await login(client))
            hub = served.server.hub
            async with (
                connection(served, Cookie=f"{name}={cookie['value']}") as socket,
                client.stream("GET", f"{API}/cameras/gate/stream.mjpeg") as stream,
            ):
                await text(socket)
                await until(lambda: len(hub.clients) == 2, "both are there")
                parts = stream.aiter_bytes()
                hub.publish(of_gate(1), b"jpeg")
                async with asyncio.timeout(10):
                    while b"jpeg\r\n" not in await anext(parts):
                        pass
                assert isinstance(await asyncio.wait_for(socket.recv(), 30), bytes)
                served.server.security.access.store.change_account("viewer", password_hash="another")
                hub.publish(of_gate(2), b"secret")
                assert await close_code(socket) == LOGGED_OUT
                assert b"secret" not in b"".join([part async for part in parts])
                await until(lambda: not hub.clients, "both are gone")

    asyncio.run(test())


def test_nothing_secret_reaches_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd) -> None:
    caplog.set_level(logging.DEBUG, logger="uvicorn")

    async def test() -> str:
        async with serving(tmp_path) as served, served.client() as client:
            await login(client, "viewer", "my-wrong-password")
            await login(client, "my-password-as-a-name", "x")
            _, cookie = cookie_of(await login(client))
            client.headers["Authorization"] = "Bearer admin"
            made = (await client.post(f"{API}/tokens", json={"name": "new", "role": "viewer"})).json()
            async with connection(served, made["token"]):
                pass
            return f"{cookie['value']} {made['token']}"

    secrets = asyncio.run(test()).split()
    written = caplog.text + "".join(capfd.readouterr())
    assert "login failed" in written
    for secret in (*secrets, PASSWORD, "my-wrong-password", "my-password-as-a-name"):
        assert secret not in written


def test_an_accounts_file_that_breaks_lets_nobody_in(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            store = served.server.security.access.store
            store.close()
            for file in tmp_path.glob("accounts.db*"):
                file.unlink()
            (tmp_path / "accounts.db").write_text("no database any more, just some text in its place")
            answer = await client.get(f"{API}/cameras", headers={"Authorization": "Bearer admin"})
            assert answer.status_code == 503
            assert "log says why" in answer.json()["todo"]
            assert (await client.get("/healthz")).status_code == 200
            assert (await login(client, "admin")).status_code == 503

    asyncio.run(test())


def test_a_proxy_on_this_machine_says_who_its_clients_are(tmp_path: Path) -> None:
    """Guessing is limited by client, and the cookie is one for HTTPS, though the proxy speaks HTTP to us."""

    def through(client: str) -> dict[str, str]:
        return {"Host": "cams.example", "X-Forwarded-For": client, "X-Forwarded-Proto": "https"}

    async def test() -> None:
        async with serving(tmp_path, "hostnames: [cams.example]") as served, served.client() as client:
            for number in range(FOR_ADDRESS.tries + 1):
                guess = {"name": f"name{number}", "password": "guess"}
                answer = await client.post(SESSION, json=guess, headers=through("198.51.100.7"))
            assert answer.status_code == 429
            login = {"name": "viewer", "password": PASSWORD}
            answer = await client.post(SESSION, json=login, headers=through("198.51.100.8"))
            name, cookie = cookie_of(answer)
            assert (name, bool(cookie["secure"])) == ("__Host-camwire_session", True)
            assert "strict-transport-security" in answer.headers

    asyncio.run(test())
