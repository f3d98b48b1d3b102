"""Gather the tracks of a run: one record for each, complete when the track is lost."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from recognizer.clock import WallClock
from recognizer.history.moments import MomentKeeper
from recognizer.history.records import SAMPLES, DecisionFacts, Sample, TrackRecord
from recognizer.types import F32, U8, Event, EventKind, FaceQuality, FrameResult, Identity, Status

INTERIM_S = 30.0
"""A track that lasts longer is also saved so often, so that a power failure loses no more."""
SAVED_AGAIN_US = round(2e6 * INTERIM_S)
"""Tracks that ended so shortly before the newest one may be saved again, and are read again by those who remember."""
_NO_FACTS = DecisionFacts()
MOST_OPEN = 256
"""Open tracks above which old ones that were never reported, as they proved to be no faces, are dropped."""
CROP_PX = 160
"""Largest side of a kept crop."""
CROP_MARGIN = 0.3
"""What a crop shows beyond the box on each side, as a share of the box."""


@dataclass(slots=True)
class _OpenTrack:
    began_at: float
    ended_at: float
    saved_at: float
    identity: Identity | None = None
    person: str | None = None
    status: Status = Status.UNDECIDED
    nearest: str | None = None
    frames: int = 0
    best: list[tuple[float, Sample]] = field(default_factory=list)
    """Worth and sample, the best first."""
    moments: MomentKeeper = field(default_factory=MomentKeeper)


class TrackCollector:
    """Turns the results of a run into records of its tracks.

    Args:
        clock: gives times of day.
        crops: keep a crop of each sample.
        facts: what decisions depend on at the start.
    """

    def __init__(self, clock: WallClock, *, crops: bool = False, facts: DecisionFacts = _NO_FACTS) -> None:
        self._clock = clock
        self.crops = crops
        self.people: frozenset[str] | None = None
        """Who is enrolled since the gallery changed; a track that goes on then bears nobody else's name."""
        self._facts = {0: facts}
        self._tracks: dict[tuple[str, int], _OpenTrack] = {}
        self._origins: dict[str, float] = {}
        """When each source began, as in the event log: its first frame; 0 for files."""

    def gallery_changed(self, people: frozenset[str], facts: DecisionFacts) -> None:
        """Take who is enrolled now, and what results of its revision are decided by; from any thread."""
        self._facts[facts.revision] = facts
        self.people = people

    def add(self, result: FrameResult) -> Iterator[TrackRecord]:
        """Take a result; return the records of tracks that ended, and interim ones of tracks that last."""
        frame, at = result.frame, result.frame.captured_at
        self._origins.setdefault(frame.source, at if self._clock.is_live(frame.source) else 0.0)
        self._add_samples(result)
        for identity in result.identities:
            track = self._track(frame.source, identity.track_id, at)
            track.ended_at, track.identity = at, identity
            track.frames += 1
            track.moments.show(at, identity.status, identity.name)
            if identity.status is not Status.UNDECIDED:
                track.status, track.person = identity.status, identity.name
            if at - track.saved_at >= INTERIM_S:
                track.saved_at = at
                yield self._record(frame.source, identity.track_id, track)
        yield from self.end(frame.source, result.events)
        if len(self._tracks) > MOST_OPEN:
            self._drop_unreported(frame.source, before=at - INTERIM_S)

    def end(self, source: str, events: tuple[Event, ...]) -> Iterator[TrackRecord]:
        """Take events of a source; return the records of the tracks that were lost."""
        for event in events:
            if event.kind is EventKind.LOST and (track := self._tracks.pop((source, event.track_id), None)):
                yield self._record(source, event.track_id, track)

    def flush(self) -> Iterator[TrackRecord]:
        """Return the records of all tracks that have not ended, as they are; a run that failed ends no track."""
        for (source, number), track in self._tracks.items():
            if track.frames:
                yield self._record(source, number, track)

    def _drop_unreported(self, source: str, *, before: float) -> None:
        for key, track in list(self._tracks.items()):
            if key[0] == source and track.frames == 0 and track.began_at < before:
                del self._tracks[key]

    def _track(self, source: str, number: int, at: float) -> _OpenTrack:
        return self._tracks.setdefault((source, number), _OpenTrack(at, at, at))

    def _add_samples(self, result: FrameResult) -> None:
        frame, samples = result.frame, result.samples
        if len(samples) == 0:
            return
        now, facts = self._clock.moment(frame.source, frame.captured_at), self._facts[result.revision]
        for row, number in enumerate(samples.ids.tolist()):
            track = self._track(frame.source, number, frame.captured_at)
            if not samples.templates.doubted[row]:
                track.nearest = samples.matches.names[row]
            only = slice(row, row + 1)
            quality, weight = samples.quality[only], float(samples.templates.weights[row]) - track.moments.weight
            track.moments.add(now, frame.captured_at, samples.templates[only], samples.matches[only], facts)
            worth = worth_of(quality)
            if len(track.best) == SAMPLES and worth <= track.best[-1][0]:
                continue
            crop = crop_of(frame.image, samples.boxes[row]) if self.crops and frame.has_picture else None
            sample = Sample(now, samples.vectors[row], quality, crop, weight)
            track.best.append((worth, sample))
            track.best.sort(key=lambda entry: -entry[0])
            del track.best[SAMPLES:]

    def _record(self, source: str, number: int, track: _OpenTrack) -> TrackRecord:
        identity = track.identity
        samples = tuple(sample for _, sample in track.best)
        record = TrackRecord(
            source=source,
            number=number,
            began=self._clock.moment(source, track.began_at),
            ended=self._clock.moment(source, track.ended_at),
            at_s=track.began_at - self._origins.get(source, 0.0),
            status=track.status,
            person=track.person,
            nearest=track.nearest,
            similarity=-1.0 if identity is None else identity.similarity,
            margin=0.0 if identity is None else identity.margin,
            reasons=() if identity is None else identity.reasons,
            frames=track.frames,
            samples=samples,
            moments=track.moments.kept(samples, lambda at: self._clock.moment(source, at)),
        )
        return record if self.people is None else _among(record, self.people)


