"""Stage 7, DECIDE: gather the evidence of each track, decide who it is or that it is unknown, and say why.

Three questions, in this order:

1. Is it a face? MTCNN scores hands, flowers and cushions up to 0.97 in single frames. A face scores high for many
   frames; only then is a track reported.
2. What does it look like? Each sample (an embedding of the face) adds to the track's template, a mean weighted by what
   was measured to predict a good match: pixels between the eyes and yaw (`recognizer.decide.weights`).
3. Who is it? The template is compared with everybody. A name needs similarity, a lead over the next person, and more
   than one sample; it is withdrawn at a lower similarity, and replaced when the face turns out to be somebody else's.
   A track that was lost and reacquired is not reported before a new sample was taken.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recognizer.decide.events import track_event
from recognizer.decide.evidence import CHECKS, FACE_WINDOW, Evidence, Thresholds
from recognizer.decide.weights import UNUSABLE_WEIGHT, WEAK_SCORE, weigh, weigh_by_norm
from recognizer.quality import QualityLimits, are_usable, cannot_tell
from recognizer.types import I64, Embeddings, Event, EventKind, FaceQuality, Frame, Identity, Matches, Status, Tracks
from recognizer.types.identities import Templates

SURE_FACE = 0.99
"""Face score of the first SURE_FRAMES frames that proves a face without waiting for the whole window."""
SURE_FRAMES = 4
CLEAR_FACE = 0.998
"""Face score of two verified frames in a row that proves a face: 19 objects had at most 0.9949 in 408 frames of six
clips, 31 of 42 faces had more in their first two."""
SHOWN_SCORE = 0.5
"""Face score below which a track is followed but not shown, as when the head is turned away."""
FIRST_WAITS_S = (0.08, 0.12, 0.2, 0.3)
"""Seconds between the first samples of a track; the last value repeats until the track is settled."""
CHECK_WAITS_S = (0.24, 0.08)
"""Seconds to the next sample of a face that changes, with one and with two to come: maybe half of it is another's."""
LARGER = 1.3
"""A face that has grown by this factor since its last sample is sampled again."""
_NO_TEMPLATES = Templates.empty()


