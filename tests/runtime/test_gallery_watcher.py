"""A gallery that changes while we run."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from recognizer.app import build
from recognizer.gallery.enrol import Enroller
from recognizer.gallery.folder import RECORD_FOLDER
from recognizer.gallery.limits import Limits
from recognizer.gallery.records import Enrolled
from recognizer.runtime.gallery_watcher import GalleryWatcher
from recognizer.types import U8, Embeddings, FaceDetections
from tests.fakes import PaintedFaceDetector, PaintedFaceEmbedder, face_picture, read_picture, save_picture
from tests.rig import wait_until


def enroller() -> Enroller:
    return Enroller(
        detector=PaintedFaceDetector(),
        embedder=PaintedFaceEmbedder(),
        read=read_picture,
        suffixes=frozenset({".png"}),
        limits=Limits(wanted_sharpness=0, usable_sharpness=0),  # painted faces have no texture
    )


class Taken:
    """What the pipeline would have been given."""

    def __init__(self) -> None:
        self.people: list[frozenset[str]] = []
        self.newest: Enrolled | None = None

    def __call__(self, enrolled: Enrolled) -> None:
        self.newest = enrolled
        self.people.append(frozenset(enrolled.names))


def with_two_people(folder: Path) -> tuple[Path, Taken, Callable[[], GalleryWatcher]]:
    gallery, taken = folder / "gallery", Taken()
    for number, name in ((3, "Ada"), (5, "Bob")):
        save_picture(gallery / name / "1.png", face_picture((number, 0)))
    enroller().enrol(gallery)
    model = PaintedFaceEmbedder().model
    return (
        gallery,
        taken,
        lambda: GalleryWatcher(gallery, model=model, enroller=enroller, replace=taken),
    )


def test_who_is_added_comes_and_who_is_removed_goes(tmp_path: Path) -> None:
    gallery, taken, hot = with_two_people(tmp_path)
    with hot():
        save_picture(gallery / "Eve" / "1.png", face_picture((7, 0)))
        assert wait_until(lambda: frozenset({"Ada", "Bob", "Eve"}) in taken.people, seconds=10) < 10
        shutil.rmtree(gallery / "Bob")
        assert wait_until(lambda: frozenset({"Ada", "Eve"}) in taken.people, seconds=10) < 10
        shutil.rmtree(gallery / "Ada")
        shutil.rmtree(gallery / "Eve")
        assert wait_until(lambda: frozenset() in taken.people, seconds=10) < 10
    assert taken.newest is not None
    assert build.index_of(taken.newest).search(Embeddings.empty(PaintedFaceEmbedder().model)).names == ()


def test_who_is_removed_during_an_enrolment_is_forgotten_before_it_ends(tmp_path: Path) -> None:
    gallery, taken, _ = with_two_people(tmp_path)
    seen: list[frozenset[str]] = []

    class RemovesBob(PaintedFaceDetector):
        def detect(self, images: Sequence[U8]) -> list[FaceDetections]:
            seen.append(taken.people[-1] if taken.people else frozenset({"Ada", "Bob"}))
            shutil.rmtree(gallery / "Bob", ignore_errors=True)
            return super().detect(images)

    slow = replace(enroller(), detector=RemovesBob())
    for number in (7, 9):
        save_picture(tmp_path / "Eve" / f"{number}.png", face_picture((number, 0)))
    with GalleryWatcher(gallery, model=PaintedFaceEmbedder().model, enroller=lambda: slow, replace=taken):
        shutil.move(tmp_path / "Eve", gallery / "Eve")
        assert wait_until(lambda: bool(taken.people) and "Eve" in taken.people[-1], seconds=10) < 10
    assert seen == [frozenset({"Ada", "Bob"}), frozenset({"Ada"})]
    assert taken.people == [frozenset({"Ada"}), frozenset({"Ada", "Eve"})]


def test_a_record_that_another_process_changed_is_taken_over(tmp_path: Path) -> None:
    gallery, taken, hot = with_two_people(tmp_path)
    with hot():
        other = tmp_path / "other"
        shutil.copytree(gallery, other)
        shutil.rmtree(other / "Bob")
        enroller().enrol(other)
        record = next((other / RECORD_FOLDER).glob("*.sqlite3"))
        shutil.copy(record, gallery / RECORD_FOLDER / record.name)
        assert wait_until(lambda: taken.people == [frozenset({"Ada"})], seconds=10) < 10


def test_what_changes_nothing_gives_no_new_index(tmp_path: Path) -> None:
    gallery, taken, hot = with_two_people(tmp_path)
    with hot():
        (gallery / "README.md").write_text("about consent")
        save_picture(gallery / "Ada" / "1.png", face_picture((3, 0)))
        assert wait_until(lambda: bool(taken.people), seconds=2) == float("inf")