def _among(record: TrackRecord, people: frozenset[str]) -> TrackRecord:
    """Take out the names of people who were removed while the track went on: they may be forgotten already.

    Moments at which one of them was nearest go, too: they would not decide again what they decided.
    """
    named = {record.person, record.nearest, *(moment.nearest for moment in record.moments)} - {None}
    if named <= people:
        return record
    moments = tuple(moment for moment in record.moments if moment.nearest is None or moment.nearest in people)
    record = replace(record, moments=moments, reasons=())  # a reason may speak of them
    if record.nearest not in people:
        record = replace(record, nearest=None)
    return record if record.person in people else replace(record, person=None, status=_unnamed(record.status))


def _unnamed(status: Status) -> Status:
    return Status.UNDECIDED if status is Status.KNOWN else status


def worth_of(quality: FaceQuality) -> float:
    """Rank a sample, one row: its face score x the cosine of its yaw x its eyes' distance up to 45 px."""
    eyes_px, _, yaw_deg, _, score = quality.numbers()
    return score * max(0.0, math.cos(math.radians(yaw_deg))) * min(eyes_px, 45.0)


def crop_of(image: U8, box: F32) -> U8 | None:
    """Cut a box with its surroundings out of an (H, W, 3) picture, scaled to ``CROP_PX``; ``None`` beyond it."""
    x1, y1, x2, y2 = (float(side) for side in box)
    wide, high = CROP_MARGIN * (x2 - x1), CROP_MARGIN * (y2 - y1)
    top, left = max(0, int(y1 - high)), max(0, int(x1 - wide))
    part = image[top : max(top, int(y2 + high)), left : max(left, int(x2 + wide))]
    if part.size == 0:
        return None
    scale = CROP_PX / max(part.shape[:2])
    if scale >= 1:
        return part.copy()
    return np.asarray(cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
