from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from recognizer.demo.demo_clip import MEDIA
from tests.serve.page.camera import camera
from tests.serve.page.site import Service, Visitor, make_empty_site, serving, watching

PASSWORD = "s3cret-of-the-camera"  # noqa: S105 - of no camera


@pytest.fixture
def camera_address(seen_site: Path) -> Iterator[str]:
    with camera(seen_site / "entrance.mp4") as address:
        yield address


@pytest.fixture
def empty_service(browser: Browser, tmp_path: Path) -> Iterator[Service]:
    """The whole service, with recognition, over a site where there is nothing yet."""
    with serving(make_empty_site(tmp_path / "site"), cameras=True) as service:
        yield service


@pytest.mark.long
def test_an_empty_installation_leads_to_the_first_name(
    browser: Browser, empty_service: Service, camera_address: str
) -> None:
    with watching(browser, empty_service) as visitor:
        page = visitor.page
        page.goto(empty_service.login)
        expect(page.get_by_role("heading", name="Three steps to the first name")).to_be_visible()
        add_camera(page, camera_address)
        visitor.open("live")
        expect(page.locator(".steps .done")).to_contain_text("Add a camera")
        add_person(page)
        tile = page.locator(".tile")
        expect(tile.locator(".chip.accent")).to_have_text("Barack Obama", timeout=60_000)
        expect(page.locator(".events")).to_contain_text("was recognised")
        assert cut_off(page) == []
        assert shows_a_picture(page)
        choose_the_face(visitor)
        assert PASSWORD not in page.content()
        visitor.no_problems()
    assert PASSWORD not in (empty_service.folder / "site.yaml").read_text("utf-8")


def add_camera(page: Page, address: str) -> None:
    """Add a camera with a part of its picture, and look at the test picture first."""
    page.locator(".steps").get_by_role("link", name="Add a camera").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Address").fill(address)
    dialog.get_by_label("User").fill("viewer")
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_label("Name").fill("Entrance")
    picture = dialog.locator(".region canvas")
    for _ in range(3):  # a busy machine may not connect within the service's 10 s; the page says so
        dialog.get_by_role("button", name="Get a test picture").click()
        expect(picture.or_(dialog.get_by_role("alert"))).to_be_visible()
        if picture.is_visible():
            break
    expect(picture).to_be_visible()
    picture.hover(position={"x": 15, "y": 15})
    page.mouse.down()
    box = picture.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] - 1, box["y"] + box["height"] * 0.95, steps=3)
    page.mouse.up()
    expect(dialog.get_by_label("Bottom")).to_have_value("95")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Entrance", exact=True)).to_be_visible()
    page.get_by_role("link", name="Change").click()
    expect(dialog.get_by_label("Password")).to_have_value("")
    expect(dialog).to_contain_text("A password is stored.")
    dialog.get_by_role("button", name="Cancel").click()


def add_person(page: Page) -> None:
    """Add the person whom the camera will see."""
    page.locator(".steps").get_by_role("link", name="Add a person").click()
    page.get_by_role("combobox", name="Name").fill("Barack Obama")
    page.set_input_files("input[type=file]", [MEDIA / "barack_obama_2009.jpg", MEDIA / "barack_obama_2012.jpg"])
    page.get_by_label("The person agreed to be recognised").check()
    page.get_by_role("button", name="Add 2 photos").click()
    expect(page.get_by_role("dialog")).to_contain_text("2 photos count.")
    page.get_by_role("button", name="Done").click()
    page.get_by_role("link", name="Live").click()


def choose_the_face(visitor: Visitor) -> None:
    """Show the camera large and choose a face in the moving picture."""
    page = visitor.open("live/Entrance")
    expect(page.locator(".large img")).to_have_js_property("complete", False)  # it goes on and on
    page.locator(".hit").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()


def cut_off(page: Page) -> list[str]:
    """Return the lines of events whose reason does not fit."""
    lines: list[str] = page.locator(".event .small").evaluate_all(
        "lines => lines.filter(line => line.scrollWidth > line.clientWidth).map(line => line.textContent)"
    )
    return lines


def shows_a_picture(page: Page) -> bool:
    """Say whether the tile's canvas has something else than nothing in its middle."""
    middle = "canvas => [...canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data]"
    return bool(page.locator(".tile canvas").evaluate(middle) != [0, 0, 0, 0])
