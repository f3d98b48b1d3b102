from __future__ import annotations

from importlib import resources
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.serve.page.site import Service, Visitor, visiting

VIEWS = {
    "live": "Live",
    "unknown": "Unknown people",
    "people": "People",
    "people/Eileen%20Collins": "Eileen Collins",
    "people?add=1": "People",
    "people?tab=alike": "People",
    "timeline": "Timeline",
    "timeline/search": "Timeline",
    "timeline/reports": "Timeline",
    "trust": "Trust",
    "trust/calibrate": "Trust",
    "trust/replay": "Trust",
    "settings": "Settings",
    "settings/cameras/add": "Settings",
    "settings/keeping": "Settings",
    "settings/targets": "Settings",
    "settings/health": "Settings",
    "settings/access": "Settings",
    "settings/boxes": "Settings",
    "settings/log": "Settings",
}
"""Address and heading of each view."""
CUT = """() => [...document.querySelectorAll("main *, dialog *")].filter((part) => part.checkVisibility()
    && !part.closest(".heard, thead") && !part.matches("input, select, .clip")
    && getComputedStyle(part).overflowX !== "visible"
    && part.scrollWidth > part.clientWidth + 1).map((part) => part.outerHTML.slice(0, 120))"""
"""What shows less than it holds. Heads of tables are only heard where rows are cards; names that are cut with an
ellipsis are whole in their title."""
AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")


@pytest.mark.long
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_view(browser: Browser, service: Service, theme: str) -> None:
    found = {}
    with visiting(browser, service, color_scheme=theme, reduced_motion="reduce") as visitor:
        for address, heading in VIEWS.items():
            page = show(visitor, address, heading)
            found[address] = serious(page)
        visitor.no_problems()
    assert {address: problems for address, problems in found.items() if problems} == {}


@pytest.mark.long
def test_nothing_is_wider_than_a_phone_or_cut_off_there(browser: Browser, service: Service) -> None:
    wide, cut = {}, {}
    with visiting(browser, service, viewport={"width": 360, "height": 740}) as visitor:
        for address, heading in VIEWS.items():
            page = show(visitor, address, heading)
            wide[address] = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            cut[address] = page.evaluate(CUT)
    assert {address: px for address, px in wide.items() if px > 0} == {}
    assert {address: parts for address, parts in cut.items() if parts} == {}


@pytest.mark.long
def test_the_login_page_passes_axe_and_refuses_a_wrong_token(browser: Browser, service: Service) -> None:
    page = browser.new_page()
    page.goto(service.base)
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    assert serious(page) == []
    page.get_by_label("Login code or token").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("unknown, used or expired")
    page.get_by_label("Login code or token").fill(service.token)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Live")).to_be_visible()
    page.close()


@pytest.mark.long
def test_without_recognition_the_page_says_that_there_are_no_cameras(visitor: Visitor) -> None:
    page = visitor.open("live")
    expect(page.get_by_role("heading", name="No cameras here")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.long
def test_the_colours_are_chosen_and_kept(visitor: Visitor) -> None:
    page = visitor.open("people")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    button = page.get_by_role("button", name="Colours")
    button.click()
    button.click()
    expect(button).to_contain_text("Dark")
    assert page.evaluate(ground) != light
    page.reload()
    expect(page.get_by_role("button", name="Colours")).to_contain_text("Dark")


def show(visitor: Visitor, address: str, heading: str) -> Page:
    """Open a view and wait until what it shows has come."""
    page = visitor.open(address)
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    expect(page.locator(".loading")).to_have_count(0)
    return page


def serious(page: Page) -> list[Any]:
    """Return what axe-core calls serious or critical: rule, and the first place."""
    page.evaluate(AXE)
    result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        (violation["id"], violation["nodes"][0]["html"][:200], violation["nodes"][0]["failureSummary"][:300])
        for violation in result["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
