from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from recognizer.demo.demo_clip import MEDIA
from tests.serve.page.site import Visitor


@pytest.mark.long
def test_a_sighting_is_opened_its_name_rejected_and_that_taken_back(visitor: Visitor) -> None:
    page = visitor.open("timeline")
    expect(page.locator(".chart-bar")).to_have_count(2)
    row = page.get_by_role("row", name="Barack Obama")
    row.get_by_role("button", name="Details").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(re.compile(r"Barack Obama 0\.\d\d, wanted 0\.\d\d"))
    dialog.get_by_role("button", name="This is not Barack Obama").click()
    expect(page.locator(".toast")).to_contain_text("Rejected: this is not Barack Obama.")
    expect(row).to_have_count(0)
    visitor.open("trust")
    expect(page.get_by_text("Counted: 1 name was rejected")).to_be_visible()
    page.locator(".toast").get_by_role("button", name="Undo").click()
    visitor.open("timeline")
    expect(row).to_have_count(1)


@pytest.mark.long
def test_a_picture_finds_where_its_face_was_seen(visitor: Visitor) -> None:
    page = visitor.open("timeline/search")
    page.set_input_files("input[type=file]", MEDIA / "grace_hopper.jpg")
    expect(page.locator(".hit-card").first).to_contain_text("Unknown")
    expect(page.locator(".hit-card").first).to_contain_text("entrance.mp4")


@pytest.mark.long
def test_a_report_shows_the_day_and_is_downloaded(visitor: Visitor) -> None:
    page = visitor.open("timeline/reports")
    expect(page.get_by_role("cell", name="Eileen Collins")).to_be_visible()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="CSV").click()
    text = downloading.value.path().read_text("utf-8")
    assert "Eileen Collins" in text


@pytest.mark.long
def test_a_replay_says_what_another_threshold_would_change(visitor: Visitor) -> None:
    page = visitor.open("trust/replay")
    page.get_by_label("Similarity for a name").fill("0.99")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name=re.compile("sightings? would change"))).to_be_visible()
    expect(page.locator(".change").first).to_contain_text("→ Unknown")
