"""An enroller for painted faces, and what it reports in few words."""

from __future__ import annotations

from recognizer.gallery.enrol import Enroller, EnrolReport
from recognizer.gallery.limits import Limits
from tests.fakes import PaintedFaceDetector, PaintedFaceEmbedder, read_picture

FLAT = Limits(wanted_sharpness=0, usable_sharpness=0)  # painted faces have no texture


def enroller(*, model: str = "painted-0123456789ab") -> Enroller:
    return Enroller(
        detector=PaintedFaceDetector(),
        embedder=PaintedFaceEmbedder(model=model),
        read=read_picture,
        suffixes={".png", ".jpg"},
        limits=FLAT,
    )


def accepted(report: EnrolReport) -> dict[str, bool]:
    return {f"{photo.person}/{photo.file}": photo.accepted for photo in report.photos}


def words(report: EnrolReport, where: str) -> str:
    photo = next(photo for photo in report.photos if f"{photo.person}/{photo.file}" == where)
    return "; ".join(note.text for note in photo.notes)
