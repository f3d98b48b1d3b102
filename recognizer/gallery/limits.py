"""What enrolment requires of a photo: the limits of a face's quality, and limits of similarity."""

from __future__ import annotations

from dataclasses import dataclass

from recognizer.gallery.records import Finding, Measurement, Note
from recognizer.quality import QualityLimits, shortfalls


@dataclass(frozen=True, slots=True)
class Limits(QualityLimits):
    """Limits for photos: of quality, and of the similarity of one person's and of different people's photos.

    A photo that misses a *wanted* limit is weak: it counts only where its person has no better one. One that misses a
    *usable* limit never counts. Likeness was measured with edgeface_xs_q on 640 LFW photos of 160 people (3 to 6 each).
    """

    same_person: float = 0.25
    """Cosine above which two photos in one folder support each other: all 640 photos have such a sibling; a stranger's
    photo put among somebody's photos has one in fewer than 1 of 100 cases."""
    lookalike: float = 0.45
    """Cosine above which photos in two folders may show one person; the most similar of 160 people reach 0.43."""
    clearly_more: float = 0.1
    """How much more a photo must be like someone else than like its siblings to be refused for it."""
    same_picture: float = 0.95
    """Cosine above which two files are one picture: of photos saved again at 0.7 times the size and JPEG quality 60,
    half reach 0.97; of 1,000 pairs of different photos of a person one does."""


def limits_at(*, known: float, margin: float, sure: float) -> Limits:
    """Limits for a network whose similarities are not EdgeFace's, at the rates where EdgeFace's limits lie.

    Args:
        known: cosine at FMR 1e-5.
        margin: from there to the cosine at FMR 1e-3, which EdgeFace's ``same_person`` is (0.26).
        sure: cosine at FMR 1e-6 and 0.1 more; ``lookalike`` is at 1e-6 (0.44).

    Returns:
        Limits by which only files of one content are one picture: from which cosine on other files are is not known.
    """
    return Limits(same_person=known - margin, lookalike=max(sure - 0.1, known), same_picture=1.0)


def limits_without_likeness() -> Limits:
    """Limits for a network whose similarities nobody has measured."""
    return Limits(same_person=-1.0, lookalike=1.0, same_picture=1.0)


def quality_notes(measured: Measurement, limits: QualityLimits) -> tuple[list[Note], list[Note]]:
    """List what makes a photo's face unusable, and what makes it weak, with the measured and the wanted value.

    Raises:
        ValueError: if there is no face.
    """
    missed = shortfalls(measured.require_face().quality, limits)
    notes = [(one.is_unusable, Note(Finding(one.part), one.text)) for one in missed]
    notes += [(note.finding is Finding.COVERED, note) for note in measured.notes if note not in measured.remarks]
    return [note for never, note in notes if never], [note for never, note in notes if not never]
