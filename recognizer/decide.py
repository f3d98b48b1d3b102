"""Stage 7, DECIDE: gather the evidence of each track and say who it is, or that it is not known, and why.

Three questions, in this order:

1. Is it a face? MTCNN takes hands, flowers and cushions for faces, scored up to 0.97 in single frames. A face scores
   high for many frames; only then is a track reported at all.
2. What does it look like? Each look at the face adds to the track's template, a mean of its vectors weighted by what
   was measured to predict a good match: pixels between the eyes and how far the head is turned.
3. Who is it? The template is compared with everybody. A name needs similarity, a lead over the next person, and more
   than one look; it is given up only at a lower similarity; it is revised when the face turns out to be another's.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from recognizer.types import (
    EMBEDDING_SIZE,
    F32,
    Embeddings,
    Event,
    EventKind,
    FaceQuality,
    Frame,
    Identity,
    Matches,
    Status,
    Tracks,
)

FACE_WINDOW = 8
"""Frames over which a face score must hold. In 13,700 face-frames of six clips no object held 0.95 for so long, and no
frontal face failed to."""
SURE_FACE = 0.99
"""A track whose first SURE_FRAMES all score so high is a face without waiting."""
SURE_FRAMES = 4
GOOD_EYES_PX = 45.0
"""Distance between the eyes from which more pixels add little (median similarity to oneself 0.41 at 15 to 20 px, 0.54
at 30 to 45, 0.70 at 45 to 60, 0.73 above: two clips, 1,350 faces)."""
SHOWN_SCORE = 0.5
"""A face that turned away is followed below this score, in case it turns back, but not shown."""
WEAK_SCORE = 0.9
"""A look at a lower face score hardly counts: it is half a face, or none."""
FIRST_WAITS_S = (0.08, 0.12, 0.2, 0.3)
"""Time between the first looks of a track; then the last of them until it is settled."""
OTHER_FACE = 0.15
"""A look less similar to the track's template than this, twice running, is another face."""
LARGER = 1.3
"""A face that has grown so much since the last look is worth another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What a name needs; from a calibration file."""

    known: float
    """Similarity of the template to the person."""
    release: float
    """Similarity below which a name, once given, is withdrawn."""
    margin: float
    """Lead over the next person."""
    sure: float
    """Similarity at which one look is enough, and at which two tracks of one frame may bear one name."""
    evidence: float = 0.5
    """Sum of the looks' weights for a name, or to be called unknown; a good frontal look weighs 1."""


@dataclass(slots=True)
class _Evidence:
    """What is known about one track."""

    first_at: float
    last_at: float
    box: F32
    scores: deque[float] = field(default_factory=lambda: deque(maxlen=FACE_WINDOW))
    frames: int = 0
    is_face: bool = False
    vector_sum: NDArray[np.float64] = field(default_factory=lambda: np.zeros(EMBEDDING_SIZE))
    weight: float = 0.0
    looks: int = 0
    strangers: list[tuple[F32, float]] = field(default_factory=list)
    look_due_at: float = -math.inf
    largest_px: float = 0.0
    best: FaceQuality | None = None
    status: Status = Status.UNDECIDED
    name: str | None = None
    nearest: str | None = None
    similarity: float = -1.0
    margin: float = 0.0
    told: bool = False

    @property
    def template(self) -> F32:
        return np.asarray(self.vector_sum / max(float(np.linalg.norm(self.vector_sum)), 1e-12), np.float32)


