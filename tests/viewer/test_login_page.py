"""Logging in and out, and what a role may not do, with the real server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.support.ui import Select

from tests.support.browser import call_module, set_screen
from tests.support.waiting import wait_for
from tests.viewer.conftest import Playground
from tests.viewer.page import Page

pytestmark = pytest.mark.e2e

ADMIN = {"name": "ana", "password": "correct horse", "role": "admin"}
VIEWER = {"name": "vic", "password": "battery staple", "role": "viewer"}


@pytest.fixture(scope="module")
def guarded() -> Iterator[Playground]:
    """A server that asks for accounts, and knows two."""
    playground = Playground().start()
    try:
        with httpx.Client(base_url=f"{playground.address}/api/v1", timeout=60) as client:
            assert client.post("accounts", json=ADMIN).status_code == 201
            login = {key: ADMIN[key] for key in ("name", "password")}
            assert client.post("session", json=login).status_code == 200
            assert client.post("accounts", json=VIEWER).status_code == 201
        yield playground
    finally:
        playground.stop()


@pytest.fixture
def page(browser: Chrome, guarded: Playground) -> Page:
    """Nobody is logged in."""
    set_screen(browser, 1440, 900)
    browser.get(f"{guarded.address}/healthz")
    browser.delete_all_cookies()
    return Page(browser)


def visit(page: Page, guarded: Playground, place: str) -> None:
    page.browser.get("about:blank")
    page.browser.get(f"{guarded.address}/#/{place}")
    wait_for(lambda: page.shown(".login-form"), "the login page")


def log_in(page: Page, account: dict[str, str], password: str | None = None) -> None:
    page.find("input[name=name]").send_keys(account["name"])
    page.find("input[name=password]").send_keys(password or account["password"], Keys.ENTER)


def test_a_wrong_password_is_told_a_right_one_leads_on(page: Page, guarded: Playground) -> None:
    visit(page, guarded, "system")
    assert page.focused() == "Name"
    assert not page.shown(".navigation")
    log_in(page, ADMIN, "wrong horse")
    wait_for(lambda: "No account has this name and password" in page.find(".login-form").text, "the mistake")
    assert page.focused() == "Password"
    assert page.find("input[name=password]").get_attribute("value") == ""
    page.find("input[name=password]").send_keys(ADMIN["password"], Keys.ENTER)
    wait_for(lambda: page.shown(".system .gauge"), "the page that was wanted")
    assert page.browser.current_url.endswith("#/system")
    assert page.find(".account").text.split()[:2] == ["ana", "admin"]
    page.tab_to("Log out")
    page.press(Keys.ENTER)
    wait_for(lambda: page.shown(".login-form"), "the login page")
    assert httpx.get(f"{guarded.address}/api/v1/system", timeout=60).status_code == 401


def test_a_session_that_ends_leads_to_the_login_and_back(page: Page, guarded: Playground) -> None:
    visit(page, guarded, "system")
    log_in(page, ADMIN)
    wait_for(lambda: page.shown(".system .gauge"), "the page that was wanted")
    page.browser.delete_all_cookies()
    wait_for(lambda: page.shown(".login-form"), "the login page, as soon as the server is asked")
    log_in(page, ADMIN)
    wait_for(lambda: page.shown(".system .gauge"), "the same page again")


def test_a_session_that_ends_leaves_what_is_not_saved(page: Page, guarded: Playground) -> None:
    visit(page, guarded, "rules/cam-1")
    log_in(page, ADMIN)
    drawn = "return document.querySelector('.rules-image')?.naturalWidth"
    wait_for(lambda: page.run(drawn) == 1280, "the camera's picture")
    page.find("[data-kind=heatmap]").click()
    wait_for(lambda: page.find(".saving .primary").is_enabled(), "something to save")
    cookies = {cookie["name"]: cookie["value"] for cookie in page.browser.get_cookies()}
    assert httpx.delete(f"{guarded.address}/api/v1/session", cookies=cookies).status_code == 204
    page.find(".saving .primary").click()
    wait_for(lambda: page.shown("dialog"), "the question")
    wait_for(
        lambda: "You are logged out." in page.text("#banner"), "the connection to be refused", every=0.25
    )
    assert len(page.all("dialog")) == 1, "one question, however often the server refuses"
    assert "You are logged out" in page.text("dialog")
    page.find("dialog button[value=no]").click()
    assert "POST" not in page.text("#page")

    login = {key: ADMIN[key] for key in ("name", "password")}
    call_module(
        page.browser,
        "api.js",
        "await new m.Api(new URL('api/v1/', document.baseURI), () => {}).post('session', a[0])",
        login,
    )
    page.run("if (arguments[0].offsetParent) arguments[0].click()", page.find("#banner button"))
    wait_for(lambda: page.text("#connection") == "Connected", "the connection")
    page.find(".saving .primary").click()
    wait_for(lambda: not page.find(".saving .primary").is_enabled(), "what was not lost to be saved")


def test_what_a_viewer_may_not_do_is_there_and_says_why(page: Page, guarded: Playground) -> None:
    visit(page, guarded, "live")
    log_in(page, VIEWER)
    wait_for(lambda: page.moving_cameras() > 0, "pictures")
    switch = page.find('[data-toggle="labels"]')
    wait_for(lambda: switch.get_attribute("aria-disabled") == "true", "a switch that can't be used")
    assert "needs the role operator; vic is viewer" in page.find("#toggles").get_attribute("title")
    page.find("#statistics-button").click()
    page.find("#clear-button").click()
    wait_for(lambda: "needs the role operator" in page.find("#toasts").text, "the reason")
    page.browser.get(f"{guarded.address}/#/accounts")
    wait_for(lambda: "needs the role admin" in page.find("#page").text, "the reason")


def role_of(guarded: Playground, name: str) -> str:
    login = {"name": name, "password": "another password"}
    answer = httpx.post(f"{guarded.address}/api/v1/session", json=login, timeout=60)
    return str(answer.json()["account"]["role"])


def test_accounts_and_tokens_are_made_changed_and_removed(page: Page, guarded: Playground) -> None:
    visit(page, guarded, "accounts")
    log_in(page, ADMIN)
    wait_for(lambda: "vic" in page.text("#page"), "the accounts")
    accounts, tokens = page.all(".accounts .card")

    def rows(card: Any) -> list[str]:
        script = "return Array.from(arguments[0].querySelectorAll('tbody th'), (cell) => cell.textContent)"
        return list(page.run(script, card))

    def fill(card: Any, name: str, password: str | None, role: str) -> None:
        form = card.find_element("css selector", "form")
        form.find_element("name", "name").send_keys(name)
        if password is not None:
            form.find_element("name", "password").send_keys(password)
        Select(form.find_element("name", "role")).select_by_value(role)
        form.find_element("css selector", "[type=submit]").click()

    def remove(card: Any, name: str) -> None:
        # The page writes its rows anew after every change, so none of them may be held on to.
        page.run(f"arguments[0].querySelector('[aria-label=\"Remove: {name}\"]').click()", card)
        page.find("dialog[open] .primary").click()

    fill(accounts, "vic", "another password", "viewer")
    wait_for(lambda: accounts.find_element("css selector", ".mistake").text, "that the name is taken")
    accounts.find_element("name", "name").clear()
    fill(accounts, "oscar", None, "operator")
    wait_for(lambda: rows(accounts) == ["ana", "oscar", "vic"], "the new account")
    role = accounts.find_element("css selector", '[aria-label="Role of oscar"]')
    Select(role).select_by_value("viewer")
    wait_for(lambda: role_of(guarded, "oscar") == "viewer", "oscar's new role")
    remove(accounts, "oscar")
    wait_for(lambda: rows(accounts) == ["ana", "vic"], "the account is gone")

    fill(tokens, "recorder", None, "viewer")
    wait_for(lambda: tokens.find_elements("css selector", "code"), "the token's text")
    text = tokens.find_element("css selector", "code").text
    url = f"{guarded.address}/api/v1/system"
    assert httpx.get(url, headers={"Authorization": f"Bearer {text}"}, timeout=60).status_code == 200
    remove(tokens, "recorder")
    wait_for(lambda: rows(tokens) == [], "the token is gone")
    assert httpx.get(url, headers={"Authorization": f"Bearer {text}"}, timeout=60).status_code == 401


def test_the_login_leads_nowhere_else(blank: Chrome) -> None:
    wanted = ["#/events?kind=in", "#/login", "https://elsewhere.test", "javascript:alert(1)", "//x", None]
    body = "return a[0].map((next) => m.safeNext(next))"
    found = call_module(blank, "pages/login.js", body, wanted)
    assert found == ["#/events?kind=in", "#/", "#/", "#/", "#/", "#/"]


def test_after_too_many_tries_the_page_counts_down(blank: Chrome) -> None:
    body = """
        const { ApiError } = await import(new URL("scripts/api.js", document.baseURI));
        const root = document.createElement("div");
        const refusal = new ApiError(429, { what: "too many tries", todo: "Wait." }, 40);
        const api = { post: () => Promise.reject(refusal) };
        document.body.replaceChildren(root);
        const page = m.mount(root, { api }, { query: new URLSearchParams() });
        for (const input of root.querySelectorAll("input")) input.value = "x";
        root.querySelector("form").requestSubmit();
        const button = root.querySelector("[type=submit]");
        while (!button.textContent.includes("(in")) await new Promise(requestAnimationFrame);
        page.unmount();
        return [button.disabled, button.textContent, root.querySelector(".mistake").textContent];
    """
    disabled, words, mistake = call_module(blank, "pages/login.js", body)
    assert disabled
    assert words == "Log in (in 40 s)"
    assert mistake == "Too many tries. Wait."
