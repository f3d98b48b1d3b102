"""A camera with a second, smaller stream is added, tried, shown and changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.serve.page.site import Visitor
from tests.soak.camera import Camera
from tests.soak.clips import camera_clip

PASSWORD = "s3cret-of-both-streams"  # noqa: S105 - of no camera
SIZES = ((640, 360), (320, 180))


@pytest.fixture
def streams(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Addresses of the large and of the small stream."""
    large, small = (Camera(camera_clip(tmp_path / f"{size[0]}.h264", size=size)) for size in SIZES)
    with large, small:
        yield large.address, small.address


@pytest.mark.long
def test_a_small_stream_has_its_own_test_picture_and_its_password_is_not_shown(
    visitor: Visitor, streams: tuple[str, str]
) -> None:
    page = visitor.open("settings/cameras/add")
    dialog = page.get_by_role("dialog")
    fields = dict(
        zip(
            ("Address", "Small stream (optional)", "User", "Password", "Name"),
            (*streams, "me", PASSWORD, "Yard"),
            strict=True,
        )
    )
    small = dialog.get_by_role("button", name="Test the small stream")
    expect(small).to_have_count(0)
    for label, text in fields.items():
        dialog.get_by_label(label, exact=True).fill(text)
    take(dialog, "Get a test picture", "640 × 360 pixels")
    take(dialog, "Test the small stream", "Small stream, 320 × 180 pixels")
    dialog.get_by_role("button", name="Save").click()
    line = page.get_by_role("listitem").filter(has_text="Yard")
    expect(line).to_contain_text(f"Faces are found in {streams[1]}")
    line.get_by_role("link", name="Change").click()
    expect(dialog.get_by_label("Small stream (optional)")).to_have_value(streams[1])
    assert PASSWORD not in page.content()
    text = (visitor.service.folder / "site.yaml").read_text("utf-8")
    assert f"detect_location: {streams[1].replace('://', '://me@')}" in text
    assert PASSWORD not in text
    dialog.get_by_label("Small stream (optional)").fill("")
    dialog.get_by_role("button", name="Save").click()
    expect(line).not_to_contain_text("Faces are found in")
    assert "detect_location" not in (visitor.service.folder / "site.yaml").read_text("utf-8")
    line.get_by_role("button", name="Remove").click()
    dialog.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading", name="No camera yet")).to_be_visible()


def take(dialog: Locator, button: str, shown: str) -> None:
    """Get a test picture; a busy machine may not connect within the service's 10 s, and the page says so."""
    caption = dialog.get_by_text(shown)
    for _ in range(3):
        dialog.get_by_role("button", name=button).click()
        expect(caption.or_(dialog.get_by_role("alert"))).to_be_visible()
        if caption.is_visible():
            break
    expect(caption).to_be_visible()