class Decider:
    """The evidence and the identities of one source.

    Args:
        thresholds: what a name needs.
        face_score: mean O-Net score that makes a track a face.
        recheck_s: a settled track is looked at again so often.
        still: the frames are unrelated pictures: one frame must do.
    """

    def __init__(
        self, *, thresholds: Thresholds, face_score: float = 0.95, recheck_s: float = 2.0, still: bool = False
    ) -> None:
        self._thresholds = thresholds
        self._face_score = face_score
        self._recheck_s = recheck_s
        self._still = still
        self._tracks: dict[int, _Evidence] = {}

    def observe(self, frame: Frame, tracks: Tracks) -> NDArray[np.bool_]:
        """Take note of the tracks seen in a frame.

        Returns:
            (T,) bool: whose faces should be aligned, embedded and matched now.
        """
        at = frame.captured_at
        asked = np.zeros(len(tracks), bool)
        for row, (number, score) in enumerate(zip(tracks.ids.tolist(), tracks.scores.tolist(), strict=True)):
            box = tracks.boxes[row]
            evidence = self._tracks.setdefault(number, _Evidence(at, at, box))
            evidence.last_at, evidence.box = at, box
            evidence.scores.append(score)
            evidence.frames += 1
            evidence.is_face = evidence.is_face or self._holds(evidence)
            size_px = float(np.sqrt(np.maximum(box[2:] - box[:2], 0).prod()))
            grown = evidence.looks > 0 and size_px > LARGER * evidence.largest_px
            worth = score >= WEAK_SCORE or (evidence.is_face and score >= SHOWN_SCORE)
            if worth and (at >= evidence.look_due_at or grown):
                asked[row] = True
                evidence.largest_px = max(evidence.largest_px, size_px)
        return asked

    def learn(self, at: float, embeddings: Embeddings, quality: FaceQuality) -> Embeddings:
        """Add looks to their tracks.

        Args:
            at: time of the frame, seconds.
            embeddings: one row for each look.
            quality: the same rows.

        Returns:
            The templates of those tracks, in the same order, to be matched.
        """
        weights = weigh(quality)
        for row, number in enumerate(embeddings.track_ids.tolist()):
            evidence = self._tracks[number]
            self._add(evidence, embeddings.vectors[row], float(weights[row]))
            if evidence.best is None or weights[row] >= weigh(evidence.best)[0]:
                evidence.best = quality[row : row + 1]
            settled = evidence.status is not Status.UNDECIDED
            wait = self._recheck_s if settled else FIRST_WAITS_S[min(evidence.looks, len(FIRST_WAITS_S)) - 1]
            evidence.look_due_at = at + wait
        vectors = [self._tracks[number].template for number in embeddings.track_ids.tolist()]
        stacked = np.stack(vectors) if vectors else embeddings.vectors
        return Embeddings(stacked, embeddings.norms, embeddings.track_ids, embeddings.model)

    def decide(
        self, frame: Frame, tracks: Tracks, alive: frozenset[int], probes: Embeddings, matches: Matches
    ) -> tuple[NDArray[np.bool_], tuple[Identity, ...], tuple[Event, ...]]:
        """Say who the tracks are.

        Args:
            frame: the frame.
            tracks: the tracks seen in it.
            alive: numbers of the tracks that may still be seen again.
            probes: the templates that were matched.
            matches: their nearest people, the same rows.

        Returns:
            (T,) bool, which tracks are reported; an identity for each of those; what happened.
        """
        before = {number: (evidence.status, evidence.name) for number, evidence in self._tracks.items()}
        for row, number in enumerate(probes.track_ids.tolist()):
            self._judge(self._tracks[number], matches[row : row + 1])
        reported = np.array([self._tracks[number].is_face for number in tracks.ids.tolist()], bool)
        reported &= tracks.scores >= SHOWN_SCORE
        shown = tracks.ids[reported].tolist()
        self._settle_rivals(shown)
        identities = tuple(self._identity(number, shown) for number in shown)
        events = tuple(self._happened(frame, before, shown, alive))
        for number in [number for number in self._tracks if number not in alive]:
            del self._tracks[number]
        return reported, identities, events

    def end(self, at: float, source: str) -> tuple[Event, ...]:
        """The source has ended: all tracks are lost."""
        events = tuple(_event(EventKind.LOST, n, e, at, source) for n, e in self._tracks.items() if e.told)
        self._tracks.clear()
        return events

    def forget_looks(self) -> None:
        """The gallery changed: look at everybody again, now."""
        for evidence in self._tracks.values():
            evidence.look_due_at = -math.inf

    def _holds(self, evidence: _Evidence) -> bool:
        scores = evidence.scores
        if self._still:
            return scores[-1] >= self._face_score
        if len(scores) == FACE_WINDOW and sum(scores) / FACE_WINDOW >= self._face_score:
            return True
        return evidence.frames == SURE_FRAMES and min(scores) >= SURE_FACE

    def _add(self, evidence: _Evidence, vector: F32, weight: float) -> None:
        evidence.looks += 1
        if evidence.looks > 1 and weight > 0.2 and float(vector @ evidence.template) < OTHER_FACE:
            evidence.strangers.append((vector, weight))
            if len(evidence.strangers) < 2:
                return
            evidence.vector_sum = np.zeros(EMBEDDING_SIZE)
            evidence.weight = 0.0
            for stranger, its_weight in evidence.strangers:
                evidence.vector_sum += its_weight * stranger
                evidence.weight += its_weight
            evidence.best = None
        else:
            evidence.vector_sum += weight * vector
            evidence.weight += weight
        evidence.strangers.clear()

    def _judge(self, evidence: _Evidence, match: Matches) -> None:
        wanted = self._thresholds
        nearest, similarity = match.names[0], float(match.similarities[0])
        evidence.nearest, evidence.similarity = nearest, similarity
        evidence.margin = similarity - float(match.runner_up[0])
        keeps = evidence.name is not None and nearest == evidence.name
        enough = evidence.weight >= wanted.evidence and (evidence.looks > 1 or self._still)
        if keeps and similarity >= wanted.release and evidence.margin >= wanted.margin / 2:
            evidence.status = Status.KNOWN
        elif (
            nearest is not None
            and similarity >= wanted.known
            and evidence.margin >= wanted.margin
            and (enough or similarity >= wanted.sure)
        ):
            evidence.status, evidence.name = Status.KNOWN, nearest
        else:
            unknown = enough and similarity < wanted.release
            evidence.status, evidence.name = Status.UNKNOWN if unknown else Status.UNDECIDED, None

    def _settle_rivals(self, shown: Sequence[int]) -> None:
        """One name in one frame goes to the nearer track, unless both are overwhelming."""
        claims: dict[str, list[int]] = {}
        for number in shown:
            if name := self._tracks[number].name:
                claims.setdefault(name, []).append(number)
        for numbers in claims.values():
            for number in sorted(numbers, key=lambda n: -self._tracks[n].similarity)[1:]:
                evidence = self._tracks[number]
                if evidence.similarity < self._thresholds.sure:
                    evidence.status, evidence.name = Status.UNDECIDED, None

    def _identity(self, number: int, shown: Sequence[int]) -> Identity:
        evidence = self._tracks[number]
        return Identity(
            track_id=number,
            status=evidence.status,
            name=evidence.name,
            similarity=evidence.similarity,
            margin=evidence.margin,
            reasons=tuple(self._reasons(number, evidence, shown)),
        )

    def _reasons(self, number: int, evidence: _Evidence, shown: Sequence[int]) -> Iterator[str]:
        wanted = self._thresholds
        if evidence.looks == 0:
            yield "not looked at closely yet"
            return
        if evidence.nearest is None:
            yield "nobody is enrolled"
            return
        lacking = "" if evidence.similarity >= wanted.known else f", wanted {wanted.known:.2f}"
        yield f"similarity {evidence.similarity:.2f} to {evidence.nearest}{lacking}"
        if evidence.margin < wanted.margin:
            yield f"margin {evidence.margin:.2f} to the next person, wanted {wanted.margin:.2f}"
        if evidence.status is Status.UNDECIDED:
            for other in shown:
                if other != number and self._tracks[other].name == evidence.nearest:
                    yield f"track {other} in the same picture is nearer to {evidence.nearest}"
        if evidence.weight < wanted.evidence and evidence.best is not None:
            yield from _shortcomings(evidence.best)
            yield f"{evidence.looks} looks weigh {evidence.weight:.1f}, wanted {wanted.evidence:.1f}"

    def _happened(
        self,
        frame: Frame,
        before: dict[int, tuple[Status, str | None]],
        shown: Sequence[int],
        alive: frozenset[int],
    ) -> Iterator[Event]:
        at, source = frame.captured_at, frame.source
        for number in shown:
            evidence = self._tracks[number]
            reasons = self._identity(number, shown).reasons
            old_name = before[number][1] if evidence.told else None
            if not evidence.told:
                evidence.told = True
                yield replace(_event(EventKind.APPEARED, number, evidence, at, source), name=None, reasons=reasons)
            if evidence.name != old_name:
                kind = EventKind.RECOGNISED if old_name is None else EventKind.CHANGED
                yield replace(_event(kind, number, evidence, at, source), reasons=reasons)
        for number, evidence in self._tracks.items():
            if number not in alive and evidence.told:
                yield _event(EventKind.LOST, number, evidence, at, source)


