"""Settings: who may use the service, and what gets events."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from playwright.sync_api import Browser, expect

from tests.serve.page.site import Service, Visitor, visiting


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[bytes]]]:
    """A webhook's receiver on this machine: its address, and the bodies that came."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/hook/of-a-chat", bodies
        server.shutdown()
        thread.join()


@pytest.mark.long
def test_a_token_is_made_shown_once_and_revoked_and_its_browser_is_logged_out(
    browser: Browser, service: Service, visitor: Visitor
) -> None:
    page = visitor.open("settings/access")
    page.get_by_label("For what").fill("Door")
    page.get_by_label("May", exact=True).select_option("read")
    page.get_by_role("button", name="Make a token").click()
    secret = page.locator(".note.good code")
    expect(secret).to_contain_text("frt_")
    guest = Service(service.base, service.folder, "", secret.inner_text())
    with visiting(browser, guest) as other:
        theirs = other.open("people")
        expect(theirs.get_by_role("link", name="Eileen Collins")).to_be_visible()
        page = visitor.open("settings/health")
        page = visitor.open("settings/access")
        expect(page.get_by_role("listitem").filter(has_text="Door")).to_have_count(2)  # the token, and its browser
        assert guest.token not in page.content()
        page.get_by_role("button", name="Revoke Door").click()
        expect(page.get_by_role("dialog")).to_contain_text("1 browser that logged in with it is logged out.")
        page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        expect(page.locator(".toast")).to_contain_text("Door is revoked.")
        expect(page.get_by_role("listitem").filter(has_text="Door")).to_have_count(0)
        theirs.get_by_role("link", name="Timeline").click()
        expect(theirs.get_by_role("heading", name="Log in")).to_be_visible()


@pytest.mark.long
def test_a_browser_is_logged_out_from_another_one(browser: Browser, service: Service, visitor: Visitor) -> None:
    with visiting(browser, service) as other:
        theirs = other.open("people")
        expect(theirs.get_by_role("link", name="Eileen Collins")).to_be_visible()
        page = visitor.open("settings/access")
        expect(page.get_by_text("this browser")).to_have_count(1)
        page.get_by_role("button", name="Log out all others").click()
        expect(page.locator(".toast")).to_contain_text("logged out.")
        theirs.get_by_role("link", name="Timeline").click()
        expect(theirs.get_by_role("heading", name="Log in")).to_be_visible()


@pytest.mark.long
def test_who_may_only_read_sees_why_settings_are_closed_and_can_log_out(browser: Browser, service: Service) -> None:
    with visiting(browser, service) as admin:
        answer = admin.page.context.request.post(
            f"{service.base}/v1/tokens", data={"name": "reader of settings", "scopes": ["read"]}
        )
        reader = Service(service.base, service.folder, "", answer.json()["secret"])
    with visiting(browser, reader) as visitor:
        page = visitor.open("settings/access")
        expect(page.get_by_role("alert").first).to_contain_text("has not the scope 'admin'")
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()


@pytest.mark.long
def test_a_webhook_is_added_tried_and_removed(visitor: Visitor, receiver: tuple[str, list[bytes]]) -> None:
    address, bodies = receiver
    page = visitor.open("settings/targets")
    expect(page.get_by_role("heading", name="Events go nowhere yet")).to_be_visible()
    page.get_by_role("textbox", name="Address").fill(address)
    page.get_by_label("a camera fails").check()
    page.get_by_label("It is in the local network").check()
    page.get_by_role("button", name="Add it").click()
    secret = page.locator(".note.good code")
    expect(secret).to_contain_text("whsec_")
    line = page.get_by_role("listitem").filter(has_text="Webhook")
    expect(line).to_contain_text("somebody is recognised and a camera fails")
    assert "of-a-chat" not in page.content()  # paths of chat services are secrets
    line.get_by_role("button", name="Send a test").click()
    expect(line.locator(".note.good")).to_be_visible()
    assert len(bodies) == 1
    line.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading", name="Events go nowhere yet")).to_be_visible()
    assert "of-a-chat" not in (visitor.service.folder / "site.yaml").read_text("utf-8")
