"""Damage to the record is noticed, and always leads to enroll --rebuild, which works."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recognizer.errors import GalleryError
from recognizer.gallery import proof, schema
from recognizer.gallery.store import Gallery, load_enrolled
from tests.gallery.painted import enroller
from tests.gallery.records import commit, record


def foreign(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()


def newer(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()


def scribbled(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for page in range(1, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = os.urandom(64)
    path.write_bytes(data)


def odd_note(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute('UPDATE photos SET notes = \'[["no such finding", "x"]]\'')
    connection.commit()
    connection.close()


def read_all(folder: Path, *, write: bool) -> None:
    with Gallery(folder, write=write) as gallery:
        gallery.people()
        gallery.enrolled()


@pytest.mark.parametrize(
    ("damage", "wanted"),
    [
        (foreign, "another program"),
        (newer, f"layout {schema.VERSION + 1}"),
        (scribbled, "damaged"),
        (odd_note, "damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:5000]), "damaged"),
        (lambda path: path.write_bytes(b"no database, only text " * 99), "damaged or is not a gallery"),
    ],
)
def test_a_record_that_cannot_be_used_says_how_to_rebuild_it(
    tmp_path: Path, damage: Callable[[Path], object], wanted: str
) -> None:
    commit(tmp_path, {"Ada": [1, 2, 3], "Bob": [1]})
    damage(record(tmp_path))
    for write in (False, True):
        with pytest.raises(GalleryError, match=wanted) as caught:
            read_all(tmp_path, write=write)
        assert "--rebuild" in str(caught.value)


def test_an_empty_file_left_by_a_kill_is_no_damage(tmp_path: Path) -> None:
    record(tmp_path).parent.mkdir()
    record(tmp_path).touch()
    with pytest.raises(GalleryError, match="Nobody is enrolled"):
        load_enrolled(tmp_path)
    commit(tmp_path, {"Ada": [1]})
    assert load_enrolled(tmp_path).names == ("Ada",)


NAMES = ("Ada", "Bob", "Chloé", "王小明")


def everything(folder: Path) -> Any:
    with Gallery(folder) as gallery:
        enrolled, photos = gallery.enrolled(), [(p.person, p.file, p.content, p.accepted) for p in gallery.photos()]
        people = [(person.name, person.folder, person.accepted) for person in gallery.people()]
        return enrolled.names, enrolled.files, enrolled.vectors.tobytes(), enrolled.model, people, photos


def everything_or_reason(folder: Path) -> Any:
    try:
        return everything(folder)
    except GalleryError as error:
        return str(error)


def flipped(good: bytes, place: int, bit: int) -> bytes:
    damaged = bytearray(good)
    damaged[place] ^= 1 << bit
    return bytes(damaged)


@pytest.mark.long
def test_no_flipped_bit_is_another_name_or_vector(tmp_path: Path) -> None:
    commit(tmp_path, {name: [1, 2] for name in NAMES})
    path, wanted = record(tmp_path), everything(tmp_path)
    good = path.read_bytes()
    chance = random.Random(3)  # noqa: S311 - places to damage
    places = [(place, bit) for place in range(100) for bit in range(0, 8, 3)]  # the header
    places += [(chance.randrange(len(good)), chance.randrange(8)) for _ in range(600)]
    for name in map(str.encode, NAMES):
        starts = [place for place in range(len(good)) if good.startswith(name, place)]
        places += [(start + letter, bit) for start in starts for letter in range(len(name)) for bit in (0, 1, 4)]
    refused = 0
    for place, bit in places:
        path.write_bytes(flipped(good, place, bit))
        found = everything_or_reason(tmp_path)
        assert found == wanted or "--rebuild" in found, (place, bit)
        refused += found != wanted
    assert refused > 300


def test_a_flipped_name_is_refused_by_readers_and_writers_and_rebuilt(folder: Path) -> None:
    one = enroller()
    one.enrol(folder)
    path = record(folder)
    data = path.read_bytes()
    for start in [place for place in range(len(data)) if data.startswith(b"Ada", place)]:
        data = flipped(data, start + 1, 0)  # "Aea" in the table and in its index: SQLite finds nothing wrong
    path.write_bytes(data)
    assert schema_finds_nothing(path)
    with pytest.raises(GalleryError, match=r"damaged.*--rebuild"):
        load_enrolled(folder)
    with pytest.raises(GalleryError, match=r"damaged.*--rebuild"):
        one.enrol(folder)
    assert one.enrol(folder, rebuild=True).people == ("Ada", "Bob")


def schema_finds_nothing(path: Path) -> bool:
    connection = sqlite3.connect(path)
    result = connection.execute("PRAGMA integrity_check").fetchone()[0]
    connection.close()
    return bool(result == "ok")


def test_a_flipped_bit_of_a_stored_vector_is_not_enrolled_later(folder: Path) -> None:
    """A measurement that an interrupted run left is proved too: its vector keeps its length, but not its digest."""
    one = enroller()
    one.enrol(folder)
    connection = sqlite3.connect(record(folder))
    (vector,) = connection.execute("SELECT vector FROM measurements LIMIT 1").fetchone()
    connection.execute("UPDATE measurements SET vector = ? WHERE vector = ?", (flipped(vector, 3, 7), vector))
    connection.commit()
    connection.close()
    with pytest.raises(GalleryError, match=r"not what was written.*--rebuild"):
        one.enrol(folder)


def test_a_record_of_the_layout_without_digests_is_read_and_proved_from_the_next_writer_on(folder: Path) -> None:
    one = enroller()
    one.enrol(folder)
    before = everything(folder)
    as_layout_1(record(folder))
    assert everything(folder) == before
    report = one.enrol(folder)
    assert not any(photo.processed for photo in report.photos)
    assert everything(folder)[:5] == before[:5]
    connection = sqlite3.connect(record(folder))
    assert connection.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
    assert connection.execute("SELECT count(*) FROM measurements WHERE digest IS NULL").fetchone() == (0,)
    connection.execute("UPDATE people SET name = 'Ida' WHERE name = 'Ada'")
    connection.commit()
    connection.close()
    with pytest.raises(GalleryError, match="damaged"):
        load_enrolled(folder)


def as_layout_1(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("ALTER TABLE measurements DROP COLUMN digest")
    connection.execute("DELETE FROM facts WHERE key = ?", (proof.DIGEST,))
    connection.execute(f"PRAGMA user_version = {schema.UNPROVED}")
    connection.commit()
    connection.close()


@pytest.mark.parametrize("key", [None, 7, b"model"])
def test_a_key_that_damage_made_no_text_is_damage(key: Any) -> None:
    whole = proof.Commit({"model": "painted", "made": "1"}, [], [])
    assert not proof.Commit({**whole.facts, key: "x", proof.DIGEST: whole.digest}, [], []).is_sound
