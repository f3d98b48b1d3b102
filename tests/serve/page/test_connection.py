from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from recognizer.serve.access.store import AccessStore
from tests.serve.page.site import Service, Visitor, visiting


@pytest.mark.long
def test_the_page_says_that_the_service_is_away_and_goes_on_by_itself(visitor: Visitor) -> None:
    page = visitor.open("people")
    expect(page.get_by_role("link", name="Eileen Collins")).to_be_visible()
    page.context.set_offline(True)
    page.get_by_role("link", name="Timeline").click()
    expect(page.locator(".banner")).to_contain_text("has not answered since")
    page.context.set_offline(False)
    expect(page.locator(".banner")).to_have_count(0)
    expect(page.get_by_role("cell", name="Eileen Collins")).to_be_visible()


@pytest.mark.long
def test_a_revoked_token_ends_the_session_of_its_browser(browser: Browser, service: Service) -> None:
    store = AccessStore(service.folder / "service")
    guest = Service(service.base, service.folder, "", store.create_token("guest", ["read"]))
    with visiting(browser, guest) as visitor:
        page = visitor.open("people/Eileen%20Collins")
        expect(page.locator(".photo img")).to_be_visible()
        store.revoke("guest")
        page.get_by_role("link", name="All people").click()
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        page.get_by_label("Login code or token").fill(service.token)
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("link", name="Eileen Collins")).to_be_visible()
    store.close()


def test_who_may_only_read_sees_what_is_missing(browser: Browser, service: Service) -> None:
    store = AccessStore(service.folder / "service")
    reader = Service(service.base, service.folder, "", store.create_token("reader", ["read"]))
    store.close()
    with visiting(browser, reader) as visitor:
        page = visitor.open("unknown")
        expect(page.locator(".cluster")).to_be_focused()
        page.keyboard.press("i")
        expect(page.locator(".toast.bad")).to_contain_text("has not the scope 'review'")
        expect(page.locator(".cluster")).to_have_count(1)
