"""An installation of release 0.1 goes on with this version, and nobody has to do anything."""

from __future__ import annotations

import json
import shutil
import sqlite3
from itertools import islice
from pathlib import Path

import pytest

from recognizer.app import build, config
from recognizer.app.successor import predecessor
from recognizer.calibration import calibration_file
from recognizer.cli.main import run_command_line
from recognizer.demo.demo_clip import MEDIA, frames
from recognizer.emit.video import VideoWriter
from recognizer.gallery.store import Gallery
from recognizer.types import Frame, FrameResult, Tracks

OLD = Path(__file__).parent / "release_0_1"
PHOTOS = {"Grace Hopper": ["grace_hopper.jpg"], "Barack Obama": ["barack_obama_2009.jpg", "barack_obama_2010.jpg"]}
OLD_MODEL = "edgeface_xxs_own-4797970b8f33"
BUDGET = "1 wrong name per camera-month"


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The recorded folder with its photos, as the working directory."""
    folder = tmp_path / "site"
    shutil.copytree(OLD, folder)
    for name, photos in PHOTOS.items():
        (folder / "gallery" / name).mkdir()
        for photo in photos:
            shutil.copy(MEDIA / photo, folder / "gallery" / name)
    (folder / "gallery" / ".recognizer").chmod(0o700)
    monkeypatch.chdir(folder)
    return folder


def write_clip(path: Path, count: int) -> None:
    with VideoWriter(path, render=lambda result: result.frame.image) as writer:
        for index, (at_s, image) in enumerate(islice(frames(), count)):
            writer.emit(FrameResult(Frame(image, index, at_s, "clip"), Tracks.empty(), (), ()))


@pytest.mark.long
def test_a_run_takes_gallery_calibration_and_settings_over(installation: Path) -> None:
    write_clip(Path("clip.mp4"), 45)
    assert run_command_line(["run", "--config", "site.yaml", "--summary", "summary.json"]) == 0
    seen = json.loads(Path("summary.json").read_text("utf-8"))["people"]
    assert [person["name"] for person in seen] == ["Barack Obama"]
    settings = config.load(Path("site.yaml"))
    resolved = build.model(settings)
    with Gallery(Path("gallery")) as gallery:
        assert gallery.model == resolved.fingerprint
        assert {photo.person for photo in gallery.photos() if photo.accepted} == set(PHOTOS)
    calibration = calibration_file.load(build.site_calibration(settings), model=resolved.fingerprint)
    assert calibration.budget is not None
    assert (calibration.budget.text, calibration.budget.strangers_per_day) == (BUDGET, 200)
    assert build.thresholds(settings, resolved, enrolled=3).known == pytest.approx(calibration.known, abs=1e-6)
    kinds = [json.loads(line)["kind"] for line in Path("events.jsonl").read_text("utf-8").splitlines()]
    assert "recognised" in kinds


def test_its_people_are_listed_before_anything_is_done(installation: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["gallery", "list", "--gallery", "gallery", "--json"]) == 0
    shown = capfd.readouterr().out
    assert all(name in shown for name in PHOTOS)


def test_its_event_log_becomes_a_history(installation: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shutil.copy("events.jsonl", "old.jsonl")
    assert run_command_line(["history", "import", "--config", "site.yaml", "old.jsonl"]) == 0
    assert "6 tracks added" in capfd.readouterr().out
    assert run_command_line(["history", "list", "--config", "site.yaml", "--person", "Grace Hopper", "--json"]) == 0
    assert "Grace Hopper" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("built_with", "is_taken_over"),
    [(OLD_MODEL, True), ("edgeface_xs_q-6177cb0d59a9", False), ("own_model-000000000000", False)],
)
def test_only_the_shipped_models_own_predecessor_is_replaced(
    installation: Path, built_with: str, is_taken_over: bool
) -> None:
    with sqlite3.connect("gallery/.recognizer/gallery.sqlite3") as record:
        record.execute("UPDATE facts SET value = ? WHERE value = ?", (built_with, OLD_MODEL))
        record.execute("UPDATE measurements SET model = ?", (built_with,))
    record.close()
    settings = config.load(Path("site.yaml"))
    resolved = build.model(settings)
    assert predecessor(settings, resolved) == (built_with if is_taken_over else None)
    if not is_taken_over:  # somebody chose that model: to replace it is their decision
        assert run_command_line(["enroll", "--config", "site.yaml"]) == 4
