from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from recognizer.demo.demo_clip import MEDIA
from tests.serve.page.site import Service, Visitor, copy_site, serving


@pytest.fixture(scope="module")
def service(seen_site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of this module's own, as people are added and renamed."""
    with serving(copy_site(seen_site, tmp_path_factory.mktemp("people") / "site")) as service:
        yield service


DROP = """(place, data) => {
    const transfer = new DataTransfer();
    const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
    transfer.items.add(new File([bytes], "dropped.jpg", {type: "image/jpeg"}));
    for (const type of ["dragover", "drop"]) {
        place.dispatchEvent(new DragEvent(type, {bubbles: true, cancelable: true, dataTransfer: transfer}));
    }
}"""
SMALL_PX = 100
"""Height of a portrait whose eyes are 14 px apart: weak, and enrolled where there is no better one."""
NASTY = '<script>alert(1)<script> & O\'Neil "x"'


@pytest.mark.long
def test_a_person_is_added_by_upload_and_a_photo_without_a_face_is_refused_with_the_reason(visitor: Visitor) -> None:
    page = add_person(visitor, NASTY, portrait("grace_hopper.jpg"), without_a_face())
    expect(page.get_by_role("dialog")).to_contain_text("1 photo counts.")
    expect(page.get_by_role("dialog")).to_contain_text("empty.jpg")
    page.get_by_role("button", name="Done").click()
    card = page.get_by_role("link", name=NASTY)
    expect(card.locator("img")).to_be_visible()
    card.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(NASTY)
    expect(page.locator(".photo img")).to_be_visible()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("People")
    expect(page.get_by_role("link", name=NASTY)).to_have_count(0)


@pytest.mark.long
def test_nobody_is_enrolled_when_no_photo_can_be_used(visitor: Visitor) -> None:
    page = add_person(visitor, "Nobody", without_a_face())
    expect(page.get_by_role("dialog")).to_contain_text("No photo could be used")
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("2 people")).to_be_visible()


@pytest.mark.long
def test_two_people_who_are_one_are_merged_and_parted_again(visitor: Visitor) -> None:
    page = visitor.open("people/Eileen%20Collins")
    page.get_by_role("button", name="Merge").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox", name="Who is it really?").fill("Bar")
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("become those of Barack Obama")
    dialog.get_by_role("button", name="Merge").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Barack Obama")
    expect(page.locator(".photo")).to_have_count(3)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".toast").last).to_contain_text("Taken back.")
    visitor.open("people")
    expect(page.get_by_role("link", name="Eileen Collins")).to_be_visible()


@pytest.mark.long
def test_a_person_is_renamed_and_the_address_follows(visitor: Visitor) -> None:
    page = visitor.open("people/Eileen%20Collins")
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("New name").fill("Eileen Marie Collins")
    page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Eileen Marie Collins")
    assert page.url.endswith("#/people/Eileen%20Marie%20Collins")


@pytest.mark.long
def test_the_webcam_gives_hints(visitor: Visitor) -> None:
    page = visitor.open("people?add=1")
    page.get_by_role("button", name="This computer's camera").click()
    expect(page.locator(".webcam-hint")).to_have_text("No face is seen: look into the camera")
    page.get_by_role("button", name="Take a photo").click()
    expect(page.locator(".strip li")).to_have_count(1)


@pytest.mark.long
def test_somebody_is_hidden_and_shown_again(visitor: Visitor) -> None:
    page = visitor.open("people/Barack%20Obama")
    page.get_by_role("button", name="Hide").click()
    expect(page.get_by_role("dialog")).to_contain_text("is recognised as before")
    page.get_by_role("dialog").get_by_role("button", name="Hide").click()
    expect(page.locator(".toast").last).to_contain_text("Barack Obama is hidden.")
    page.get_by_role("link", name="All people").click()
    expect(page.get_by_text("1 person", exact=True)).to_be_visible()
    page.get_by_label("with 1 who is hidden").check()
    page.get_by_role("link", name="Barack Obama").click()
    page.get_by_role("button", name="Show again").click()
    page.get_by_role("dialog").get_by_role("button", name="Show again").click()
    visitor.open("people")
    expect(page.get_by_text("2 people")).to_be_visible()


