"""Which files are photos of whom."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from recognizer.errors import GalleryError
from recognizer.gallery.folder import Content, Stamp, content, make_gallery, scan

SUFFIXES = {".jpg", ".png"}


def put(path: Path, data: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def skipped(folder: Path) -> dict[str, str]:
    return {item.where: item.reason for item in scan(folder, suffixes=SUFFIXES).skipped}


def test_photos_are_listed_by_person(tmp_path: Path) -> None:
    for name in ("Bob/2.JPG", "Bob/1.png", "Ada/x.png", ".recognizer/y.png", "README.md", "Ada/.DS_Store"):
        put(tmp_path / name)
    (tmp_path / "Empty").mkdir()
    found = scan(tmp_path, suffixes=SUFFIXES)
    assert [(photo.person, photo.file) for photo in found.photos] == [
        ("Ada", "x.png"),
        ("Bob", "1.png"),
        ("Bob", "2.JPG"),
    ]
    assert found.people == {"Ada": "Ada", "Bob": "Bob", "Empty": "Empty"}
    assert found.skipped == ()


def test_what_is_not_read_has_a_reason(tmp_path: Path) -> None:
    put(tmp_path / "Ada" / "1.jpg")
    put(tmp_path / "Ada" / "notes.heic")
    put(tmp_path / "Ada" / "nested" / "2.jpg")
    put(tmp_path / "Ada" / "a\nb.jpg")
    put(tmp_path / "loose.jpg")
    put(tmp_path / ".hidden" / "1.jpg")
    put(tmp_path / "back\\slash" / "1.jpg")
    os.mkfifo(tmp_path / "Ada" / "pipe.jpg")
    with (tmp_path / "Ada" / "huge.jpg").open("wb") as file:
        file.truncate(300 * 2**20)
    reasons = skipped(tmp_path)
    assert set(reasons) == {
        "Ada/notes.heic",
        "Ada/nested",
        "Ada/a\\nb.jpg",
        "Ada/pipe.jpg",
        "Ada/huge.jpg",
        "loose.jpg",
        ".hidden",
        "back\\slash",
    }
    assert ".heic is not a picture" in reasons["Ada/notes.heic"]
    assert "300 MB" in reasons["Ada/huge.jpg"]
    assert len(scan(tmp_path, suffixes=SUFFIXES).photos) == 1


def test_links_that_leave_the_gallery_are_refused(tmp_path: Path) -> None:
    secret = put(tmp_path / "elsewhere" / "1.jpg")
    gallery = tmp_path / "gallery"
    inside = put(gallery / "Ada" / "1.jpg")
    (gallery / "Ada" / "out.jpg").symlink_to(secret)
    (gallery / "Ada" / "in.jpg").symlink_to(inside)
    (gallery / "Ada" / "dangling.jpg").symlink_to("nowhere")
    (gallery / "Ada" / "loop.jpg").symlink_to("loop.jpg")
    (gallery / "Bob").symlink_to(secret.parent)
    (gallery / "Loop").symlink_to("Loop")
    reasons = skipped(gallery)
    assert "leaves the gallery" in reasons["Ada/out.jpg"]
    assert "nowhere" in reasons["Ada/dangling.jpg"]
    assert "nowhere" in reasons["Ada/loop.jpg"]
    assert "link to another folder" in reasons["Bob"]
    assert "nowhere" in reasons["Loop"]
    assert [photo.file for photo in scan(gallery, suffixes=SUFFIXES).photos] == ["1.jpg", "in.jpg"]


def test_a_gallery_that_is_a_link_itself_is_read(tmp_path: Path) -> None:
    put(tmp_path / "real" / "Ada" / "1.jpg")
    (tmp_path / "link").symlink_to("real")
    assert len(scan(tmp_path / "link", suffixes=SUFFIXES).photos) == 1


def test_folders_of_equal_names_are_reported(tmp_path: Path) -> None:
    for name in ("Zoë", "Zoe\u0308", "ZOË"):
        put(tmp_path / name / "1.jpg")
    found = scan(tmp_path, suffixes=SUFFIXES)
    assert len(found.photos) == 1
    assert len(found.skipped) == 2
    assert all("the same name as" in item.reason for item in found.skipped)


def test_a_name_that_is_not_utf8_is_reported(tmp_path: Path) -> None:
    try:
        os.mkdir(os.fsencode(tmp_path) + b"/caf\xe9")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    (item,) = scan(tmp_path, suffixes=SUFFIXES).skipped
    assert "not UTF-8" in item.reason
    assert item.where.isprintable()


@pytest.mark.parametrize(
    "name",
    ["@eaDir", "__MACOSX", "#recycle", "lost+found", "$RECYCLE.BIN", "System Volume Information", "._Ada", "@Recycle"],
)
def test_what_systems_leave_is_nobodys(tmp_path: Path, name: str) -> None:
    put(tmp_path / "Ada" / "1.jpg")
    put(tmp_path / "Ada" / name / "1.jpg")
    put(tmp_path / name / "2.jpg")
    put(tmp_path / "._3.jpg")
    found = scan(tmp_path, suffixes=SUFFIXES)
    assert [(photo.person, photo.file) for photo in found.photos] == [("Ada", "1.jpg")]
    assert found.people == {"Ada": "Ada"}
    assert found.skipped == ()


def scandir_that(before: Callable[[Path], None], after: Callable[[Path], None]) -> Callable[[Path], Any]:
    """``os.scandir`` with something that happens before, and something after a folder was listed."""
    listed = os.scandir

    @contextmanager
    def listing(folder: Path) -> Iterator[list[os.DirEntry[str]]]:
        before(Path(folder))
        with listed(folder) as entries:
            found = list(entries)
        after(Path(folder))
        yield found

    return listing


def test_an_unreadable_folder_costs_itself_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "Ada" / "1.jpg")
    put(tmp_path / "Bob" / "1.jpg")

    def deny(folder: Path) -> None:
        if folder.name == "Ada":
            raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(os, "scandir", scandir_that(deny, lambda folder: None))
    found = scan(tmp_path, suffixes=SUFFIXES)
    assert [photo.person for photo in found.photos] == ["Bob"]
    assert found.people == {"Ada": "Ada", "Bob": "Bob"}
    (item,) = found.skipped
    assert item.where == "Ada"
    assert "Permission denied" in item.reason
    assert item.unreadable


def test_a_photo_that_vanishes_after_it_was_listed_costs_itself_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "Ada" / "1.jpg")
    put(tmp_path / "Ada" / "2.jpg")
    monkeypatch.setattr(
        os, "scandir", scandir_that(lambda folder: None, lambda folder: (folder / "1.jpg").unlink(missing_ok=True))
    )
    found = scan(tmp_path, suffixes=SUFFIXES)
    assert [photo.file for photo in found.photos] == ["2.jpg"]
    assert [item.where for item in found.skipped] == ["Ada/1.jpg"]


def test_a_missing_gallery_is_named(tmp_path: Path) -> None:
    with pytest.raises(GalleryError, match="no gallery at"):
        scan(tmp_path / "gone", suffixes=SUFFIXES)


def test_an_old_unchanged_file_is_not_read_again(tmp_path: Path) -> None:
    path = put(tmp_path / "a.jpg", b"one")
    stamp = Stamp.of(path)
    later = Content(b"known", stamp, stamp.changed_ns + 3_000_000_000)
    assert content(path, later) is later


@pytest.mark.parametrize("change", ["content", "touch", "nothing but too fresh"])
def test_a_file_that_may_have_changed_is_read(tmp_path: Path, change: str) -> None:
    path = put(tmp_path / "a.jpg", b"one")
    stamp = Stamp.of(path)
    fresh = change == "nothing but too fresh"
    known = Content(b"known", stamp, stamp.changed_ns + (1_000_000_000 if fresh else 3_000_000_000))
    while not fresh and Stamp.of(path).changed_ns == stamp.changed_ns:  # the file system's clock ticks
        if change == "content":
            path.write_bytes(b"two")
            os.utime(path, ns=(stamp.modified_ns, stamp.modified_ns))  # the time put back: ctime tells
        else:
            path.touch()
    assert content(path, known).sha256 != b"known"


@pytest.mark.parametrize("name", ["a\u202fb.png", "\u3000 1.png", "👨\u200d👩\u200d👧.png", "So\u00adphie\u200c.png"])
def test_file_names_with_spaces_and_joiners_are_ordinary(name: str, tmp_path: Path) -> None:
    put(tmp_path / "Ada" / name)
    found = scan(tmp_path, suffixes={".png"})
    assert [photo.file for photo in found.photos] == [name]
    assert found.skipped == ()


@pytest.mark.parametrize("name", ["a\nb.png", "a\x1b[31m.png", "a\u2029.png", "a\u202eb.png"])
def test_file_names_that_could_garble_a_terminal_are_skipped(name: str, tmp_path: Path) -> None:
    (tmp_path / "Ada").mkdir()
    (tmp_path / "Ada" / name).touch()
    (item,) = scan(tmp_path, suffixes={".png"}).skipped
    assert item.where.isprintable()
    assert item.reason.startswith("the file name holds")


def test_a_gallery_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    make_gallery(tmp_path / "new" / "gallery")
    make_gallery(tmp_path / "new" / "gallery")
    (tmp_path / "file").touch()
    with pytest.raises(GalleryError, match="cannot be made: Not a directory"):
        make_gallery(tmp_path / "file" / "gallery")
