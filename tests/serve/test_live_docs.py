"""The settings that docs/service-live.md shows are valid, and every live route has an example there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from recognizer.app.config import load
from recognizer.serve.application import openapi_document
from tests.serve.live_site import EXAMPLES, PAGE


def test_the_shown_site_has_two_cameras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert shown is not None
    file = tmp_path / "site.yaml"
    file.write_text(shown[1], "utf-8")
    monkeypatch.setenv("CAMERA_PASSWORD", "secret")
    settings = load(file)
    assert [source.name for source in settings.sources] == ["entrance", "yard"]
    assert settings.history.enabled


def test_every_live_route_has_an_example() -> None:
    calls = {(re.search(r"-X (\w+)", line), "--json" in line, line.split("$SERVICE")[1]) for line in EXAMPLES}
    named = [
        (method[1].lower() if method else "post" if sends else "get", re.split(r'["?]', place)[0])
        for method, sends, place in calls
    ]
    for path, operations in openapi_document()["paths"].items():
        pattern = re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)))
        for method, operation in operations.items():
            if {"sources", "events", "settings"} & set(operation["tags"]) and path != "/v1/events":
                assert any(name == method and pattern.fullmatch(place) for name, place in named), (method, path)
