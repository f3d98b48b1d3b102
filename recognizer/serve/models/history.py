"""Models of what was seen: tracks, sightings, unknown people, and corrections."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import AwareDatetime, Field

from recognizer.serve.models.common import Model, Rounded

_LARGEST = 2**63 - 1  # of a database's integers
Identifier = Annotated[int, Field(ge=1, le=_LARGEST)]
IdentifierPath = Annotated[int, Path(ge=1, le=_LARGEST)]
Moment = Annotated[AwareDatetime, Query(ge=datetime(1970, 1, 2, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))]
"""With a zone, such as 2026-03-02T08:00:00Z; a + in an address is written %2B."""
Text = Annotated[str, Query(min_length=1, max_length=2000, pattern=r"^[^\x00]*$")]
Cursor = Annotated[str, Query(max_length=200, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=500, description="Most rows.")]


class PastEvent(Model):
    """A track: one face, followed through one source."""

    id: int
    """For `/v1/tracks/{id}`."""
    time: datetime
    """When it appeared: the time of day at which the frame was taken, UTC."""
    ended_at: datetime
    at_s: Rounded
    """The same in seconds, as in the event log and the event stream: since the camera's first frame in its run, by the
    machine's steady clock, which nobody sets; or since the beginning of a file. ``time`` is the time of day."""
    source: str
    kind: Literal["recognised", "appeared"]
    """Recognised, if it bears a name."""
    track_id: int
    """As in the event log and the event stream."""
    name: str | None
    person_id: str | None
    status: Literal["known", "unknown", "undecided", "named later"]
    nearest: str | None
    """The nearest enrolled person, named or not."""
    similarity: Rounded
    """Cosine to that person."""
    margin: Rounded
    reasons: list[str]
    model: str
    gallery_revision: str | None
    crop_url: str | None
    """Of its best picture; null where none is kept."""


class EventsAnswer(Model):
    """Tracks, the newest first."""

    events: list[PastEvent]
    next: str | None
    """Cursor of the next page, for `after`; null at the end."""


class KeptSample(Model):
    """One of the best faces of a track."""

    at: datetime
    eyes_px: Rounded
    sharpness: Rounded
    yaw_deg: Rounded
    roll_deg: Rounded
    score: Rounded
    crop_url: str | None


class TrackAnswer(PastEvent):
    """A track with its best faces."""

    frames: int
    """In which it was reported."""
    known: Rounded
    """Similarity that a name needed then."""
    samples: list[KeptSample]


class SightingAnswer(Model):
    """A person, without a long gap."""

    name: str
    person_id: str | None
    """Null for somebody who was named later and is not enrolled."""
    sources: list[str]
    first_at: datetime
    last_at: datetime
    duration_s: Rounded
    track_ids: list[int]


class SightingsAnswer(Model):
    """Sightings, the newest first."""

    sightings: list[SightingAnswer]
    since: datetime
    """Also where the request gave none: a week ago."""
    next: str | None


class CropAnswer(Model):
    """A kept picture of a face."""

    track_id: int
    at: datetime
    url: str


class Suggestion(Model):
    """The nearest enrolled person: no statement that it is them."""

    person_id: str | None
    name: str
    similarity: Rounded
    wanted: Rounded
    """Similarity that a name needs."""
    missing: list[str]
    """What a name lacks, in words."""


class UnknownAnswer(Model):
    """A cluster of unknown tracks: probably one person."""

    id: int
    count: int
    """Tracks."""
    first_at: datetime
    last_at: datetime
    sources: list[str]
    track_ids: list[int]
    best_crops: list[CropAnswer]
    """Different ones, at most five; none where no crops are kept."""
    suggestion: Suggestion | None


class UnknownsAnswer(Model):
    """Unknown people, the most frequent first."""

    unknowns: list[UnknownAnswer]
    next: str | None
    updating: bool
    """New tracks are still being put into clusters; ask again."""


class NameRequest(Model):
    """A name for a cluster."""

    name: Annotated[str, Field(min_length=1, max_length=1000)]


class SplitRequest(Model):
    """Tracks that are somebody else."""

    track_ids: Annotated[list[Identifier], Field(min_length=1, max_length=1000)]


class MergeRequest(Model):
    """Clusters that are one person."""

    into: Identifier
    others: Annotated[list[Identifier], Field(min_length=1, max_length=1000)]


class ActionMade(Model):
    """A correction was made."""

    action_id: int
    """For `/v1/actions/{id}/undo`."""


class SplitMade(ActionMade):
    """Tracks are a cluster of their own now."""

    unknown_id: int


class RejectionMade(ActionMade):
    """A name was rejected."""

    name: str
    """Who the track is not."""
    similarity: Rounded
    """Of the track to that person: where it is high, the person may be rejected, too, in such light or pose."""


class ActionAnswer(Model):
    """A correction."""

    id: int
    at: datetime
    kind: str
    what: str
    """In words."""
    undone_at: datetime | None


class ActionsAnswer(Model):
    """Corrections, the newest first."""

    actions: list[ActionAnswer]
    next: str | None


class Undone(Model):
    """What was taken back."""

    action_id: int
    what: str


class HitAnswer(Model):
    """A track that resembles the face."""

    similarity: Rounded
    """Largest cosine of its samples to the face."""
    event: PastEvent


class SearchAnswer(Model):
    """Tracks that show a face, the most similar first."""

    hits: list[HitAnswer]
    model: str
    from_similarity: Rounded
    """Least similarity of a hit."""


class CountedAnswer(Model):
    """What the history says of a time span."""

    since: datetime
    until: datetime
    sources: int
    named: int
    """Tracks that the recognition named, also those whose name was rejected."""
    strangers: int
    """Tracks without a name, and those whose name was rejected."""
    rejected: int
    """Wrong names that somebody noticed and rejected."""
    rejected_share: Rounded | None
    """Of the strangers; what `fpir_allowed` promises."""
    rejected_per_camera_month: Rounded | None
    drift: dict[str, Any] | None


class TrustAnswer(Model):
    """What names are decided by, and how well that held."""

    model: str
    thresholds: dict[str, float]
    """`known`, `release`, `margin` and `sure`, in force with the present gallery."""
    basis: Literal["settings", "site", "model", "defaults"]
    """Why these: a file that the settings name, the calibration of this site, that of the model, or none."""
    given: list[str]
    """Thresholds that the settings give."""
    calibrated_at: datetime | None
    measured_on: str | None
    budget: str | None
    """The allowed rate of wrong names, as it was written; null where none was set."""
    fpir_allowed: Rounded | None
    """Share of strangers that may get a name."""
    enrolled: int
    raised_by: Rounded
    """Cosine by which the site's own strangers raised the thresholds."""
    counted: CountedAnswer
