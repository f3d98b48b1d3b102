"""Models of what is tried before it is done: a replay, and enrolling from what was seen."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StrictBool

from recognizer.serve.models.common import Model, Rounded
from recognizer.serve.models.history import Moment

_Name = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]


class PhotoOf(Model):
    """A photo of the gallery."""

    person_id: _Name
    file: _Name


class ReplayRequest(Model):
    """What to decide past tracks by; by default as now."""

    known: Annotated[float, Field(ge=-1, le=1)] | None = None
    """Similarity that a name needs."""
    margin: Annotated[float, Field(ge=0, le=1)] | None = None
    """Lead over the next person."""
    without_photos: Annotated[tuple[PhotoOf, ...], Field(max_length=100)] = ()
    """As if these were not enrolled."""
    rejections: StrictBool = True
    """Heed what was rejected."""
    corrected: StrictBool = False
    """Also tracks that a person named, or whose name a person rejected."""
    name: _Name | None = None
    """Only tracks that this person wins or loses."""
    source: _Name | None = None
    since: Moment | None = None
    until: Moment | None = None


class ChangedTrack(Model):
    """A track that would bear another name."""

    track: int
    was: str | None
    now: str | None
    similarity: Rounded
    """Cosine to the person nearest now."""
    source: str
    began: datetime
    reasons: list[str]


class NotComparable(Model):
    """Tracks that cannot be decided again."""

    other_model: int
    without_moments: int
    """An earlier version kept too little of them."""


class ReplayResult(Model):
    """What would change: the result of the job."""

    compared: int
    changed: list[ChangedTrack]
    """The newest first, at most 1000."""
    changed_count: int
    new_names: dict[str, int]
    """Tracks that each person would win."""
    lost_names: dict[str, int]
    corrected: int
    """Tracks that keep what a person said of them."""
    not_comparable: NotComparable
    not_reproduced: int


class ReplayApplied(Model):
    """The tracks of a replay bear their new names."""

    action_id: int
    tracks: int
    """Tracks that were given another name, or lost theirs."""
    unchanged: int
    """Tracks whose name somebody changed since the replay, or which were deleted."""


class EnrolRequest(Model):
    """How a named cluster is enrolled."""

    count: Annotated[int, Field(ge=1, le=20)] = 5
    """Most photos."""
    preview: StrictBool = True
    """Only say what would be enrolled."""


class OfferedPhoto(Model):
    """A kept crop, and whether it is good for a photo."""

    file: str
    """Name of the photo."""
    track_id: int
    at: datetime
    crop_url: str
    chosen: bool
    reason: str
    """Why not; empty for a chosen one."""


class EnrolResult(Model):
    """What would be enrolled, or was: the result of the job."""

    name: str
    tracks: int
    photos: list[OfferedPhoto]
    action_id: int | None
    """Null for a preview, and where no crop is good enough."""
    accepted: list[str]
    rejected: dict[str, str]
    """Photos that enrolment refused, and why."""
