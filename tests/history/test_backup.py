"""Backups: made while a run writes, verified, restored whole or not at all."""

from __future__ import annotations

import os
import shutil
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from recognizer.errors import ConfigError, HistoryError, OutputError
from recognizer.history.backup import back_up, restore
from recognizer.history.backup_list import list_backups
from recognizer.history.database import FILE_NAME, REPLACED, Database, open_history
from recognizer.history.face_search import vector_of_track
from recognizer.history.keyed import open_with_key
from recognizer.history.records import Selection
from recognizer.history.retention import forget_person
from recognizer.history.rows import insert_run, save_tracks
from recognizer.history.tracks import list_tracks
from tests.history.history_records import NOON, record, unit

KEY = bytes(range(32))


def save(history: Database, *people: str) -> None:
    with history.writing() as connection:
        run = insert_run(connection, NOON, "model-1", (0.4, 0.1))
        records = [record(number, person=person, vectors=(unit(number),)) for number, person in enumerate(people)]
        save_tracks(connection, run, records, cipher=history.cipher)


def people(folder: Path, key: bytes | None = None) -> list[str | None]:
    history = open_with_key(folder, key, create=False)
    found = sorted(str(seen.person) for seen in list_tracks(history, Selection()))
    history.close()
    return list(found)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "history"


@pytest.fixture
def backup(folder: Path, tmp_path: Path) -> Path:
    """A backup with Ada and Bob, of a history to which Eve came afterwards."""
    history = open_history(folder, create=True)
    save(history, "Ada", "Bob")
    path = tmp_path / "backups" / "one.zip"
    done = back_up(history, path)
    assert (done.tracks, done.encrypted) == (2, False)
    save(history, "Eve")
    history.close()
    return path


def test_what_was_backed_up_is_restored_and_what_it_replaced_is_kept(folder: Path, backup: Path) -> None:
    restore(folder, backup, key=None)
    assert people(folder) == ["Ada", "Bob"]
    assert {path.name for path in folder.iterdir()} == {FILE_NAME, REPLACED}
    shutil.copy(folder / REPLACED, (elsewhere := folder.with_name("elsewhere")).with_suffix(".tmp"))
    elsewhere.mkdir()
    elsewhere.with_suffix(".tmp").rename(elsewhere / FILE_NAME)
    assert people(elsewhere) == ["Ada", "Bob", "Eve"]
    assert (folder / FILE_NAME).stat().st_mode & 0o077 == 0
    assert backup.stat().st_mode & 0o077 == 0


def test_a_backup_is_restored_where_there_is_no_history(backup: Path, tmp_path: Path) -> None:
    restore(tmp_path / "new", backup, key=None)
    assert people(tmp_path / "new") == ["Ada", "Bob"]


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-500])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _rewritten(path: Path, old: bytes, new: bytes) -> None:
    """Change the database in a backup, and its digest with it."""
    import hashlib
    import json

    with zipfile.ZipFile(path) as archive:
        data, contents = archive.read(FILE_NAME), json.loads(archive.read("contents.json"))
    data = data.replace(old, new)
    contents["sha256"] = hashlib.sha256(data).hexdigest()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("contents.json", json.dumps(contents))
        archive.writestr(FILE_NAME, data)


