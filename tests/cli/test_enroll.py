"""python main.py enroll: the report for a person and for a program, and the real thing on real photos."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import typer

from recognizer.cli import _console, enroll
from recognizer.gallery.enrol import Enroller, EnrolReport
from recognizer.gallery.limits import Limits
from tests.fakes import PaintedFaceDetector, PaintedFaceEmbedder, face_picture, read_picture, save_picture


def run(*arguments: str | Path) -> int:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(enroll.enroll)
    app.command()(lambda: None)  # with one command only, typer takes no name
    return _console.guarded(app, ["enroll", *map(str, arguments)])


@pytest.fixture
def report(tmp_path: Path) -> EnrolReport:
    save_picture(tmp_path / "Ada" / "1.png", face_picture((1, 1)))
    save_picture(tmp_path / "Bob" / "[red].png", face_picture((2, 1), side=56))
    save_picture(tmp_path / "Cleo" / "empty.png", np.zeros((30, 40, 3), np.uint8))
    save_picture(tmp_path / "loose.png", face_picture((3, 1)))
    return Enroller(
        detector=PaintedFaceDetector(),
        embedder=PaintedFaceEmbedder(),
        read=read_picture,
        suffixes={".png"},
        limits=Limits(wanted_sharpness=0, usable_sharpness=0),
    ).enrol(tmp_path)


def test_the_table_tells_every_photo(report: EnrolReport, capsys: pytest.CaptureFixture[str]) -> None:
    enroll.show(report)
    shown = " ".join(capsys.readouterr().out.split())
    for words in (
        "18 px between the eyes",
        "[red].png",
        "no face found in 40 x 30",
        "skipped loose.png",
        "warning Cleo has no usable photo",
        "2 people enrolled with 2 of 3 photos; 3 were new or changed.",
    ):
        assert words in shown


def test_the_document_tells_every_photo(report: EnrolReport) -> None:
    document = json.loads(json.dumps(enroll.as_document(report)))
    assert document["people"] == ["Ada", "Bob"]
    assert document["without_photo"] == ["Cleo"]
    rows = {photo["person"]: photo for photo in document["photos"]}
    assert rows["Ada"]["accepted"]
    assert rows["Ada"]["quality"]["eyes_px"] == pytest.approx(37.8, abs=0.1)
    assert rows["Cleo"]["notes"] == [{"finding": "no_face", "text": "no face found in 40 x 30 px"}]
    assert rows["Cleo"]["quality"] is None
    assert document["skipped"][0]["where"] == "loose.png"


def test_a_missing_gallery_is_reported_before_any_model_is_searched_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--gallery", tmp_path / "gone", "--model", "no such model") == 4
    assert "There is no gallery" in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.weights
@pytest.mark.parametrize(("name", "people"), [("friends_gallery", 6), ("hamilton_gallery", 3)])
def test_everybody_with_one_photo_is_enrolled(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, people: int
) -> None:
    folder = tmp_path / name
    for photo in (shared_data / "data" / "video" / name).glob("*/*"):
        (folder / photo.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(photo, folder / photo.parent.name / photo.name)
    model = ("--model", "edgeface_xs_q", "--weights-dir", shared_data / "weights")
    assert run("--gallery", folder, *model, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert len(document["people"]) == people
    assert all(
        photo["accepted"] and not photo["notes"] and photo["processed"] and photo["worked_on"]
        for photo in document["photos"]
    )
    assert run("--gallery", folder, *model, "--json") == 0
    assert not any(photo["processed"] or photo["worked_on"] for photo in json.loads(capsys.readouterr().out)["photos"])
    assert run("--gallery", folder, "--model", "edgeface_xxs_q", *model[2:]) == 4
    assert "--model edgeface_xxs_q" in " ".join(capsys.readouterr().err.split())


@pytest.mark.weights
def test_who_could_not_be_enrolled_shows_in_the_status_and_the_others_are(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gallery" / "Monica").mkdir(parents=True)
    photo = shared_data / "data" / "video" / "friends_gallery" / "Monica" / "1.png"
    shutil.copyfile(photo, tmp_path / "gallery" / "Monica" / "1.png")
    model = ("--model", "edgeface_xs_q", "--weights-dir", shared_data / "weights")
    assert run("--gallery", tmp_path / "gallery", *model) == 0
    (tmp_path / "gallery" / "Ross").mkdir()
    (tmp_path / "gallery" / "Ross" / "1.jpg").write_bytes(b"text")
    (tmp_path / "gallery" / "Rachel").symlink_to(photo.parent)
    (tmp_path / "gallery" / "notes.txt").write_text("not a photo, and nobody's")
    assert run("--gallery", tmp_path / "gallery", *model, "--json") == 4
    printed = capsys.readouterr()
    assert "nothing could be used of: Ross, Rachel." in " ".join(printed.err.split())
    assert '"people": [\n    "Monica"\n  ]' in printed.out


@pytest.mark.weights
def test_a_gallery_where_nobody_can_be_enrolled_is_an_error(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_picture(tmp_path / "Ada" / "1.png", np.zeros((200, 200, 3), np.uint8))
    (tmp_path / "Ada" / "2.jpg").write_bytes(b"text")
    assert run("--gallery", tmp_path, "--model", "edgeface_xs_q", "--weights-dir", shared_data / "weights") == 4
    printed = capsys.readouterr()
    assert "Nobody could be enrolled" in printed.err
    assert "no face found" in printed.out
