"""Files that commands of the history write and read, on a history made by hand."""

from __future__ import annotations

import datetime as dt
import json
import stat
from contextlib import closing
from pathlib import Path

import cv2
import openpyxl
import pytest

from recognizer.cli import _console, history, history_report
from recognizer.history.database import REPLACED, STAGING
from recognizer.history.encryption import find_key, write_key
from recognizer.history.keyed import open_with_key
from recognizer.history.reports.formats import FORMATS
from recognizer.history.retention import Retention, purge
from recognizer.history.rows import save_tracks
from tests.cli.history_by_hand import MODEL, fill
from tests.history.history_records import record


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that commands run in: a history beside a gallery."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gallery").mkdir()
    fill(tmp_path)
    return tmp_path


def run(*words: object) -> int:
    return _console.guarded(history.app, [str(word) for word in words])


def is_private(path: Path) -> bool:
    return stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_report_has_the_formats_that_the_command_offers() -> None:
    assert set(history_report._FORMATS) == set(FORMATS)


def test_a_report_in_each_format(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for suffix in FORMATS:
        assert run("report", "--timezone", "Asia/Tokyo", "--output", site / "out" / f"report{suffix}") == 0
        assert "times of Asia/Tokyo" in capsys.readouterr().out
    assert "2026-03-02T21:00:00+09:00" in (site / "out/report.csv").read_text("utf-8-sig")
    sheet = openpyxl.load_workbook(site / "out/report.xlsx")["Presence"]
    assert [row[1] for row in sheet.iter_rows(min_row=2, values_only=True)] == ["=Bob", "Ada"]
    assert "21:00 to 21:01" in (site / "out/report.html").read_text("utf-8")


@pytest.mark.usefixtures("site")
def test_midnights_of_the_time_zone_count(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("report", "--json", "--person", "Ada", "--timezone", "Pacific/Kiritimati") == 0
    assert [row["day"] for row in json.loads(capsys.readouterr().out)] == ["2026-03-03"]
    assert run("report", "--json", "--since", "2026-03-03", "--timezone", "Pacific/Kiritimati") == 0
    assert len(json.loads(capsys.readouterr().out)) == 2
    assert run("report", "--json", "--since", "2026-03-03", "--timezone", "UTC") == 0
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.usefixtures("site")
def test_sightings_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sightings", "--json", "--timezone", "UTC") == 0
    found = {one["person"]: one for one in json.loads(capsys.readouterr().out)}
    assert found["Ada"] == {
        "person": "Ada",
        "sources": ["door"],
        "began": "2026-03-02T12:00:00+00:00",
        "ended": "2026-03-02T12:01:00+00:00",
        "seconds": 60.0,
        "track_ids": [1],
    }
    assert run("sightings", "--limit", 1) == 0
    assert "The newest 1; --limit shows more." in capsys.readouterr().out


def test_a_contact_sheet_of_the_unknown(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("unknowns", "--model", MODEL, "--sheet", site / "sheet.jpg", "--json") == 0
    (cluster,) = json.loads(capsys.readouterr().out)
    assert cluster["nearest"] == "Ada"
    assert cluster["closest"].startswith("Ada 0.61")
    assert cv2.imread(str(site / "sheet.jpg")) is not None
    assert is_private(site / "sheet.jpg")


def test_pictures_of_a_track(site: Path) -> None:
    assert run("show", 3, "--crops", site / "one.jpg") == 0
    assert cv2.imread(str(site / "one.jpg")) is not None
    assert run("show", 3, "--crops", site / "folder") == 0
    assert [path.name for path in (site / "folder").iterdir()] == ["track-3-1.jpg"]
    assert is_private(site / "folder" / "track-3-1.jpg")


def test_export_and_import(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("export", "all.jsonl", "--vectors") == 0
    said = capsys.readouterr()
    assert "all.jsonl: 3 tracks." in said.out
    assert "not encrypted" in said.err
    assert is_private(site / "all.jsonl")
    assert [path.name for path in site.glob(".*")] == []
    (site / "new").mkdir()
    assert run("import", "all.jsonl", "--gallery", "new/gallery", "--json") == 0
    assert json.loads(capsys.readouterr().out)["added"] == 3
    assert run("import", "all.jsonl", "--gallery", "new/gallery") == 0
    assert "0 tracks added, 3 already there" in " ".join(capsys.readouterr().out.split())


def test_an_encrypted_history_says_that_its_export_is_plain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_key(tmp_path / "key")
    fill(tmp_path, key=find_key(tmp_path / "key"))
    assert run("export", "all.jsonl") == 7
    assert "is encrypted" in capsys.readouterr().err
    (tmp_path / "settings.yaml").write_text("history: {key_file: key}\n")
    assert run("export", "all.jsonl", "--config", "settings.yaml") == 0
    assert "The history is encrypted, this file is not" in capsys.readouterr().err


def test_old_tracks_and_damaged_lines_are_said(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    event = {"time": "2020-03-02T12:00:00+00:00", "source": "door", "kind": "appeared", "track_id": 1}
    (site / "events.jsonl").write_text(json.dumps(event) + "\nnonsense\n")
    assert run("import", "events.jsonl", "--gallery", "new/gallery") == 0
    said = capsys.readouterr()
    assert "1 line is damaged and skipped; the first: events.jsonl, line 2: it is no JSON." in said.err
    assert "the next run with the history on deletes them" in said.err


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["report", "--output", "report.pdf"], 2, "ends with .csv or .xlsx or .html"),
        (["report", "--timezone", "Berlin"], 2, "wanted a name such as Europe/Berlin"),
        (["unknowns", "--sheet", "sheet.png"], 2, "ends with .jpg or .jpeg"),
        (["show", "1", "--crops", "faces.jpg"], 7, "history.crops: true"),
        (["export", "all.csv"], 2, "ends with .jsonl or .parquet"),
        (["export", "all.jsonl", "--gallery", "elsewhere/gallery"], 7, "There is no history"),
        (["import", "missing.jsonl"], 3, "cannot be read"),
    ],
)
@pytest.mark.usefixtures("site")
def test_what_is_wrong_is_one_message(
    words: list[str], status: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == status
    assert message in " ".join(capsys.readouterr().err.split())


def test_without_pictures_the_sheet_says_how_to_keep_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    fill(tmp_path, crops=False)
    assert run("unknowns", "--model", MODEL, "--sheet", "sheet.jpg") == 7
    assert "history.crops: true" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "sheet.jpg").exists()


def test_forget_names_a_backup_though_its_tracks_are_deleted_here(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("backup", "one.zip") == 0
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    with closing(open_with_key(site / "history", None, create=False)) as opened:
        purge(opened, Retention(known_days=0), now=later)
        with opened.writing() as connection:
            save_tracks(connection, 1, [record(9, person="Ada", began=later)])
    capsys.readouterr()
    assert run("forget", "Ada", "--yes") == 0
    said = capsys.readouterr().out
    assert "Deleted: 1 track." in said
    assert f"may hold them still; delete it: {site / 'one.zip'} (1 track in it bears the name)" in " ".join(
        said.split()
    )
    assert not (site / "history" / STAGING).exists()


def test_rekey_names_the_replaced_history_that_it_does_not_change(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_key(site / "key")
    assert run("rekey", "--new-key", "key") == 0
    assert "delete it" not in capsys.readouterr().out
    assert run("rekey", "--decrypt", "--config", _settings(site)) == 0
    assert run("backup", "one.zip") == 0
    assert run("restore", "one.zip", "--yes") == 0
    capsys.readouterr()
    assert run("rekey", "--new-key", "key") == 0
    assert f"keeps its old key, or none; delete it: {site / 'history' / REPLACED}" in capsys.readouterr().out


def _settings(site: Path) -> Path:
    (site / "settings.yaml").write_text("history: {key_file: key}\n")
    return site / "settings.yaml"
