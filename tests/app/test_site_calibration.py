"""The calibration of a gallery: whatever is wrong with it, a warning says so and the model's own is used."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from recognizer.app import build
from recognizer.app.config import load
from recognizer.calibration import calibration_file
from recognizer.models.resolve import resolve


def a_link(path: Path, text: str) -> None:
    (path.parent.parent / "elsewhere.json").write_text(text)
    path.symlink_to(path.parent.parent / "elsewhere.json")


def a_link_to_nothing(path: Path, text: str) -> None:
    path.symlink_to("nowhere")


def a_folder(path: Path, text: str) -> None:
    path.mkdir()


def altered(path: Path, text: str) -> None:
    path.write_text(text.replace('"known": 0.6', '"known": 0.5'))


def cut_off(path: Path, text: str) -> None:
    path.write_text(text[:60])


@pytest.mark.parametrize("make", [a_link, a_link_to_nothing, a_folder, altered, cut_off])
def test_it_is_not_used(make: Callable[[Path, str], None], tmp_path: Path, logged_warnings: list[str]) -> None:
    model = resolve("edgeface_xxs_own", offline=True, cache_dir=tmp_path / "cache")
    settings = load(None, {"gallery": {"folder": tmp_path / "g"}})
    shipped = build.calibrated(settings, model)
    site = build.site_calibration(settings)
    calibration_file.save(site, calibration_file.Calibration(model.fingerprint, known=0.6, sure=0.7))
    assert build.calibrated(settings, model).known == 0.6
    text = site.read_text()
    assert json.loads(text)["known"] == 0.6
    site.unlink()
    make(site, text)
    assert build.calibrated(settings, model).known == shipped.known
    (warning,) = logged_warnings
    assert "calibration.json" in warning
    assert warning.endswith("The model's own thresholds are used instead; run calibrate again.")