class Decider:
    """The evidence and the identities of one source.

    Args:
        thresholds: what a name needs.
        face_score: mean O-Net score that makes a track a face.
        recheck_s: seconds between two samples of a settled track.
        norm_range: vector lengths of a hopeless and of a good face, of networks whose length measures quality.
        limits: a sample below them is no evidence; other ones for faces that are no photographs.
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
        limits: QualityLimits | None = None,
    ) -> None:
        self._thresholds, self._limits = thresholds, limits or QualityLimits()
        self._face_score, self._recheck_s, self._norm_range = face_score, recheck_s, norm_range
        self._tracks: dict[int, Evidence] = {}
        self._taken_over: list[int] = []
        self._last_at = -math.inf

    def observe(self, frame: Frame, tracks: Tracks) -> NDArray[np.bool_]:
        """Record the tracks seen in a frame, and choose those to sample.

        Returns:
            (T,) bool: whose faces to align, embed and match now.
        """
        at = frame.captured_at
        wanted = np.zeros(len(tracks), bool)
        for row, (number, score) in enumerate(zip(tracks.ids.tolist(), tracks.scores.tolist(), strict=True)):
            box = tracks.boxes[row]
            evidence = self._tracks.setdefault(number, Evidence(at, at, box))
            if evidence.last_at < self._last_at:
                evidence.is_reacquired, evidence.sample_due_at = evidence.sample_count > 0, at
            evidence.last_at, evidence.box = at, box
            if evidence.name is not None and score >= SHOWN_SCORE:
                if evidence.appearance.has_changed(frame.preview, box, at):
                    soon = max(at, evidence.sampled_at + CHECK_WAITS_S[-1] - 1e-3) if evidence.checks_due else at
                    evidence.checks_due, evidence.sample_due_at = CHECKS, min(evidence.sample_due_at, soon)
                wanted[row] = evidence.checks_due > 0 and at >= evidence.sample_due_at
            if not tracks.verified[row]:
                continue
            evidence.scores.append(score)
            evidence.frames += 1
            if not evidence.is_face and self._is_face(evidence):
                evidence.is_face = True
                if evidence.status is Status.UNKNOWN:  # by samples from before it was clearly a face
                    evidence.sample_due_at = at
            size_px = float(np.sqrt(np.maximum(box[2:] - box[:2], 0).prod()))
            grown = evidence.sample_count > 0 and size_px > LARGER * evidence.largest_px
            worth = score >= WEAK_SCORE or (evidence.is_face and score >= SHOWN_SCORE)
            if worth and (at >= evidence.sample_due_at or grown):
                wanted[row] = True
                evidence.largest_px = max(evidence.largest_px, size_px)
        self._last_at = at
        return wanted

    def learn(self, at: float, ids: I64, embeddings: Embeddings, quality: FaceQuality) -> Embeddings:
        """Add samples to their tracks.

        Args:
            at: time of the frame, seconds.
            ids: (K,) of the tracks that were sampled.
            embeddings: one row for each of them.
            quality: the same rows.

        Returns:
            What to match of those tracks, in the same order: their templates, or a sample that may be another person's.
        """
        if len(embeddings) == 0:
            return embeddings
        norms, by_norm = embeddings.norms, self._norm_range
        weights = weigh(quality) if by_norm is None else weigh_by_norm(norms, quality, by_norm)
        usable = are_usable(quality, self._limits)
        weights = np.where(usable, weights, UNUSABLE_WEIGHT)
        for row, number in enumerate(ids.tolist()):
            evidence = self._tracks[number]
            vector, weight, is_usable = embeddings.vectors[row], float(weights[row]), bool(usable[row])
            taken_over = evidence.add(vector, weight, usable=is_usable, same_from=self._thresholds.same_face)
            if taken_over:
                self._taken_over.append(number)
            if evidence.best is None or weight >= evidence.best_weight:
                evidence.best, evidence.best_weight = quality[row : row + 1], weight
            settled = evidence.status is not Status.UNDECIDED
            if not evidence.is_usable:
                evidence.shortfall = cannot_tell(quality, self._limits, row)
                settled = evidence.sample_count > len(FIRST_WAITS_S)
            wait = self._recheck_s if settled else FIRST_WAITS_S[min(evidence.sample_count, len(FIRST_WAITS_S)) - 1]
            evidence.sampled_at = at
            if evidence.checks_due < CHECKS and evidence.likeness >= self._thresholds.sure:
                evidence.checks_due = 0
            if evidence.checks_due:
                wait = min(wait, CHECK_WAITS_S[evidence.checks_due - 1])
            if evidence.is_doubted or evidence.is_fallen:
                wait = 0.0 if is_usable else FIRST_WAITS_S[0]
            evidence.sample_due_at = at + wait
        vectors = [self._tracks[number].probe for number in ids.tolist()]
        return Embeddings(np.stack(vectors), embeddings.norms, embeddings.model)

    def evidence_of(self, ids: I64, templates: Embeddings) -> Templates:
        """Return the ``templates`` of some tracks, (K,) ids, with the evidence that each has."""
        if len(ids) == 0:  # as in most frames
            return _NO_TEMPLATES
        evidence = [self._tracks[number] for number in ids.tolist()]
        weights, counts = [one.weight for one in evidence], [one.usable_count for one in evidence]
        doubted = np.array([one.is_doubted or one.questioned is not None for one in evidence], bool)
        return Templates(templates.vectors, np.array(weights, np.float64), np.array(counts, np.int64), doubted)

    @property
    def doubted(self) -> frozenset[int]:
        """Ids of the tracks whose newest sample was not like the earlier ones; verify them in the next frame."""
        return frozenset(number for number, evidence in self._tracks.items() if evidence.is_doubted)

    def take_takeovers(self) -> list[int]:
        """Return, once, the ids of the tracks whose face is found to be another one than before."""
        taken_over, self._taken_over = self._taken_over, []
        return taken_over

    def take_over(self, at: float, old: int, new: int) -> None:
        """Begin the track ``new`` with the samples in which ``old`` showed another face; ``old`` must end."""
        self._tracks[new] = self._tracks[old].successor(at)

    def decide(
        self, frame: Frame, tracks: Tracks, alive: frozenset[int], sampled: I64, matches: Matches
    ) -> tuple[NDArray[np.bool_], tuple[Identity, ...], tuple[Event, ...]]:
        """Decide who the tracks are.

        Args:
            frame: the frame.
            tracks: the tracks seen in it.
            alive: ids of the tracks that may still be seen again.
            sampled: (K,) ids of the tracks whose templates were matched.
            matches: the people nearest to those templates, the same rows.

        Returns:
            (T,) bool, which tracks are reported; an identity for each of those; the events.
        """
        for row, number in enumerate(sampled.tolist()):
            self._match(self._tracks[number], matches[row : row + 1])
        known = [self._tracks[number] for number in tracks.ids.tolist()]
        reported = np.array([evidence.is_face and not evidence.is_reacquired for evidence in known], bool)
        reported &= tracks.scores >= SHOWN_SCORE
        shown = tracks.ids[reported].tolist()
        self._resolve_rivals(shown)
        identities = tuple(self._identity(number, shown) for number in shown)
        events = tuple(self._new_events(frame, identities, alive))
        for number in [number for number in self._tracks if number not in alive]:
            del self._tracks[number]
        return reported, identities, events

    def end(self, at: float, source: str) -> tuple[Event, ...]:
        """End all tracks of the source and return their ``lost`` events."""
        events = tuple(track_event(EventKind.LOST, n, e, at, source) for n, e in self._tracks.items() if e.reported)
        self._tracks.clear()
        return events

    def gallery_changed(self, people: AbstractSet[str], thresholds: Thresholds) -> None:
        """Withdraw the names of people who are no longer enrolled, and sample every track again now."""
        self._thresholds = thresholds
        for evidence in self._tracks.values():
            evidence.sample_due_at = -math.inf
            if evidence.nearest not in people:
                evidence.nearest, evidence.similarity, evidence.margin, evidence.rejection = None, -1.0, 0.0, None
            if evidence.name is not None and evidence.name not in people:
                evidence.name, evidence.status = None, Status.UNDECIDED

    def _is_face(self, evidence: Evidence) -> bool:
        scores = evidence.scores
        if len(scores) == FACE_WINDOW and sum(scores) / FACE_WINDOW >= self._face_score:
            return True
        if len(scores) > 1 and min(scores[-1], scores[-2]) >= CLEAR_FACE:
            return True
        return evidence.frames == SURE_FRAMES and min(scores) >= SURE_FACE

    def _match(self, evidence: Evidence, match: Matches) -> None:
        wanted = self._thresholds
        nearest, similarity = match.names[0], float(match.similarities[0])
        if evidence.questioned is not None:
            return evidence.answer(nearest, similarity, similarity - float(match.runner_up[0]), wanted=wanted)
        evidence.nearest, evidence.similarity, evidence.rejection = nearest, similarity, match.notes[0]
        evidence.margin = similarity - float(match.runner_up[0])
        keeps = evidence.name is not None and nearest == evidence.name
        enough = evidence.weight >= wanted.evidence and evidence.usable_count >= self.min_samples
        if not evidence.is_usable:
            evidence.status, evidence.name = Status.UNDECIDED, None
        elif keeps and similarity >= wanted.release and evidence.margin >= wanted.margin / 2:
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

    def _resolve_rivals(self, shown: Sequence[int]) -> None:
        """Give a name that two tracks of one frame claim to the nearer one, unless both similarities are sure."""
        claims: dict[str, list[int]] = {}
        for number in shown:
            if (name := self._tracks[number].name) and not self._tracks[number].is_doubted:
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
            status=Status.UNDECIDED if evidence.is_doubted else evidence.status,
            name=None if evidence.is_doubted else evidence.name,
            similarity=evidence.similarity,
            margin=evidence.margin,
            reasons=tuple(evidence.reasons(self._thresholds, rivals=rivals, min_samples=self.min_samples)),
            first_at=evidence.first_at,
        )

    def _new_events(
        self,
        frame: Frame,
        shown: Sequence[Identity],
        alive: frozenset[int],
    ) -> Iterator[Event]:
        at, source = frame.captured_at, frame.source
        for identity in shown:
            number, reasons = identity.track_id, identity.reasons
            evidence = self._tracks[number]
            old_name = evidence.reported_name
            if not evidence.reported:
                evidence.reported = True
                yield replace(track_event(EventKind.APPEARED, number, evidence, at, source), name=None, reasons=reasons)
            if evidence.name != old_name and not evidence.is_doubted:  # a doubt is decided within frames
                kind = EventKind.RECOGNISED if old_name is None else EventKind.CHANGED
                evidence.reported_name = evidence.name
                yield replace(track_event(kind, number, evidence, at, source), reasons=reasons)
        for number, evidence in self._tracks.items():
            if number not in alive and evidence.reported:
                yield track_event(EventKind.LOST, number, evidence, at, source)
