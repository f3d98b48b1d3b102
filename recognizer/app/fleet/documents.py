"""What service and boxes say to each other, as JSON."""

from __future__ import annotations

import base64
import math
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from recognizer.errors import FleetError
from recognizer.gallery import stored
from recognizer.gallery.consent import Consent
from recognizer.gallery.records import Finding, MeasuredFace, Measurement, Note
from recognizer.gallery.shared import SharedPerson, SharedPhoto
from recognizer.types import FaceQuality

Name = Annotated[str, Field(min_length=1, max_length=255)]
BOX_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"
"""Names of boxes: they stand before the names of their cameras."""


class Document(BaseModel):
    """Base of all: an unknown field is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class FleetPhoto(Document):
    """An accepted photo without its picture."""

    file: Name
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    notes: list[tuple[str, str]]
    box: tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat]
    quality: tuple[FiniteFloat | None, FiniteFloat | None, FiniteFloat | None, FiniteFloat | None, FiniteFloat | None]
    """eyes_px, sharpness, yaw_deg, roll_deg, score; null: not known."""
    vector: str
    """float32, little-endian, of unit length; base64."""


class FleetConsent(Document):
    """What a person agreed to."""

    given: str
    by: str | None = None
    until: str | None = None
    withdrawn: str | None = None


class FleetPerson(Document):
    """Everything by which somebody is recognised."""

    name: Name
    folder: Name
    hidden: bool
    consent: FleetConsent | None
    photos: list[FleetPhoto]


class FleetRejection(Document):
    """A face that is not the person it was taken for."""

    id: int
    person: Name
    at_us: int
    """Microseconds since 1970."""
    vector: str
    """float16, little-endian, of unit length; base64."""


class FleetGallery(Document):
    """Changes of the gallery since a revision; signed in the header X-Fleet-Signature."""

    cursor: str
    """The revision up to which these changes lead."""
    full: bool
    """Everybody is named from the beginning; who is not named is not in the gallery."""
    more: bool
    """There are further changes after ``cursor``."""
    model: str
    """Fingerprint of the model that made the vectors."""
    people: list[FleetPerson]
    """Who is new or changed, whole."""
    gone: list[Name]
    calibration: dict[str, Any] | None
    """Thresholds of the gallery's own calibration; null: unchanged, empty: there is none."""
    rejections: list[FleetRejection] | None
    """All of them; null: unchanged."""


class FleetJoin(Document):
    """A code that is exchanged."""

    code: Annotated[str, Field(min_length=1, max_length=200)]
    nonce: Annotated[str, Field(min_length=16, max_length=100)]


class FleetJoined(Document):
    """The credential of a box, in this answer only; signed in the header X-Fleet-Signature."""

    box: str
    token: str
    key: str
    """The service's public key, Ed25519; base64."""


class FleetPushed(Document):
    """What became of pushed tracks; all that are counted here are done with."""

    added: int
    updated: int
    forgotten: int
    """Of people who were deleted meanwhile; they are not kept."""
    refused: list[tuple[int, str]]
    """Line, from 0, and why."""


class FleetBox(Document):
    """A box as the service knows it."""

    name: str
    state: Literal["joined", "invited", "revoked"]
    joined_at: str | None
    seen_at: str | None
    """When it last pulled or pushed; ISO 8601."""
    behind: int | None
    """How many people and things changed that it has not pulled; null where it has not joined."""
    tracks: int
    """Tracks that it pushed."""


class FleetBoxes(Document):
    """The boxes of a fleet, by name."""

    boxes: list[FleetBox]


class FleetCode(Document):
    """A code for a new box, in this answer only."""

    box: str
    code: str


class FleetInvite(Document):
    """A box to invite."""

    name: Annotated[str, Field(pattern=BOX_NAME)]


def person_document(person: SharedPerson) -> FleetPerson:
    """Encode a person."""
    consent = None if person.consent is None else FleetConsent(**person.consent.as_dict())
    photos = [_photo_document(photo) for photo in person.photos]
    return FleetPerson(name=person.name, folder=person.folder, hidden=person.hidden, consent=consent, photos=photos)


def person_of(document: FleetPerson) -> SharedPerson:
    """Decode a person.

    Raises:
        FleetError: if a value cannot be what was meant.
    """
    consent = None if document.consent is None else Consent(**document.consent.model_dump())
    try:
        photos = tuple(map(_photo_of, document.photos))
    except (ValueError, stored.DamagedRow) as error:
        raise FleetError(
            f"What the service says of {document.name} cannot be used ({error}); is this program older than it?"
        ) from error
    return SharedPerson(document.name, document.folder, photos, consent, document.hidden)


def encoded(data: bytes) -> str:
    """Return base64."""
    return base64.b64encode(data).decode("ascii")


def _photo_document(photo: SharedPhoto) -> FleetPhoto:
    face = photo.measurement.require_face()
    numbers = [float(number) if math.isfinite(number) else None for number in face.quality.numbers()]
    return FleetPhoto(
        file=photo.file,
        sha256=photo.sha256.hex(),
        notes=[(note.finding.value, note.text) for note in photo.notes],
        box=face.box,
        quality=(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]),
        vector=encoded(face.vector.astype("<f4").tobytes()),
    )


def _photo_of(document: FleetPhoto) -> SharedPhoto:
    notes = tuple(Note(Finding(finding), text) for finding, text in document.notes)
    quality = FaceQuality.of(*(math.nan if number is None else number for number in document.quality))
    vector = stored.vector_of(base64.b64decode(document.vector, validate=True)).astype(np.float32)
    face = MeasuredFace(document.box, quality, vector, b"")
    return SharedPhoto(document.file, bytes.fromhex(document.sha256), notes, Measurement(notes, face))
