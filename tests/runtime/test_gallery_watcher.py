"""A gallery that changes while we run."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from recognizer.app import build
from recognizer.gallery.consent import Consent, Consents, write_consent
from recognizer.gallery.enrol import Enroller
from recognizer.gallery.folder import RECORD_FOLDER
from recognizer.gallery.limits import Limits
from recognizer.gallery.records import Enrolled
from recognizer.runtime.gallery_watcher import GalleryWatcher, stamp_of_record
from recognizer.types import U8, DetectionMode, Embeddings, FaceDetections
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
        lambda: GalleryWatcher(gallery, model=model, enroller=enroller, replace=taken, since=stamp_of_record(gallery)),
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


def test_who_came_while_the_pipeline_was_made_is_given(tmp_path: Path) -> None:
    gallery, taken, _ = with_two_people(tmp_path)
    since = stamp_of_record(gallery)
    save_picture(gallery / "Eve" / "1.png", face_picture((7, 0)))
    enroller().enrol(gallery)  # by another process, after the pipeline read who there is
    model = PaintedFaceEmbedder().model
    with GalleryWatcher(gallery, model=model, enroller=enroller, replace=taken, since=since):
        assert wait_until(lambda: taken.people == [frozenset({"Ada", "Bob", "Eve"})], seconds=10) < 10


def test_who_is_removed_during_an_enrolment_is_forgotten_before_it_ends(tmp_path: Path) -> None:
    gallery, taken, _ = with_two_people(tmp_path)
    seen: list[frozenset[str]] = []

    class RemovesBob(PaintedFaceDetector):
        def detect(self, images: Sequence[U8], mode: DetectionMode = DetectionMode.EXACT) -> list[FaceDetections]:
            seen.append(taken.people[-1] if taken.people else frozenset({"Ada", "Bob"}))
            shutil.rmtree(gallery / "Bob", ignore_errors=True)
            return super().detect(images)

    slow = replace(enroller(), detector=RemovesBob())
    for number in (7, 9):
        save_picture(tmp_path / "Eve" / f"{number}.png", face_picture((number, 0)))
    with GalleryWatcher(
        gallery, model=PaintedFaceEmbedder().model, enroller=lambda: slow, replace=taken, since=stamp_of_record(gallery)
    ):
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


@pytest.mark.long
def test_what_changes_nothing_gives_no_new_index(tmp_path: Path) -> None:
    gallery, taken, hot = with_two_people(tmp_path)
    with hot():
        (gallery / "README.md").write_text("about consent")
        save_picture(gallery / "Ada" / "1.png", face_picture((3, 0)))
        assert wait_until(lambda: bool(taken.people), seconds=2) == float("inf")


def watching(gallery: Path, taken: Taken, make: Callable[[], Enroller], behind_s: float = 60) -> GalleryWatcher:
    model = PaintedFaceEmbedder().model
    return GalleryWatcher(
        gallery, model=model, enroller=make, replace=taken, since=stamp_of_record(gallery), behind_s=behind_s
    )


def test_a_photo_that_fails_costs_itself_and_keeps_nobody_named(tmp_path: Path, logged: list[str]) -> None:
    gallery, taken, _ = with_two_people(tmp_path)

    def read(path: Path) -> U8:
        if path.parent.name == "Mallory":
            shutil.rmtree(gallery / "Bob", ignore_errors=True)
            raise RuntimeError("Decoding of color planes failed")
        return read_picture(path)

    with watching(gallery, taken, lambda: replace(enroller(), read=read)):
        save_picture(gallery / "Mallory" / "x.png", face_picture((7, 0)))
        assert wait_until(lambda: bool(taken.people), seconds=10) < 10
        save_picture(gallery / "Eve" / "1.png", face_picture((9, 0)))
        assert wait_until(lambda: taken.people[-1] == {"Ada", "Eve"}, seconds=10) < 10
        shutil.rmtree(gallery / "Ada")
        assert wait_until(lambda: taken.people[-1] == {"Eve"}, seconds=10) < 10
    assert sum("refused Mallory/x.png" in line for line in logged) == 1
    assert taken.people[0] == {"Ada"}


@pytest.mark.long
def test_whatever_fails_is_tried_again_and_removals_do_not_wait(tmp_path: Path, logged: list[str]) -> None:
    gallery, taken, _ = with_two_people(tmp_path)
    broken = True

    def make() -> Enroller:
        if broken:
            raise ZeroDivisionError("any error")
        return enroller()

    with watching(gallery, taken, make, behind_s=0):
        save_picture(gallery / "Eve" / "1.png", face_picture((7, 0)))
        assert wait_until(lambda: any("any error" in line for line in logged), seconds=10) < 10
        shutil.rmtree(gallery / "Bob")
        assert wait_until(lambda: taken.people == [{"Ada"}], seconds=10) < 10
        broken = False
        assert wait_until(lambda: taken.people[-1] == {"Ada", "Eve"}, seconds=20) < 20
        assert wait_until(lambda: any("up to date again" in line for line in logged), seconds=10) < 10
    assert sum("is tried again" in line for line in logged) == 1
    assert sum("behind its folder" in line for line in logged) == 1


def test_who_is_removed_is_forgotten_when_the_record_cannot_be_read(tmp_path: Path, logged: list[str]) -> None:
    gallery, taken, hot = with_two_people(tmp_path)
    with hot():
        record = next((gallery / RECORD_FOLDER).glob("*.sqlite3"))
        record.write_bytes(b"no record at all" * 300)
        assert wait_until(lambda: any("is tried again" in line for line in logged), seconds=10) < 10
        shutil.rmtree(gallery / "Bob")
        assert wait_until(lambda: taken.people == [{"Ada"}], seconds=10) < 10
        assert wait_until(lambda: any("Bob is forgotten" in line for line in logged), seconds=10) < 10


@pytest.mark.long
def test_the_watch_goes_on_when_the_whole_gallery_goes_and_comes_back(tmp_path: Path) -> None:
    gallery, taken, hot = with_two_people(tmp_path)
    with hot():
        gallery.rename(tmp_path / "away")
        assert wait_until(lambda: taken.people[-1:] == [frozenset()], seconds=20) < 20
        (tmp_path / "away").rename(gallery)
        assert wait_until(lambda: taken.people[-1] == {"Ada", "Bob"}, seconds=20) < 20
        shutil.rmtree(gallery / "Bob")
        assert wait_until(lambda: taken.people[-1] == {"Ada"}, seconds=20) < 20


def test_a_consent_that_ends_or_is_withdrawn_during_a_run_is_heeded(tmp_path: Path, logged: list[str]) -> None:
    gallery, taken, _ = with_two_people(tmp_path)
    now = [dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)]
    write_consent(gallery / "Bob", Consent("2026-01-01", until=(now[0] + dt.timedelta(minutes=1)).isoformat()))
    with GalleryWatcher(
        gallery,
        model=PaintedFaceEmbedder().model,
        enroller=enroller,
        replace=taken,
        since=stamp_of_record(gallery),
        consents=Consents(gallery, now=lambda: now[0]),
    ):
        assert wait_until(lambda: taken.people == [frozenset({"Ada", "Bob"})], seconds=10) < 10
        now[0] += dt.timedelta(minutes=1)
        assert wait_until(lambda: taken.people[-1] == frozenset({"Ada"}), seconds=10) < 10
        write_consent(gallery / "Bob", Consent("2026-03-02"))
        assert wait_until(lambda: taken.people[-1] == frozenset({"Ada", "Bob"}), seconds=10) < 10
        write_consent(gallery / "Ada", Consent("2026-01-01", withdrawn="2026-03-02"))
        assert wait_until(lambda: taken.people[-1] == frozenset({"Bob"}), seconds=10) < 10
    assert "WARNING gallery: Bob is no longer recognised: consent ended on 2026-03-02 12:01" in logged
    assert "WARNING gallery: Ada is no longer recognised: consent was withdrawn on 2026-03-02" in logged


def test_a_reload_is_done_although_nothing_changed_in_the_folder(tmp_path: Path) -> None:
    """Rejections of the history may have changed."""
    _, taken, hot = with_two_people(tmp_path)
    with hot() as watcher:
        watcher.reload()
        assert wait_until(lambda: len(taken.people) == 1, seconds=10) < 10
    assert taken.people == [frozenset({"Ada", "Bob"})]
