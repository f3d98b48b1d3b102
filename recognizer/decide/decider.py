"""Stage 7, DECIDE: gather the evidence of each track and say who it is, or that it is not known, and why.

Three questions, in this order:

1. Is it a face? MTCNN takes hands, flowers and cushions for faces, scored up to 0.97 in single frames. A face scores
   high for many frames; only then is a track reported at all.
2. What does it look like? Each look at the face adds to the track's template, a mean of its vectors weighted by what
   was measured to predict a good match: pixels between the eyes and how far the head is turned.
3. Who is it? The template is compared with everybody. A name needs similarity, a lead over the next person, and more
   than one look; it is given up only at a lower similarity; it is revised when the face turns out to be another's. Of
   a face that was lost and is back nothing is said before it has been looked at again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recognizer.decide.evidence import FACE_WINDOW, WEAK_SCORE, Evidence, Thresholds, weigh, weigh_by_norm
from recognizer.types import (
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

SURE_FACE = 0.99
"""A track whose first SURE_FRAMES all score so high is a face without waiting."""
SURE_FRAMES = 4
SHOWN_SCORE = 0.5
"""A face that turned away is followed below this score, in case it turns back, but not shown."""
FIRST_WAITS_S = (0.08, 0.12, 0.2, 0.3)
"""Time between the first looks of a track; then the last of them until it is settled."""
LARGER = 1.3
"""A face that has grown so much since the last look is worth another."""


class Decider:
    """The evidence and the identities of one source.

    Args:
        thresholds: what a name needs.
        face_score: mean O-Net score that makes a track a face.
        recheck_s: a settled track is looked at again so often.
        norm_range: of a network whose vectors are the longer the better the face, see ``weigh_by_norm``.
    """

    min_samples = 2
    """Samples that a name, or being called unknown, needs below the threshold ``sure``."""

    def __init__(
        self,
        *,
        thresholds: Thresholds,
        face_score: float = 0.95,
        recheck_s: float = 2.0,
        norm_range: tuple[float, float] | None = None,
    ) -> None:
        self._thresholds = thresholds
        self._face_score = face_score
        self._recheck_s = recheck_s
        self._norm_range = norm_range
        self._tracks: dict[int, Evidence] = {}
        self._last_at = -math.inf

    def observe(self, frame: Frame, tracks: Tracks) -> NDArray[np.bool_]:
        """Take note of the tracks seen in a frame.

        Returns:
            (T,) bool: whose faces should be aligned, embedded and matched now.
        """
        at = frame.captured_at
        asked = np.zeros(len(tracks), bool)
        for row, (number, score) in enumerate(zip(tracks.ids.tolist(), tracks.scores.tolist(), strict=True)):
            box = tracks.boxes[row]
            evidence = self._tracks.setdefault(number, Evidence(at, at, box))
            if evidence.last_at < self._last_at:
                evidence.is_back, evidence.look_due_at = evidence.looks > 0, at
            evidence.last_at, evidence.box = at, box
            if not tracks.judged[row]:
                continue
            evidence.scores.append(score)
            evidence.frames += 1
            if not evidence.is_face and self._is_face(evidence):
                evidence.is_face = True
                if evidence.status is Status.UNKNOWN:  # by what it looked like before it was clearly a face
                    evidence.look_due_at = at
            size_px = float(np.sqrt(np.maximum(box[2:] - box[:2], 0).prod()))
            grown = evidence.looks > 0 and size_px > LARGER * evidence.largest_px
            worth = score >= WEAK_SCORE or (evidence.is_face and score >= SHOWN_SCORE)
            if worth and (at >= evidence.look_due_at or grown):
                asked[row] = True
                evidence.largest_px = max(evidence.largest_px, size_px)
        self._last_at = at
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
        if len(embeddings) == 0:
            return embeddings
        norms, by_norm = embeddings.norms, self._norm_range
        weights = weigh(quality) if by_norm is None else weigh_by_norm(norms, quality, by_norm)
        for row, number in enumerate(embeddings.track_ids.tolist()):
            evidence = self._tracks[number]
            evidence.add(embeddings.vectors[row], float(weights[row]), same_from=self._thresholds.release)
            if evidence.best is None or weights[row] >= evidence.best_weight:
                evidence.best, evidence.best_weight = quality[row : row + 1], float(weights[row])
            settled = evidence.status is not Status.UNDECIDED and not evidence.strangers
            wait = self._recheck_s if settled else FIRST_WAITS_S[min(evidence.looks, len(FIRST_WAITS_S)) - 1]
            evidence.look_due_at = at + wait
        vectors = [self._tracks[number].template for number in embeddings.track_ids.tolist()]
        return Embeddings(np.stack(vectors), embeddings.norms, embeddings.track_ids, embeddings.model)

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
        for row, number in enumerate(probes.track_ids.tolist()):
            self._judge(self._tracks[number], matches[row : row + 1])
        known = [self._tracks[number] for number in tracks.ids.tolist()]
        reported = np.array([evidence.is_face and not evidence.is_back for evidence in known], bool)
        reported &= tracks.scores >= SHOWN_SCORE
        shown = tracks.ids[reported].tolist()
        self._settle_rivals(shown)
        identities = tuple(self._identity(number, shown) for number in shown)
        events = tuple(self._happened(frame, identities, alive))
        for number in [number for number in self._tracks if number not in alive]:
            del self._tracks[number]
        return reported, identities, events

    def end(self, at: float, source: str) -> tuple[Event, ...]:
        """The source has ended: all tracks are lost."""
        events = tuple(_event(EventKind.LOST, n, e, at, source) for n, e in self._tracks.items() if e.told)
        self._tracks.clear()
        return events

    def gallery_changed(self, people: AbstractSet[str], thresholds: Thresholds) -> None:
        """Withdraw the names of those who are no longer enrolled, and look at everybody again, now."""
        self._thresholds = thresholds
        for evidence in self._tracks.values():
            evidence.look_due_at = -math.inf
            if evidence.nearest not in people:
                evidence.nearest, evidence.similarity, evidence.margin = None, -1.0, 0.0
            if evidence.name is not None and evidence.name not in people:
                evidence.name, evidence.status = None, Status.UNDECIDED

    def _is_face(self, evidence: Evidence) -> bool:
        scores = evidence.scores
        if len(scores) == FACE_WINDOW and sum(scores) / FACE_WINDOW >= self._face_score:
            return True
        return evidence.frames == SURE_FRAMES and min(scores) >= SURE_FACE

    def _judge(self, evidence: Evidence, match: Matches) -> None:
        wanted = self._thresholds
        nearest, similarity = match.names[0], float(match.similarities[0])
        evidence.nearest, evidence.similarity = nearest, similarity
        evidence.margin = similarity - float(match.runner_up[0])
        keeps = evidence.name is not None and nearest == evidence.name
        enough = evidence.weight >= wanted.evidence and evidence.looks >= self.min_samples
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
        rivals = [other for other in shown if other != number and self._tracks[other].name == evidence.nearest]
        return Identity(
            track_id=number,
            status=evidence.status,
            name=evidence.name,
            similarity=evidence.similarity,
            margin=evidence.margin,
            reasons=tuple(evidence.reasons(self._thresholds, rivals=rivals, min_samples=self.min_samples)),
        )

    def _happened(
        self,
        frame: Frame,
        shown: Sequence[Identity],
        alive: frozenset[int],
    ) -> Iterator[Event]:
        at, source = frame.captured_at, frame.source
        for identity in shown:
            number, reasons = identity.track_id, identity.reasons
            evidence = self._tracks[number]
            old_name = evidence.told_name
            if not evidence.told:
                evidence.told = True
                yield replace(_event(EventKind.APPEARED, number, evidence, at, source), name=None, reasons=reasons)
            if evidence.name != old_name:
                kind = EventKind.RECOGNISED if old_name is None else EventKind.CHANGED
                evidence.told_name = evidence.name
                yield replace(_event(kind, number, evidence, at, source), reasons=reasons)
        for number, evidence in self._tracks.items():
            if number not in alive and evidence.told:
                yield _event(EventKind.LOST, number, evidence, at, source)


def _event(kind: EventKind, number: int, evidence: Evidence, at: float, source: str) -> Event:
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
