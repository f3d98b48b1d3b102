"""The boxes of a fleet: one is invited, joins, falls behind, and is revoked."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from recognizer.app import build
from recognizer.app.config import load
from recognizer.app.fleet import syncing
from recognizer.errors import FleetError
from tests.serve.page.site import Visitor, make_empty_site


@pytest.mark.long
def test_a_box_is_invited_joins_falls_behind_and_is_revoked(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.open("settings/boxes")
    expect(page.get_by_role("heading", name="No box yet")).to_be_visible()
    name = page.get_by_label("Name of the box")
    name.fill("north gate")
    page.get_by_role("button", name="Make a code").click()
    assert name.evaluate("field => field.validity.patternMismatch")
    name.fill("north-gate")
    page.keyboard.press("Enter")
    *_, address, code = page.locator(".note.good code").inner_text().split()
    box = page.get_by_role("listitem").filter(has_text="north-gate")
    expect(box).to_contain_text("invited")
    expect(box).to_contain_text("Its code is not used yet.")

    settings = load(make_empty_site(tmp_path / "box") / "site.yaml")
    model = build.model(settings).fingerprint
    syncing.join(settings, address, code)
    for _ in range(2):  # the second one says that the first one arrived
        syncing.sync(settings, model=model)
    expect(box.locator(".chip")).to_have_text("here")
    expect(box).to_contain_text("up to date")
    people = f"{visitor.service.base}/v1/people/Eileen%20Collins"
    assert page.context.request.patch(people, data={"hidden": True}).ok
    expect(box).to_contain_text("1 change behind")
    assert page.context.request.patch(people, data={"hidden": False}).ok

    page.reload()
    expect(box).to_be_visible()
    assert code not in page.content()
    page.get_by_role("button", name="Revoke north-gate").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.locator(".toast")).to_contain_text("north-gate is revoked.")
    expect(box).to_contain_text("revoked")
    expect(box.get_by_role("button")).to_have_count(0)
    with pytest.raises(FleetError):
        syncing.sync(settings, model=model)
