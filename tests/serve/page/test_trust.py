"""Trust: a budget is tried and used, and a replay is applied and taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.serve.page.site import Service, Visitor, copy_site, serving

JOB_MS = 150_000
"""Longest wait for a calibration or a replay on a busy machine."""


@pytest.fixture(scope="module")
def service(seen_site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of this module's own, as thresholds change."""
    with serving(copy_site(seen_site, tmp_path_factory.mktemp("trust") / "site")) as service:
        yield service


@pytest.mark.long
def test_a_budget_is_chosen_its_cost_seen_used_and_taken_back(visitor: Visitor) -> None:
    page = visitor.open("trust/calibrate")
    page.get_by_label("One a week").check()
    page.get_by_label("Strangers a day").fill("20")
    page.get_by_role("button", name="Measure", exact=True).click()
    expect(page.get_by_role("heading", name="What 1 wrong name per camera-week costs")).to_be_visible(timeout=JOB_MS)
    expect(page.get_by_role("row", name="Similarity for a name")).to_contain_text(re.compile(r"0\.\d\d"))
    expect(page.get_by_role("row", name="Wrong names, a camera and month")).to_be_visible()
    expect(page.get_by_role("heading", name="stranger of the last 30 days")).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("sightings of the last 7 days would change"))).to_be_visible()
    page.locator(".pick-item").first.get_by_role("checkbox").check()
    page.get_by_role("button", name="Measure without this one").click()
    page.get_by_role("button", name="Use these thresholds").click(timeout=JOB_MS)
    expect(page.get_by_role("heading", name="stranger of the last 30 days")).to_have_count(0)
    page.get_by_role("dialog").get_by_role("button", name="Use these thresholds").click()
    expect(page.locator(".toast")).to_contain_text("It counts at once")
    expect(page.get_by_text("The budget is 1 wrong name per camera-week.")).to_be_visible()
    visitor.open("trust")
    expect(page.get_by_text("Promised: 1 wrong name per camera-week")).to_be_visible()
    visitor.open("trust/calibrate")
    page.get_by_role("button", name="Back to the model's thresholds").click()
    page.get_by_role("dialog").get_by_role("button", name="Back to the model's thresholds").click()
    expect(page.get_by_text("They were measured with the model.")).to_be_visible()


@pytest.mark.long
def test_a_replay_is_applied_to_the_past_and_taken_back(visitor: Visitor) -> None:
    page = visitor.open("trust/replay")
    page.get_by_label("Similarity for a name").fill("0.99")
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("button", name="Apply to the past").click(timeout=JOB_MS)
    page.get_by_role("dialog").get_by_role("button", name="Apply to the past").click()
    expect(page.locator(".toast")).to_contain_text(re.compile(r"\d sightings? bears? (its|their) new names?\."))
    visitor.open("timeline")
    expect(page.get_by_role("heading", name=re.compile("Nobody was seen on"))).to_be_visible()
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("row", name="Barack Obama")).to_be_visible()
