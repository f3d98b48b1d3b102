"""Records with painted people, written without photos."""

from __future__ import annotations

from pathlib import Path

from recognizer.gallery import schema
from recognizer.gallery.folder import Content, Stamp
from recognizer.gallery.records import Finding, MeasuredFace, Measurement, Note, ReviewedPhoto
from recognizer.gallery.store import Gallery
from recognizer.types import FaceQuality
from tests.fakes import painted_vector

MODEL = "painted-0123456789ab"
QUALITY = FaceQuality.of(40.5, 120.25, -3.5, 1.5, 0.99)
NOTE = Note(Finding.SEVERAL_FACES, "2 faces; “the left”")


def face(person: int, photo: int) -> MeasuredFace:
    return MeasuredFace((1, 2, 3, 4), QUALITY, painted_vector(person, photo), b"thumbnail of %d-%d" % (person, photo))


def commit(folder: Path, people: dict[str, list[int]], *, model: str = MODEL) -> None:
    """Enrol each person, known by the place in the alphabet, with the given photos."""
    reviewed = []
    with Gallery(folder, write=True, purpose="test") as gallery:
        for name, photos in people.items():
            for photo in photos:
                sha256 = f"{name}{photo}".encode()
                gallery.store(sha256, model, Measurement((NOTE,), face(ord(name[0]) % 13, photo)))
                content = Content(sha256, Stamp(1, 2, 3), 4)
                reviewed.append(ReviewedPhoto(name, f"{photo}.png", content, True, (NOTE,)))
        gallery.commit_enrolment(reviewed, people={name: name for name in people}, model=model)


def record(folder: Path) -> Path:
    return folder / ".recognizer" / schema.RECORD_FILE
