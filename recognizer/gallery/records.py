"""Records of photos, people and enrolled vectors."""

from __future__ import annotations

import enum
import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np

from recognizer.errors import FingerprintError
from recognizer.gallery.folder import Content
from recognizer.types import F32, FaceQuality

_DIGEST = re.compile(r"-[0-9a-f]{8,}$")


class Finding(enum.Enum):
    """Kinds of remarks about a photo."""

    UNREADABLE = "unreadable"
    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    TOO_SMALL = "too_small"
    BLURRED = "blurred"
    EXTREME_POSE = "extreme_pose"
    UNSURE_FACE = "unsure_face"
    TURNED = "turned"
    CUT_TOO_TIGHT = "cut_too_tight"
    UNSTEADY = "unsteady"
    COVERED = "covered"
    PARTLY_COVERED = "partly_covered"
    SAME_PICTURE = "same_picture"
    UNLIKE_OTHERS = "unlike_others"
    LIKE_SOMEONE_ELSE = "like_someone_else"


WEAK_FINDINGS = frozenset(
    {
        Finding.TOO_SMALL,
        Finding.BLURRED,
        Finding.EXTREME_POSE,
        Finding.UNSURE_FACE,
        Finding.UNLIKE_OTHERS,
        Finding.PARTLY_COVERED,
    }
)
"""Findings that make an accepted photo weak: its person has no better one."""


@dataclass(frozen=True, slots=True)
class Note:
    """One finding, in words."""

    finding: Finding
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredFace:
    """The face that was taken from a photo."""

    box: tuple[float, float, float, float]
    """x1, y1, x2, y2 px in the photo."""
    quality: FaceQuality
    """One row."""
    vector: F32
    """(D,) of unit length: the mean of the face and its mirror image."""
    thumbnail: bytes
    """The aligned face, JPEG."""

    def __post_init__(self) -> None:
        if self.vector.ndim != 1 or self.vector.dtype != np.float32:
            raise ValueError(
                f"MeasuredFace.vector: wanted float32 of shape (D,), got {self.vector.dtype} of shape "
                f"{self.vector.shape}."
            )


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """Result of measuring one picture; it depends on the content only, not on whose folder it is in."""

    notes: tuple[Note, ...] = ()
    """Known from the picture alone: unreadable, no face, several faces, covered."""
    face: MeasuredFace | None = None

    @property
    def remarks(self) -> tuple[Note, ...]:
        """The notes that say nothing against the face itself."""
        against = {Finding.COVERED, Finding.PARTLY_COVERED}
        return tuple(note for note in self.notes if note.finding not in against)

    def require_face(self) -> MeasuredFace:
        """Return the face.

        Raises:
            ValueError: if there is none.
        """
        if self.face is None:
            raise ValueError("wanted a measurement with a face, got one without.")
        return self.face


@dataclass(frozen=True, slots=True, eq=False)
class ReviewedPhoto:
    """One photo of one person, and whether it is accepted."""

    person: str
    file: str
    content: Content | None
    """``None`` when the file could not be read at all."""
    accepted: bool
    notes: tuple[Note, ...]
    """Why it was refused; or, when accepted, what to know about it."""


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """One person as the record has them."""

    name: str
    folder: str
    """Name of their folder on disk."""
    accepted: int
    """Accepted photos."""
    refused: int
    weak: int
    """Accepted photos of poor quality, where the person has no better one."""
    enrolled_at: str
    """ISO 8601, UTC."""


@dataclass(frozen=True, slots=True, eq=False)
class Enrolled:
    """The vectors of all accepted photos; row i of ``names`` and ``vectors`` belong together."""

    names: tuple[str, ...]
    """(N,) sorted, a person's rows side by side."""
    files: tuple[str, ...]
    """(N,) the photo each vector came from."""
    vectors: F32
    """(N, D) of unit length."""
    model: str
    """Fingerprint of the model that made them; empty when there are none."""
    folder: str
    """The gallery, for messages."""

    def __len__(self) -> int:
        return len(self.names)

    def without(self, people: AbstractSet[str]) -> Enrolled:
        """Return the same without the vectors of some people."""
        if not people & set(self.names):
            return self
        rows = [row for row, name in enumerate(self.names) if name not in people]
        names, files = tuple(self.names[row] for row in rows), tuple(self.files[row] for row in rows)
        return Enrolled(names, files, self.vectors[rows], self.model, self.folder)

    def require(self, model: str) -> None:
        """Refuse to be compared with another model's vectors.

        Raises:
            FingerprintError: if ``model`` is not the one that made these vectors; it says how to re-embed.
        """
        if len(self) and model != self.model:
            raise FingerprintError(other_model(self.folder, built_with=self.model, in_use=model))


def other_model(folder: object, *, built_with: str, in_use: str) -> str:
    """The message for a gallery of another model, with both ways out."""
    return (
        f"The gallery {folder} was built with {built_with}, but the model in use is {in_use}; vectors of "
        f"different models cannot be compared. Either use --model {model_name(built_with)}, or re-embed the photos: "
        f'python main.py gallery reembed --gallery "{folder}" --model {model_name(in_use)}'
    )


def model_name(fingerprint: str) -> str:
    """The name in front of a fingerprint's digest: what ``--model`` takes."""
    return _DIGEST.sub("", fingerprint)
