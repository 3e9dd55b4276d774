"""routes.js, session.js: addresses within the page, and who may do what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selenium.webdriver import Chrome

from tests.support.browser import call_module
from tests.viewer.conftest import few

pytestmark = pytest.mark.e2e

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@few
@given(words, st.lists(words, max_size=3), st.dictionaries(words, words, max_size=3))
def test_an_address_leads_back_to_what_it_was_made_of(
    blank: Chrome, page: str, path: list[str], query: dict[str, str]
) -> None:
    body = """
        const route = m.parseRoute(m.routeTo(...a), "live");
        return [route.page, route.path, [...route.query]];
    """
    found_page, found_path, found_query = call_module(blank, "routes.js", body, page, path, query)
    assert (found_page, found_path) == (page, path)
    assert sorted(found_query) == sorted([name, value] for name, value in query.items())


@pytest.mark.parametrize("address", ["", "#", "#/", "#//"])
def test_an_empty_address_is_the_first_page(blank: Chrome, address: str) -> None:
    assert call_module(blank, "routes.js", "return m.parseRoute(a[0], 'live').page", address) == "live"


def test_a_broken_escape_is_taken_as_it_is(blank: Chrome) -> None:
    assert call_module(blank, "routes.js", "return m.parseRoute('#/rules/%zz', 'live').path") == ["%zz"]


def test_who_may_do_what(blank: Chrome) -> None:
    body = """
        const roles = ["viewer", "operator", "admin"];
        const session = (role) => ({ required: true, account: role && { name: "x", role } });
        return [null, ...roles].map((who) => roles.filter((role) => m.may(session(who), role)).length);
    """
    assert call_module(blank, "session.js", body) == [0, 1, 2, 3]
