from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.serve.page.site import Service, Visitor, visiting

CARD = ".cluster"


@pytest.mark.long
def test_somebody_unknown_gets_a_name_in_five_keys_and_loses_it_by_one(visitor: Visitor) -> None:
    page = visitor.open("unknown")
    expect(page.locator(CARD)).to_have_count(1)
    expect(page.locator(CARD)).to_be_focused()
    expect(page.locator(CARD)).to_contain_text("entrance.mp4")
    expect(page.locator(CARD)).to_contain_text(re.compile(r"closest: .+ 0\.\d\d, wanted 0\.\d\d"))
    assert page.locator(f"{CARD} img").first.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    press(page, "n", "e", "i")
    expect(page.get_by_role("option").first).to_have_text("Eileen Collins")
    expect(page.locator("#name-change")).to_contain_text(re.compile(r"gets? this name.*Enter takes Eileen Collins"))
    press(page, "Enter")
    expect(page.get_by_role("status").last).to_contain_text("Named Eileen Collins: ")
    expect(page.get_by_role("heading", name="Nobody unknown")).to_be_visible()
    press(page, "z")
    expect(page.locator(CARD)).to_have_count(1)


@pytest.mark.long
def test_a_card_is_ignored_and_taken_back(visitor: Visitor) -> None:
    page = visitor.open("unknown")
    expect(page.locator(CARD)).to_be_focused()
    press(page, "i")
    expect(page.get_by_role("heading", name="Nobody unknown")).to_be_visible()
    page.get_by_role("button", name="Ignored").click()
    expect(page.locator(CARD)).to_have_count(1)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Nobody is ignored")).to_be_visible()


@pytest.mark.long
def test_two_browsers_see_what_the_other_one_did(browser: Browser, service: Service, visitor: Visitor) -> None:
    first = visitor.open("unknown")
    expect(first.locator(CARD)).to_be_focused()
    with visiting(browser, service) as other:
        second = other.open("unknown")
        expect(second.locator(CARD)).to_be_focused()
        press(first, "x")
        expect(first.get_by_role("heading", name="Nobody unknown")).to_be_visible()
        second.evaluate("dispatchEvent(new Event('focus'))")
        expect(second.get_by_role("heading", name="Nobody unknown")).to_be_visible()
        other.no_problems()
    press(first, "z")
    expect(first.locator(CARD)).to_have_count(1)


def press(page: Page, *keys: str) -> None:
    """Press keys, one after the other, as fast as a hand can."""
    for key in keys:
        page.keyboard.press(key)
