"""Convert between records and the rows of the database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from recognizer.gallery.folder import Content, Stamp
from recognizer.gallery.proof import measurement_digest
from recognizer.gallery.records import (
    WEAK_FINDINGS,
    Finding,
    MeasuredFace,
    Measurement,
    Note,
    PersonRecord,
    ReviewedPhoto,
)
from recognizer.types import F32, FaceQuality


class DamagedRow(ValueError):
    """A row that cannot be what was written."""


def now() -> str:
    """Return the time as the record keeps it: ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def measurement_row(sha256: bytes, model: str, measurement: Measurement) -> tuple[Any, ...]:
    """Return the values of the columns ``MEASURED``."""
    face = measurement.face
    parts: tuple[Any, ...] = (None,) * 10
    if face is not None:
        parts = (*face.box, *face.quality.numbers(), face.vector.astype("<f4").tobytes())
    return (sha256, model, notes_text(measurement.notes), *parts)


def measurement_of(row: Sequence[Any], digest: object, thumbnail: bytes | None, *, proved: bool) -> Measurement:
    """Make a measurement of its row.

    Args:
        row: the columns ``MEASURED``.
        digest: the one stored with the row.
        thumbnail: JPEG.
        proved: whether the record's layout has digests.

    Raises:
        DamagedRow: if the digest or a value is wrong.
    """
    if proved:
        require_digest(row, digest)
    _, _, notes, x1, y1, x2, y2, eyes_px, sharpness, yaw, roll, score, vector = row
    face = None
    if vector is not None:
        quality = FaceQuality.of(eyes_px, sharpness, yaw, roll, score)
        face = MeasuredFace((x1, y1, x2, y2), quality, vector_of(vector), thumbnail or b"")
    return Measurement(notes_of(notes), face)


def require_digest(row: Sequence[Any], digest: object) -> None:
    """Check a measurement's row against the digest stored with it.

    Raises:
        DamagedRow: if it does not match.
    """
    if measurement_digest(row) != digest:
        raise DamagedRow("a measurement is not what was written")


def vector_of(blob: object) -> F32:
    """Make a vector of its bytes.

    Raises:
        DamagedRow: if it is not of unit length.
    """
    if isinstance(blob, bytes) and blob and len(blob) % 4 == 0:
        vector = np.frombuffer(blob, "<f4").astype(np.float32)
        if abs(float(np.dot(vector, vector)) - 1) < 1e-3:  # not true of NaN either
            return vector
    raise DamagedRow("a vector is not of unit length")


def notes_of(text: str) -> tuple[Note, ...]:
    """Read notes.

    Raises:
        DamagedRow: if there are no such notes.
    """
    try:
        return tuple(Note(Finding(finding), words) for finding, words in json.loads(text))
    except (ValueError, TypeError) as error:
        raise DamagedRow("a note cannot be read") from error


def notes_text(notes: Iterable[Note]) -> str:
    """Format notes."""
    return json.dumps([[note.finding.value, note.text] for note in notes], ensure_ascii=False)


def photo_of(row: Sequence[Any]) -> ReviewedPhoto:
    """Make a photo of a commit's row.

    Raises:
        DamagedRow: if its notes cannot be read.
    """
    name, file, sha256, size, modified, changed, looked_at, accepted, notes = row
    known = Content(sha256, Stamp(size, modified, changed), looked_at) if sha256 else None
    return ReviewedPhoto(name, file, known, bool(accepted), notes_of(notes))


def content_columns(content: Content | None) -> tuple[Any, ...]:
    """Return the columns sha256, size, modified_ns, changed_ns, looked_at_ns."""
    if content is None:
        return (None,) * 5
    stamp = content.stamp
    return (content.sha256, stamp.size, stamp.modified_ns, stamp.changed_ns, content.hashed_at_ns)


def people_of(rows: Iterable[Sequence[Any]], photos: Iterable[ReviewedPhoto]) -> tuple[PersonRecord, ...]:
    """Make the people of a commit, each with the number of accepted, refused and weak photos.

    Args:
        rows: (name, folder, enrolled_at) of each.
        photos: of all of them.
    """
    notes: dict[str, list[tuple[bool, tuple[Note, ...]]]] = {}
    for photo in photos:
        notes.setdefault(photo.person, []).append((photo.accepted, photo.notes))
    people = []
    for name, folder, enrolled_at in rows:
        of_person = notes.get(name, [])
        accepted = [remarks for is_accepted, remarks in of_person if is_accepted]
        weak = sum(any(note.finding in WEAK_FINDINGS for note in remarks) for remarks in accepted)
        people.append(PersonRecord(name, folder, len(accepted), len(of_person) - len(accepted), weak, enrolled_at))
    return tuple(people)
