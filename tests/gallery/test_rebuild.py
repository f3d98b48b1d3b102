"""Whatever stands in the record's place, enrolling leads to enroll --rebuild, which works."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from recognizer.errors import GalleryError
from recognizer.gallery import schema
from recognizer.gallery.lock import LOCK_FILE
from recognizer.gallery.store import load_enrolled
from tests.fakes import face_picture, save_picture
from tests.gallery.painted import enroller
from tests.gallery.records import record

NOBODY = 65534


def scribbled(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for page in range(1, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = os.urandom(64)
    path.write_bytes(data)


def test_a_damaged_record_is_rebuilt_from_the_photos_only_when_asked(folder: Path) -> None:
    one = enroller()
    one.enrol(folder)
    record = folder / ".recognizer" / "gallery.sqlite3"
    record.write_bytes(b"scribble" * 600)
    with pytest.raises(GalleryError, match="--rebuild"):
        one.enrol(folder)
    with pytest.raises(GalleryError, match="--rebuild"):
        load_enrolled(folder)
    assert one.enrol(folder, rebuild=True).people == ("Ada", "Bob")
    assert record.stat().st_mode & 0o777 == 0o600
    assert record.parent.stat().st_mode & 0o777 == 0o700


def test_rebuilding_a_sound_record_works_on_every_photo(folder: Path) -> None:
    one = enroller()
    one.enrol(folder)
    assert all(photo.processed for photo in one.enrol(folder, rebuild=True).photos)


def test_an_altered_vector_is_noticed(folder: Path) -> None:
    one = enroller()
    one.enrol(folder)
    connection = sqlite3.connect(folder / ".recognizer" / "gallery.sqlite3")
    connection.execute("UPDATE measurements SET vector = zeroblob(2048)")
    connection.commit()
    connection.close()
    with pytest.raises(GalleryError, match=r"damaged.*--rebuild"):
        load_enrolled(folder)
    assert one.enrol(folder, rebuild=True).people == ("Ada", "Bob")


def a_folder(path: Path) -> None:
    path.unlink()
    (path / "inside").mkdir(parents=True)


def a_link(path: Path) -> None:
    shutil.move(path, path.parent.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent.parent / "elsewhere")


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def a_hard_link(path: Path) -> None:
    (path.parent.parent.parent / "elsewhere").hardlink_to(path)
    data = bytearray(path.read_bytes())
    data[5000:] = b""
    path.write_bytes(data)


def the_record_folder_is_a_link(path: Path) -> None:
    shutil.move(path.parent, path.parent.parent.parent / "elsewhere")
    path.parent.symlink_to(path.parent.parent.parent / "elsewhere")


def the_record_folder_is_a_file(path: Path) -> None:
    shutil.rmtree(path.parent)
    path.parent.write_text("in the way")


def the_lock_is_a_link(path: Path) -> None:
    (path.parent / LOCK_FILE).unlink()
    (path.parent / LOCK_FILE).symlink_to("/dev/null")


def the_lock_is_a_folder(path: Path) -> None:
    (path.parent / LOCK_FILE).unlink()
    (path.parent / LOCK_FILE).mkdir()


def the_journal_is_a_folder(path: Path) -> None:
    path.with_name(f"{path.name}-journal").mkdir()


def another_link(path: Path) -> None:
    (path.parent / "calibration.json").symlink_to("/etc/hostname")


@pytest.mark.long
@pytest.mark.parametrize(
    "damage",
    [
        scribbled,
        a_folder,
        a_link,
        a_pipe,
        a_hard_link,
        the_record_folder_is_a_link,
        the_record_folder_is_a_file,
        the_lock_is_a_link,
        the_lock_is_a_folder,
        the_journal_is_a_folder,
        another_link,
    ],
)
def test_whatever_stands_there_enrolling_leads_to_rebuild_which_works(
    folder: Path, damage: Callable[[Path], object]
) -> None:
    one = enroller()
    one.enrol(folder)
    damage(record(folder))
    kept = folder.parent / "elsewhere"
    before = sorted((path, path.lstat().st_size) for path in [kept, *kept.rglob("*")]) if kept.exists() else []
    with pytest.raises(GalleryError, match="--rebuild"):
        one.enrol(folder)
    assert one.enrol(folder, rebuild=True).people == ("Ada", "Bob")
    assert set(load_enrolled(folder).names) == {"Ada", "Bob"}
    after = sorted((path, path.lstat().st_size) for path in [kept, *kept.rglob("*")]) if kept.exists() else []
    assert after == before  # what a link led to is left alone


@pytest.mark.parametrize("damage", [a_link, the_record_folder_is_a_link, a_folder, a_pipe, another_link])
def test_readers_follow_no_link(folder: Path, damage: Callable[[Path], object]) -> None:
    enroller().enrol(folder)
    damage(record(folder))
    with pytest.raises(GalleryError, match="--rebuild"):
        load_enrolled(folder)


@pytest.fixture
def ordinary_user() -> Iterator[Path]:
    """A folder of a user whom permissions bind; for root that is nobody."""
    with TemporaryDirectory(dir=None if os.geteuid() else "/tmp") as folder:  # noqa: S108 - root's TMPDIR may be closed to others
        if os.geteuid() != 0:
            yield Path(folder)
            return
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
        try:
            yield Path(folder)
        finally:
            os.seteuid(0)


@pytest.mark.parametrize("name", [schema.RECORD_FILE, LOCK_FILE, ""])
def test_what_may_not_be_read_is_rebuilt(ordinary_user: Path, name: str) -> None:
    folder = ordinary_user
    save_picture(folder / "Ada" / "1.png", face_picture((1, 1)))
    enroller().enrol(folder)
    (record(folder).parent / name).chmod(0)
    with pytest.raises(GalleryError, match="--rebuild"):
        enroller().enrol(folder)
    assert enroller().enrol(folder, rebuild=True).people == ("Ada",)
