"""Audit an enrolled gallery: people who may be confused, odd and weak photos, changes since enrolment."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from recognizer.gallery.folder import Content, content, scan
from recognizer.gallery.limits import Limits
from recognizer.gallery.records import Enrolled, Finding, ReviewedPhoto
from recognizer.gallery.store import Gallery
from recognizer.types import I64

CONFUSABLE = 0.35
"""Cosine from which the audit names two people: of 640 LFW photos of 160 people, 1.5 % have a stranger that near
(edgeface_xs_q, ``gallery/README.md``)."""


@dataclass(frozen=True, slots=True)
class ConfusablePair:
    """Two people whose most similar photos are so alike that one may be taken for the other."""

    person: str
    file: str
    other: str
    other_file: str
    similarity: float


@dataclass(frozen=True, slots=True)
class OddPhoto:
    """An accepted photo that is unlike all other accepted photos of its person."""

    person: str
    file: str
    similarity: float
    """Cosine to the nearest of the person's other photos."""


@dataclass(frozen=True, slots=True)
class PoorPhoto:
    """An accepted photo whose vector says little, or less than it could."""

    person: str
    file: str
    finding: str
    """``cut_too_tight`` or ``unsteady``."""
    text: str
    """What it costs, and what to do."""


@dataclass(frozen=True, slots=True)
class Audit:
    """Findings of an audit; all empty when there is nothing to do."""

    people: int
    vectors: int
    confusable: tuple[ConfusablePair, ...]
    """The most similar first."""
    odd_photos: tuple[OddPhoto, ...]
    weak_people: tuple[str, ...]
    """Enrolled with weak photos only."""
    unusable_people: tuple[str, ...]
    """Have a folder and no accepted photo: nobody will recognise them."""
    new_photos: tuple[str, ...]
    """In the folder and not in the record, or changed since, as ``person/file``."""
    gone_photos: tuple[str, ...]
    """In the record and no longer in the folder."""
    poor_photos: tuple[PoorPhoto, ...] = ()
    single_photo: tuple[str, ...] = field(default=(), compare=False)
    """Who is enrolled by one photo: nothing is wrong, and more would help."""


def audit(folder: Path, *, suffixes: AbstractSet[str], limits: Limits, confusable: float) -> Audit:
    """Audit an enrolled gallery.

    Args:
        folder: The gallery.
        suffixes: Lower-case endings of picture files.
        limits: Limits that enrolment applies.
        confusable: Cosine from which two people are reported.

    Raises:
        GalleryError: if the gallery or its record is missing or cannot be used.
    """
    with Gallery(folder) as gallery:
        enrolled, people, photos = gallery.enrolled(), gallery.people(), gallery.photos()
    known = {(photo.person, photo.file): photo.content for photo in photos}
    new, gone = stale(folder, known, suffixes=suffixes)
    return Audit(
        people=len(set(enrolled.names)),
        vectors=len(enrolled),
        confusable=confusable_pairs(enrolled, at_least=confusable),
        odd_photos=odd_photos(enrolled, below=limits.same_person),
        weak_people=tuple(person.name for person in people if person.accepted and person.weak == person.accepted),
        unusable_people=tuple(person.name for person in people if not person.accepted),
        new_photos=new,
        gone_photos=gone,
        poor_photos=poor_photos(photos),
        single_photo=tuple(person.name for person in people if person.accepted == 1),
    )


def poor_photos(photos: Iterable[ReviewedPhoto]) -> tuple[PoorPhoto, ...]:
    """Accepted photos that are cut too tight, or whose vector depends on how exactly the face is cut."""
    return tuple(
        PoorPhoto(photo.person, photo.file, note.finding.value, note.text)
        for photo in photos
        if photo.accepted
        for note in photo.notes
        if note.finding in {Finding.CUT_TOO_TIGHT, Finding.UNSTEADY}
    )


def stale(
    folder: Path, known: dict[tuple[str, str], Content | None], *, suffixes: AbstractSet[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Compare the folder with the record.

    Args:
        folder: The gallery.
        known: Content of each (person, file) in the record.
        suffixes: Lower-case endings of picture files.

    Returns:
        Photos that are new or changed, and photos that are gone, both as ``person/file``.
    """
    standing = {(photo.person, photo.file): photo.path for photo in scan(folder, suffixes=suffixes).photos}
    new = tuple(f"{p}/{f}" for (p, f), path in standing.items() if _differs(path, known.get((p, f))))
    gone = tuple(f"{p}/{f}" for p, f in known if (p, f) not in standing)
    return new, gone


def _differs(path: Path, known: Content | None) -> bool:
    if known is None:
        return True
    try:
        return content(path, known).sha256 != known.sha256
    except OSError:
        return True


def confusable_pairs(enrolled: Enrolled, *, at_least: float) -> tuple[ConfusablePair, ...]:
    """Pairs of people whose nearest photos have a cosine of ``at_least``, the most similar first."""
    owners = _owners(enrolled)
    pairs: dict[tuple[int, int], ConfusablePair] = {}
    for row in range(len(enrolled)):
        cosines = enrolled.vectors[row + 1 :] @ enrolled.vectors[row]
        for column in np.nonzero((cosines >= at_least) & (owners[row + 1 :] != owners[row]))[0] + row + 1:
            key = (int(owners[row]), int(owners[column]))
            similarity = float(cosines[column - row - 1])
            if key not in pairs or pairs[key].similarity < similarity:
                names, files = enrolled.names, enrolled.files
                pairs[key] = ConfusablePair(names[row], files[row], names[column], files[column], similarity)
    return tuple(sorted(pairs.values(), key=lambda pair: -pair.similarity))


def odd_photos(enrolled: Enrolled, *, below: float) -> tuple[OddPhoto, ...]:
    """Photos whose nearest sibling has a cosine of less than ``below``."""
    owners = _owners(enrolled)
    odd = []
    for row in range(len(enrolled)):
        siblings = owners == owners[row]
        siblings[row] = False
        if siblings.any():
            best = float((enrolled.vectors[siblings] @ enrolled.vectors[row]).max())
            if best < below:
                odd.append(OddPhoto(enrolled.names[row], enrolled.files[row], best))
    return tuple(odd)


def _owners(enrolled: Enrolled) -> I64:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in enrolled.names], np.int64)