@pytest.mark.long
def test_a_photo_shows_its_figures_and_what_was_wanted_where_it_falls_short(visitor: Visitor) -> None:
    page = visitor.open("people/Barack%20Obama")
    good = page.locator(".photo").first
    expect(good).to_contain_text(re.compile(r"\d{2,3} px between the eyes · sharpness \d+ · turned \d+° · tilted \d+°"))
    expect(good).to_contain_text("counts, no warning")
    image = Image.open(MEDIA / "barack_obama_2010.jpg")
    image.thumbnail((SMALL_PX, SMALL_PX))
    data = io.BytesIO()
    image.save(data, "PNG")
    page = add_person(visitor, "Small", {"name": "small.png", "mimeType": "image/png", "buffer": data.getvalue()})
    page.get_by_role("button", name="Done").click()
    visitor.open("people/Small")
    expect(page.locator(".photo")).to_contain_text(
        re.compile(r"1\d px between the eyes · .*1\d px between the eyes, wanted 20")
    )
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("2 people")).to_be_visible()


@pytest.mark.long
def test_photos_are_dropped_and_people_who_look_alike_stand_side_by_side(visitor: Visitor) -> None:
    page = visitor.open("people?add=1")
    page.get_by_role("combobox", name="Name").fill("Double")
    data = base64.b64encode((MEDIA / "barack_obama_2010.jpg").read_bytes()).decode()
    page.locator(".drop").evaluate(DROP, data)
    expect(page.locator(".strip li")).to_have_count(1)
    page.get_by_label("The person agreed to be recognised").check()
    page.get_by_role("button", name="Add 1 photo").click()
    expect(page.get_by_role("dialog")).to_contain_text("1 photo counts.")
    page.get_by_role("button", name="Done").click()
    page.get_by_role("link", name="Who looks alike").click()
    pair = page.locator(".pair")
    expect(pair.locator(".pair-person")).to_have_count(2)
    expect(pair).to_contain_text("Double")
    expect(pair).to_contain_text("Barack Obama")
    visitor.open("people/Double")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("2 people")).to_be_visible()


@pytest.mark.long
def test_somebody_is_deleted_with_what_was_seen(visitor: Visitor) -> None:
    page = visitor.open("people/Barack%20Obama")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("dialog").get_by_label("Also forget what was seen").check()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator(".toast")).to_contain_text(re.compile(r"Barack Obama is deleted, with \d sightings?\."))
    visitor.open("timeline")
    expect(page.locator(".chart-bar")).to_have_count(1)
    expect(page.get_by_role("row", name="Barack Obama")).to_have_count(0)


def add_person(visitor: Visitor, name: str, *photos: FilePayload) -> Page:
    """Fill in the form for a new person and send it."""
    page = visitor.open("people")
    page.get_by_role("link", name="Add a person").first.click()
    page.get_by_role("combobox", name="Name").fill(name)
    page.set_input_files("input[type=file]", photos)
    page.get_by_label("The person agreed to be recognised").check()
    page.get_by_role("button", name=f"Add {len(photos)} photo").click()
    return page


def portrait(name: str) -> FilePayload:
    """Take one of the demonstration's portraits."""
    return {"name": name, "mimeType": "image/jpeg", "buffer": (MEDIA / name).read_bytes()}


def without_a_face() -> FilePayload:
    """Make a picture of an empty wall."""
    wall = np.random.default_rng(0).normal(128, 8, (300, 300, 3)).clip(0, 255).astype(np.uint8)
    return {"name": "empty.jpg", "mimeType": "image/jpeg", "buffer": cv2.imencode(".jpg", wall)[1].tobytes()}
