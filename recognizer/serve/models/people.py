"""Models of the enrolled people and their photos."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import UploadFile
from pydantic import Field, StrictBool

from recognizer.serve.models.common import Model, Rounded
from recognizer.serve.models.faces import Quality

Name = Annotated[str, Field(min_length=1, max_length=255)]
MOST_PHOTOS = 100
"""Of one upload; its bytes are limited, too."""


class Consent(Model):
    """What a person agreed to; times are ISO 8601."""

    given: str
    by: str | None = None
    """Who gave or noted it."""
    until: str | None = None
    """Last day, or a moment; null until it is withdrawn."""
    withdrawn: str | None = None


class NewConsent(Model):
    """The consent of a person, given now."""

    by: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    until: Annotated[str | None, Field(min_length=10, max_length=40)] = None
    """Last day as 2027-03-01, or a moment as 2027-03-01T18:00:00+00:00."""


class Person(Model):
    """An enrolled person."""

    id: str
    """Name of the person's folder; quoted in addresses."""
    name: str
    accepted: int
    """Photos that are used."""
    refused: int
    """Photos that are not used."""
    weak: int
    """Used photos of poor quality, where there is no better one."""
    enrolled_at: str
    consent: Consent | None
    """Null where none is recorded."""
    hidden: bool
    """Recognised as everybody, but not listed unless asked for."""
    withheld: str | None
    """Why the person is not recognised, for want of a consent that holds; else null."""


class People(Model):
    """The people of the gallery, by name."""

    people: list[Person]
    hidden_count: int
    """Hidden people, whether they are listed here or not."""
    model: str | None
    """Fingerprint of the model that made the vectors."""
    changed_at: str | None


class PersonChange(Model):
    """What to change of a person; what is not given stays."""

    name: Name | None = None
    hidden: StrictBool | None = None


class Backup(Model):
    """A backup or an export of the history that may hold a person still."""

    kind: Literal["backup", "export"]
    path: str
    at: str
    found: bool
    """Whether the file is where it was written."""


class PersonForgotten(Model):
    """A person is gone from gallery and history: the result of the job."""

    tracks_deleted: int
    backups: list[Backup]
    """They may hold the person still; delete them by hand."""


class PhotosForm(Model):
    """Photos of one person."""

    photos: Annotated[list[UploadFile], Field(min_length=1, max_length=MOST_PHOTOS)]
    boxes: Annotated[str | None, Field(max_length=10_000)] = None
    """JSON: for each photo null, or the box [x1, y1, x2, y2] of the face to take where there are several."""


class PersonForm(PhotosForm):
    """A new person."""

    name: Name


class AcceptedPhoto(Model):
    """A photo that is used from now on."""

    index: int
    """Its place in the upload, from 0."""
    file: str
    notes: list[str]
    """What limits it, in words."""


class RejectedPhoto(Model):
    """A photo that was not kept."""

    index: int
    code: str
    """``invalid_image``, ``face_not_found``, ``multiple_faces``, ``face_too_small``, ``same_picture`` and others."""
    reason: str
    """In words: what was wanted, what came."""
    boxes: list[tuple[Rounded, Rounded, Rounded, Rounded]] | None = None
    """With ``multiple_faces``: the faces, of which one can be chosen by ``boxes``."""


class PhotosAdded(Model):
    """What came of an upload."""

    person_id: str
    accepted: list[AcceptedPhoto]
    rejected: list[RejectedPhoto]


class PhotoNote(Model):
    """A finding about a photo."""

    finding: str
    text: str


class Photo(Model):
    """A photo of a person."""

    file: str
    accepted: bool
    notes: list[PhotoNote]
    """Why it is refused; or, of an accepted one, what to know about it."""
    quality: Quality | None
    """Of the face that was taken; null where none was."""


class Photos(Model):
    """The photos of a person, by file name."""

    person_id: str
    photos: list[Photo]


class ConfusablePair(Model):
    """Two people whose nearest photos are so alike that one may be taken for the other."""

    person_id: str
    file: str
    other_id: str
    other_file: str
    similarity: Rounded


class OddPhoto(Model):
    """An accepted photo that is unlike the person's other photos."""

    person_id: str
    file: str
    similarity: Rounded


class PoorPhoto(Model):
    """An accepted photo whose vector says less than it could."""

    person_id: str
    file: str
    finding: str
    text: str


class AuditAnswer(Model):
    """What to look into; all lists are empty when there is nothing."""

    people: int
    vectors: int
    confusable: list[ConfusablePair]
    odd_photos: list[OddPhoto]
    poor_photos: list[PoorPhoto]
    weak_people: list[str]
    """Names of those who have weak photos only."""
    unusable_people: list[str]
    """Names of those without an accepted photo: nobody recognises them."""
    single_photo: list[str]
    """Names of those with one photo: more would help."""
