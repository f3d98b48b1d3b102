"""Models of faces in pictures that clients send."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Literal

from fastapi import UploadFile
from pydantic import Field

from recognizer.serve.models.common import Model, Rounded

Box = tuple[Rounded, Rounded, Rounded, Rounded]
"""x1, y1, x2, y2 px of the picture as it was sent; may reach beyond it."""


class Metric(Enum):
    """How alike two faces are is written as a distance."""

    COSINE = "cosine"
    """1 - similarity, in [0, 2]."""
    EUCLIDEAN = "euclidean"
    """sqrt(2 - 2 similarity), the distance of the two unit vectors, in [0, 2]."""


class VerifyForm(Model):
    """Two pictures to compare."""

    image1: UploadFile
    image2: UploadFile
    metric: Metric = Metric.COSINE


class IdentifyForm(Model):
    """A picture whose faces are to be named."""

    image: UploadFile
    limit: Annotated[int, Field(ge=0, le=50)] = 3
    """Candidates of each face."""


class Quality(Model):
    """How hard a face is to recognise."""

    eyes_px: Rounded
    """Distance between the eyes, px; from 20 up recognition does not get better."""
    sharpness: Rounded
    """Below 20 a face is too blurred to tell whose it is."""
    yaw_deg: Rounded
    """Head turned sideways, [-90, 90]; 0 faces the camera."""
    roll_deg: Rounded
    score: Rounded
    """Of the detector, [0, 1]."""


class VerifiedFace(Model):
    """The most prominent face of a picture."""

    box: Box
    quality: Quality
    notes: list[str]
    """In words: what limits the answer."""


class Verified(Model):
    """Whether two pictures show one person."""

    match: bool | None
    """True where the distance is at most the threshold; null where a face is too poor to decide (see its notes)."""
    distance: Rounded
    """In the requested metric; smaller is more alike."""
    threshold: Rounded | None
    """In the same metric: 1 in 100,000 pairs of strangers is nearer. Null where nobody has measured it."""
    similarity: Rounded
    """Cosine, [-1, 1]; larger is more alike."""
    metric: Metric
    model: str
    """Fingerprint of the embedding model."""
    faces: list[VerifiedFace]
    """Of image1 and image2."""
    request_id: str


class PersonCandidate(Model):
    """An enrolled person who resembles a face."""

    person_id: str
    name: str
    similarity: Rounded
    """Cosine to the nearest photo, [-1, 1]."""


class IdentifiedFace(Model):
    """A face in a picture, and who it is."""

    box: Box
    status: Literal["known", "unknown", "undecided"]
    person_id: str | None
    """Set where the status is known."""
    name: str | None
    similarity: Rounded
    margin: Rounded
    """How much more similar the nearest person is than the next one."""
    candidates: list[PersonCandidate]
    """Who is nearest, whatever the status: no statement that it is them."""
    reasons: list[str]
    quality: Quality
    notes: list[str]


class Identification(Model):
    """All faces of a picture, the most prominent first."""

    faces: list[IdentifiedFace]
    model: str
    request_id: str