def weigh(quality: FaceQuality) -> F32:
    """Weight of looks in a template, (K,) in (0, 1]: pixels between the eyes times the cosine of the yaw, squared.

    Measured on two clips with one photo a person, rank correlation with the similarity to oneself, pooled and within
    tracks: eyes 0.68 and 0.35, yaw -0.41 and -0.28; sharpness -0.06 and -0.04, face score -0.03 and 0.06 (but below
    0.9 similarity falls by half). So the first two count, a low score nearly rules out, and sharpness is left alone.
    """
    near = np.clip(quality.eyes_px / GOOD_EYES_PX, 0.02, 1)
    frontal = np.maximum(np.cos(np.radians(quality.yaw_deg)), 0.2) ** 2
    face = np.where(quality.score >= WEAK_SCORE, 1.0, 0.1)
    return np.asarray(near * frontal * face, np.float32)


def _shortcomings(quality: FaceQuality) -> Iterator[str]:
    eyes_px, yaw_deg, score = float(quality.eyes_px[0]), float(quality.yaw_deg[0]), float(quality.score[0])
    if eyes_px < GOOD_EYES_PX / 2:
        yield f"{eyes_px:.0f} px between the eyes, wanted {GOOD_EYES_PX / 2:.0f}"
    if abs(yaw_deg) > 45:
        yield f"head turned {abs(yaw_deg):.0f} degrees, wanted at most 45"
    if score < WEAK_SCORE:
        yield f"face score {score:.2f}, wanted {WEAK_SCORE:.2f}"


def _event(kind: EventKind, number: int, evidence: _Evidence, at: float, source: str) -> Event:
    x1, y1, x2, y2 = (float(value) for value in evidence.box)
    return Event(
        kind=kind,
        track_id=number,
        name=evidence.name,
        similarity=evidence.similarity,
        margin=evidence.margin,
        at=at,
        source=source,
        box=(x1, y1, x2, y2),
    )
