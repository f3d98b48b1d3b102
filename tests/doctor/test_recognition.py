from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from recognizer.app import config
from recognizer.app.config import Settings
from recognizer.app.enrolment import sync
from recognizer.demo.demo_clip import MEDIA
from recognizer.doctor import recognition
from recognizer.doctor.finding import State
from recognizer.errors import GalleryError, WeightsError

OWN = "edgeface_xxs_own"


def settings_of(gallery: Path, **options: object) -> Settings:
    return config.load(None, {"gallery": {"folder": gallery, **options}, "embed": {"model": OWN}})


def add_photo(gallery: Path, name: str, portrait: str) -> None:
    (gallery / name).mkdir(parents=True, exist_ok=True)
    shutil.copy(MEDIA / portrait, gallery / name)


def test_model_and_engine_recognise_the_portraits(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    resolved, finding = recognition.find_model(settings)
    assert finding.state is State.OK
    (finding,) = recognition.check_recognition(settings, resolved)
    assert finding.state is State.OK
    assert "similarity" in finding.message


def test_a_model_that_is_not_there_is_not_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECOGNIZER_CACHE", str(tmp_path))
    monkeypatch.delenv("RECOGNIZER_WEIGHTS", raising=False)
    with pytest.raises(WeightsError):
        recognition.find_model(config.load(None, {"embed": {"model": "edgeface_xs_q"}}))
    resolved, finding = recognition.find_model(config.load())
    assert (resolved.name, finding.state) == (OWN, State.WARNING)
    assert "models fetch" in finding.remedy


def test_galleries(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "gallery")
    with pytest.raises(GalleryError):
        list(recognition.check_gallery(settings, None))
    add_photo(tmp_path / "gallery", "Barack Obama", "barack_obama_2009.jpg")
    (finding,) = recognition.check_gallery(settings, None)
    assert (finding.state, "none of them enrolled" in finding.message) == (State.WARNING, True)
    resolved, _ = recognition.find_model(settings)
    sync(settings, resolved)
    (finding,) = recognition.check_gallery(settings, resolved)
    assert (finding.state, finding.message) == (State.OK, "1 person, 1 photo")
    add_photo(tmp_path / "gallery", "Grace Hopper", "grace_hopper.jpg")
    (tmp_path / "gallery" / "Nobody").mkdir()
    found = list(recognition.check_gallery(settings, resolved))
    assert [each.state for each in found] == [State.WARNING, State.WARNING]
    assert "1 new photo" in found[0].message
    assert "Nobody" in found[1].message


def test_an_empty_gallery_that_may_be_empty(tmp_path: Path) -> None:
    (finding,) = recognition.check_gallery(settings_of(tmp_path, may_be_empty=True), None)
    assert finding.state is State.WARNING