def _future(path: Path) -> None:
    from recognizer.history.schema import LEVEL

    _rewritten(path, LEVEL.encode(), b"9999")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (_cut, "is damaged"),
        (_flip, "is damaged"),
        (_future, "written by a newer version"),
        (lambda path: path.write_text("no backup"), "is no backup"),
        (lambda path: path.unlink(), "is no backup"),
        (lambda path: _rewritten(path, b"SQLite format 3", b"SQLite format 9"), "cannot be read|damaged"),
    ],
    ids=["cut", "flipped", "future", "text", "missing", "no database"],
)
def test_a_backup_that_cannot_be_used_leaves_the_history_as_it_is(
    folder: Path, backup: Path, harm: object, message: str
) -> None:
    harm(backup)  # type: ignore[operator]
    with pytest.raises(HistoryError, match=message):
        restore(folder, backup, key=None)
    assert people(folder) == ["Ada", "Bob", "Eve"]
    assert REPLACED not in {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("bomb", ["contents.json", FILE_NAME])
def test_a_small_backup_cannot_become_a_large_file(folder: Path, backup: Path, bomb: str) -> None:
    with zipfile.ZipFile(backup) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[bomb] += b" " * 50_000_000
    with zipfile.ZipFile(backup, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    assert backup.stat().st_size < 1_000_000
    tracemalloc.start()
    with pytest.raises(HistoryError, match="damaged"):
        restore(folder, backup, key=None)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
    assert people(folder) == ["Ada", "Bob", "Eve"]


@pytest.mark.parametrize("contents", [b"[" * 60_000, b"{" + b" " * 60_000, b"[1]", b'{"at": 1}'])
def test_damaged_contents_are_refused(folder: Path, backup: Path, contents: bytes) -> None:
    with zipfile.ZipFile(backup, "w") as archive:
        archive.writestr("contents.json", contents)
    with pytest.raises(HistoryError, match="is no backup"):
        restore(folder, backup, key=None)


def test_a_pipe_is_no_backup(folder: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(HistoryError, match="is no backup"):
        restore(folder, tmp_path / "pipe", key=None)


def test_a_history_that_is_in_use_is_not_replaced(folder: Path, backup: Path) -> None:
    history = open_history(folder, create=False)
    list_tracks(history, Selection())
    with pytest.raises(HistoryError, match="Stop the run"):
        restore(folder, backup, key=None)
    history.close()
    assert people(folder) == ["Ada", "Bob", "Eve"]


def test_a_damaged_history_is_replaced(folder: Path, backup: Path) -> None:
    (folder / FILE_NAME).write_bytes(b"damaged" * 1000)
    restore(folder, backup, key=None)
    assert people(folder) == ["Ada", "Bob"]


def test_what_is_encrypted_stays_so(tmp_path: Path) -> None:
    history = open_with_key(tmp_path / "history", KEY, create=True)
    save(history, "Ada")
    done = back_up(history, tmp_path / "one.zip")
    history.close()
    assert done.encrypted
    with pytest.raises(HistoryError, match="is encrypted"):
        restore(tmp_path / "new", tmp_path / "one.zip", key=None)
    restore(tmp_path / "new", tmp_path / "one.zip", key=KEY)
    restored = open_with_key(tmp_path / "new", KEY, create=False)
    assert float(vector_of_track(restored, 1)[0] @ unit(0)) == pytest.approx(1, abs=1e-3)
    restored.close()


def test_an_older_backup_is_replaced_and_another_file_is_not(folder: Path, backup: Path) -> None:
    history = open_history(folder, create=False)
    assert back_up(history, backup).tracks == 3
    assert len(list_backups(history)) == 1
    backup.write_text("a letter")
    with pytest.raises(OutputError, match="no backup of a history"):
        back_up(history, backup)
    assert backup.read_text() == "a letter"
    history.close()


def test_backups_that_hold_a_person_are_named_also_after_a_restore(folder: Path, backup: Path) -> None:
    restore(folder, backup, key=None)  # its own list was made before it was listed itself
    history = open_history(folder, create=False)
    (entry,) = list_backups(history)
    assert (entry["path"], entry["found"]) == (str(backup), True)
    assert forget_person(history, "Ada") == 1
    assert not (folder / REPLACED).exists()
    backup.unlink()
    assert list_backups(history) == []
    history.close()


def test_postgresql_is_backed_up_with_its_own_tools(tmp_path: Path) -> None:
    class Server(Database):
        def __init__(self) -> None:
            self.place, self.file = "postgresql://host/site", None

    with pytest.raises(ConfigError, match="pg_dump"):
        back_up(Server(), tmp_path / "one.zip")
