from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from recognizer.app.config import load
from recognizer.app.settings_file import SettingsFile
from recognizer.errors import ConfigError

TEXT = """# the site of Example Ltd
sources:
  - {location: "rtsp://192.0.2.1/1", name: entrance}   # by the door
  # the yard is dark
  - location: rtsp://192.0.2.2/1
    name: 'yard'
gallery:
  folder: /gallery      # photos
history: {enabled: true}
"""


def written(folder: Path, text: str = TEXT) -> SettingsFile:
    path = folder / "site.yaml"
    path.write_text(text)
    path.chmod(0o640)
    return SettingsFile(path)


def test_comments_order_quotes_and_mode_stay(tmp_path: Path) -> None:
    file = written(tmp_path)

    def edit(values: Any) -> None:
        values["history"]["known_days"] = 10
        values["sources"][1]["mirror"] = True

    assert file.change(edit).history.known_days == 10
    text = file.path.read_text()
    assert text == TEXT.replace("name: 'yard'\n", "name: 'yard'\n    mirror: true\n").replace(
        "{enabled: true}", "{enabled: true, known_days: 10}"
    )
    assert file.path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["site.yaml"]


def test_what_would_not_be_valid_is_not_written(tmp_path: Path) -> None:
    file = written(tmp_path)
    with pytest.raises(ConfigError, match=r"site\.yaml: 'history\.known_days'"):
        file.change(lambda values: values["history"].update(known_days=-1))
    assert file.path.read_text() == TEXT
    assert os.listdir(tmp_path) == ["site.yaml"]


@pytest.mark.parametrize(
    "text", ["sources: [&a {location: x}, *a]\n", "gallery: !python/name:os.system {}\n", "a: [\n"]
)
def test_what_is_not_read_is_not_changed(tmp_path: Path, text: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(ConfigError):
        file.change(lambda values: values.update(history={"enabled": True}))
    assert file.path.read_text() == text


def test_a_missing_file_is_made_for_its_owner_and_a_link_is_followed(tmp_path: Path) -> None:
    file = SettingsFile(tmp_path / "service" / "site.yaml")
    assert file.read() == load()
    file.change(lambda values: values.update(history={"enabled": True}))
    assert load(file.path).history.enabled
    assert file.path.stat().st_mode & 0o777 == 0o600
    link = tmp_path / "link.yaml"
    link.symlink_to(file.path)
    SettingsFile(link).change(lambda values: values["history"].update(crops=True))
    assert link.is_symlink()
    assert load(file.path).history.crops
