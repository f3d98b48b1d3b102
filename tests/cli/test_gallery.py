"""python main.py gallery ...: what is printed, what is asked, and the exit status."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import typer

from recognizer.calibration.calibration_file import Calibration, save
from recognizer.cli import _console, gallery
from recognizer.gallery.enrol import Enroller
from recognizer.gallery.limits import Limits
from recognizer.gallery.store import load_enrolled
from recognizer.models.cache import Cache
from tests.fakes import PaintedFaceDetector, PaintedFaceEmbedder, face_picture, read_picture, save_picture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    people = tmp_path / "people"
    save_picture(people / "Ada" / "1.png", face_picture((1, 1)))
    save_picture(people / "Bob [x]" / "1.png", face_picture((2, 1)))
    save_picture(people / "Bob [x]" / "2.png", face_picture((2, 2), side=50))
    Enroller(
        detector=PaintedFaceDetector(),
        embedder=PaintedFaceEmbedder(),
        read=read_picture,
        suffixes={".png"},
        limits=Limits(wanted_sharpness=0, usable_sharpness=0),
    ).enrol(people)
    return people


def run(*arguments: str | Path) -> int:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.add_typer(gallery.app, name="gallery")
    return _console.guarded(app, ["gallery", *map(str, arguments)])


def test_list_for_a_program(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", "--gallery", folder, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["model"] == "painted-0123456789ab"
    rows = [(row["name"], row["accepted"], row["refused"]) for row in document["people"]]
    assert rows == [("Ada", 1, 0), ("Bob [x]", 1, 1)]


def test_list_for_a_person(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", "--gallery", folder) == 0
    shown = capsys.readouterr().out
    assert "Bob [x]" in shown
    assert "painted-0123456789ab" in shown


def test_list_without_a_gallery(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", "--gallery", tmp_path / "gone") == 4
    assert "There is no gallery" in capsys.readouterr().err
    assert run("list", "--gallery", tmp_path) == 4
    assert "Nobody is enrolled" in capsys.readouterr().err


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_remove_asks_first(folder: Path, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    assert run("remove", "Ada", "--gallery", folder) != 0
    assert (folder / "Ada").exists()
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert run("remove", "Ada", "--gallery", folder) == 0
    assert not (folder / "Ada").exists()


def test_remove_for_good(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("remove", "bob [X]", "--gallery", folder, "--yes") == 0
    assert '"Bob [x]" is removed' in capsys.readouterr().out
    assert not (folder / "Bob [x]").exists()
    assert load_enrolled(folder).names == ("Ada",)


def test_remove_and_keep_photos(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("remove", "Ada", "--gallery", folder, "--yes", "--keep-photos") == 0
    kept = folder.parent / "people-removed" / "Ada"
    assert str(kept) in capsys.readouterr().out
    assert (kept / "1.png").exists()


def test_an_unknown_person(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("remove", "Adda", "--gallery", folder, "--yes") == 4
    assert 'Did you mean "Ada"?' in capsys.readouterr().err


def test_rename(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("rename", "Ada", "Ada Lovelace", "--gallery", folder) == 0
    assert '"Ada" is now "Ada Lovelace"' in capsys.readouterr().out
    assert run("rename", "Ada Lovelace", "../x", "--gallery", folder) == 4
    assert "never a path" in capsys.readouterr().err
    assert load_enrolled(folder).names == ("Ada Lovelace", "Bob [x]")


def test_audit(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("audit", "--gallery", folder) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "Nothing to look into" in printed
    assert "2 of 2 people have one photo: Ada, Bob [x]. Three are better" in printed
    save_picture(folder / "New" / "1.png", face_picture((3, 1)))
    assert run("audit", "--gallery", folder) == 0
    assert "New/1.png is not in the record yet" in capsys.readouterr().out
    assert run("audit", "--gallery", folder, "--json") == 0
    assert json.loads(capsys.readouterr().out)["new_photos"] == ["New/1.png"]


def test_audit_asks_for_likeness_by_the_gallerys_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Painted people, 0.79 alike to themselves, are odd to one network, and nothing to say to one nobody measured."""
    monkeypatch.setenv("RECOGNIZER_CACHE", str(tmp_path / "cache"))
    model, people = "iresnet50-0123456789ab", tmp_path / "people"
    for number in (1, 2):
        save_picture(people / "Ada" / f"{number}.png", face_picture((1, number)))
    Enroller(
        detector=PaintedFaceDetector(),
        embedder=PaintedFaceEmbedder(model=model),
        read=read_picture,
        suffixes={".png"},
        limits=Limits(wanted_sharpness=0, usable_sharpness=0),
    ).enrol(people)
    assert run("audit", "--gallery", people) == 0
    assert "Nothing to look into" in capsys.readouterr().out
    save(Cache().calibration(model), Calibration(model, known=0.95, release=0.9, margin=0.05, sure=1.0, protocol={}))
    assert run("audit", "--gallery", people) == 0
    assert "is unlike the person's other photos: similarity 0.79" in " ".join(capsys.readouterr().out.split())
