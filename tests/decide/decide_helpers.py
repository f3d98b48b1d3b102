"""Drive a decider frame by frame, with faces of given similarity to three people."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recognizer.decide.decider import Decider
from recognizer.decide.evidence import Thresholds
from recognizer.types import F32, U8, Embeddings, Event, EventKind, FaceQuality, Frame, Identity, Matches, Tracks

THRESHOLDS = Thresholds(known=0.4, release=0.3, margin=0.1, sure=0.6)
PEOPLE = ("Ada", "Bea", "Cleo")


def unit(*parts: float, rest: int = 511) -> F32:
    """A unit vector with these similarities to Ada, Bea and Cleo; ``rest`` is the axis of what is left."""
    vector = np.zeros(512, np.float32)
    vector[: len(parts)] = parts
    vector[rest] = np.sqrt(max(0.0, 1 - float((vector**2).sum())))
    return vector


def quality(count: int, *, eyes_px: float = 60, yaw_deg: float = 0, score: float = 0.999) -> FaceQuality:
    parts = (eyes_px, 100, yaw_deg, 0, score)
    return FaceQuality(*(np.full(count, part, np.float32) for part in parts))


class World:
    """Drives a decider frame by frame; Ada, Bea and Cleo are the first three axes of the vectors' space."""

    def __init__(self, kind: type[Decider] = Decider) -> None:
        self.decider = kind(thresholds=THRESHOLDS, face_score=0.95, recheck_s=2.0)
        self.at = 0.0
        self.asked: list[float] = []
        self.events: list[Event] = []
        self.new_ids: dict[int, int] = {}
        """Of tracks that were taken over."""

    def frame(
        self,
        faces: dict[int, F32],
        *,
        score: float = 0.999,
        seconds: float = 0.1,
        alive: Sequence[int] | None = None,
        size_px: float = 100,
        sampled: FaceQuality | None = None,
        picture: U8 | None = None,
        verified: bool = True,
    ) -> dict[int, Identity]:
        self.at += seconds
        faces = {self._id(number): vector for number, vector in faces.items()}
        frame = Frame(np.zeros((8, 8, 3), np.uint8) if picture is None else picture, 0, self.at, "clip")
        ids = np.array(list(faces), np.int64)
        boxes = np.tile(np.array([0, 0, size_px, size_px], np.float32), (len(ids), 1))
        scores = np.full(len(ids), score, np.float32)
        landmarks = np.zeros((len(ids), 5, 2), np.float32)
        tracks = Tracks(ids, boxes, landmarks, scores, np.full(len(ids), -1), np.full(len(ids), verified))
        mask = self.decider.observe(frame, tracks)
        if mask.any():
            self.asked.append(self.at)
        wanted = ids[mask]
        vectors = np.stack([faces[i] for i in wanted.tolist()]) if len(wanted) else np.zeros((0, 512), np.float32)
        seen = Embeddings(vectors, np.ones(len(wanted), np.float32), "m")
        templates = self.decider.learn(self.at, wanted, seen, sampled or quality(len(wanted), score=score))
        for number in self.decider.take_takeovers():  # as the tracker does: the face goes on under a new id
            self.new_ids[number] = 100 * (len(self.new_ids) + 1) + number
            self.decider.take_over(self.at, number, self.new_ids[number])
        ordered = np.sort(templates.vectors[:, :3], axis=1)[:, ::-1]
        best = templates.vectors[:, :3].argmax(axis=1)
        matches = Matches(
            tuple(PEOPLE[i] for i in best), np.ascontiguousarray(ordered[:, 0]), np.ascontiguousarray(ordered[:, 1])
        )
        living = {self._id(number) for number in (alive if alive is not None else faces)}
        _, identities, events = self.decider.decide(frame, tracks, frozenset(living), wanted, matches)
        self.events.extend(events)
        return {identity.track_id: identity for identity in identities}

    def _id(self, number: int) -> int:
        return self.new_ids.get(number, number)

    def frames(self, count: int, faces: dict[int, F32], **how: object) -> dict[int, Identity]:
        for _ in range(count):
            last = self.frame(faces, **how)  # type: ignore[arg-type]
        return last

    def reported(self) -> list[tuple[EventKind, str | None]]:
        return [(event.kind, event.name) for event in self.events]
