"""The settings that docs/service-live.md shows are valid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from recognizer.app.config import load
from tests.conftest import ROOT


def test_the_shown_site_has_two_cameras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = re.search(r"```yaml\n(.*?)```", (ROOT / "docs" / "service-live.md").read_text("utf-8"), re.DOTALL)
    assert shown is not None
    file = tmp_path / "site.yaml"
    file.write_text(shown[1], "utf-8")
    monkeypatch.setenv("CAMERA_PASSWORD", "secret")
    settings = load(file)
    assert [source.name for source in settings.sources] == ["entrance", "yard"]
    assert settings.history.enabled
