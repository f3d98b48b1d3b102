"""A settings file whose cameras are changed over the network."""

from __future__ import annotations

from pathlib import Path

from recognizer.app.cameras import CameraSettings
from recognizer.app.settings_file import SettingsFile


def site(folder: Path, text: str = "") -> tuple[SettingsFile, CameraSettings]:
    path = folder / "site.yaml"
    path.write_text(text)
    file = SettingsFile(path)
    return file, CameraSettings(file, folder / "passwords")
