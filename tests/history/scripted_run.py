"""A run whose faces are vectors made by hand: real decisions, collected and saved as a run does it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

import numpy as np

from recognizer.clock import WallClock
from recognizer.decide.decider import Decider
from recognizer.decide.evidence import Thresholds
from recognizer.gallery.records import Enrolled
from recognizer.history.collector import TrackCollector
from recognizer.history.database import Database
from recognizer.history.records import DecisionFacts, TrackRecord
from recognizer.history.rows import insert_run, save_tracks
from recognizer.match.exact_index import ExactIndex
from recognizer.protocols import VectorIndex
from recognizer.types import F32, Embeddings, Event, FaceQuality, Frame, FrameResult, Samples, Tracks
from tests.history.history_records import NOON

MODEL = "model-1"
THRESHOLDS = Thresholds(known=0.4, release=0.3, margin=0.1, sure=0.6)
PEOPLE = ("Ada", "Bea", "Cleo")
PICTURE = np.zeros((8, 8, 3), np.uint8)


def face(*parts: float, rest: int = 63) -> F32:
    """A vector of unit length with these similarities to Ada, Bea and Cleo; ``rest`` is the axis of what is left."""
    vector = np.zeros(64, np.float32)
    vector[: len(parts)] = parts
    vector[rest] += np.sqrt(max(0.0, 1 - float((vector**2).sum())))
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def enrolled(*people: str, model: str = MODEL) -> Enrolled:
    """A gallery of these of the three people."""
    vectors = np.stack([face(*np.eye(3)[PEOPLE.index(person)].tolist()) for person in people])
    return Enrolled(people, tuple("1.jpg" for _ in people), vectors, model, "gallery")


def index_of(*people: str) -> ExactIndex:
    """An index of these of the three people."""
    return ExactIndex(enrolled=enrolled(*people))


class ScriptedRun:
    """Drives a decider frame by frame and collects its tracks."""

    def __init__(
        self,
        index: VectorIndex,
        thresholds: Thresholds = THRESHOLDS,
        *,
        began: dt.datetime = NOON,
        model: str = MODEL,
    ) -> None:
        self.records: list[TrackRecord] = []
        self.facts = DecisionFacts(thresholds=asdict(thresholds), min_samples=2, gallery="revision")
        self._index, self._model = index, model
        self._decider = Decider(thresholds=thresholds)
        self._collector = TrackCollector(WallClock(live=False, clock=lambda: began), facts=self.facts)
        self._revision, self._at = 0, 0.0
        self._new_ids: dict[int, int] = {}
        """Of faces that took a track over."""

    def frame(
        self,
        faces: Mapping[int, F32],
        *,
        scores: Mapping[int, float] | None = None,
        eyes_px: float = 60.0,
        alive: Sequence[int] = (),
    ) -> None:
        """Show faces for a tenth of a second; ``alive`` are tracks that are not seen, but not lost either."""
        self._at += 0.1
        seen = {self._new_ids.get(number, number): vector for number, vector in faces.items()}
        scored = [(scores or {}).get(number, 0.999) for number in faces]
        result = self._result(seen, scored, eyes_px, {*seen, *(self._new_ids.get(number, number) for number in alive)})
        self.records += self._collector.add(result)

    def change(self, index: VectorIndex, thresholds: Thresholds, *, people: Sequence[str] = PEOPLE) -> None:
        """Go on with another gallery and other thresholds, as after an enrolment."""
        self._index, self._revision = index, self._revision + 1
        changed = replace(self.facts, thresholds=asdict(thresholds), gallery="another", revision=self._revision)
        self._collector.gallery_changed(frozenset(people), changed)
        self._decider.gallery_changed(frozenset(people), thresholds)

    def frames(self, count: int, faces: Mapping[int, F32]) -> None:
        """Show the same faces for some frames."""
        for _ in range(count):
            self.frame(faces)

    def save(self, history: Database) -> None:
        """End the run and write its tracks."""
        self.frame({})
        with history.writing() as connection:
            run_id = insert_run(connection, NOON, self._model, (0.4, 0.1), self.facts)
            save_tracks(connection, run_id, self.records, cipher=history.cipher)

    def _result(self, seen: Mapping[int, F32], scored: Sequence[float], eyes_px: float, alive: set[int]) -> FrameResult:
        frame, count = Frame(PICTURE, 0, self._at, "clip"), len(seen)
        ids, scores = np.array(list(seen), np.int64), np.array(scored, np.float32)
        boxes = np.tile(np.array([0, 0, 100, 100], np.float32), (count, 1))
        landmarks = np.zeros((count, 5, 2), np.float32)
        tracks = Tracks(ids, boxes, landmarks, scores, np.full(count, -1), np.ones(count, bool))
        wanted = tracks[self._decider.observe(frame, tracks)]
        vectors = [seen[number] for number in wanted.ids.tolist()]
        stacked = np.stack(vectors) if vectors else np.zeros((0, 64), np.float32)
        eyes, sharpness, zero = (np.full(len(wanted), part, np.float32) for part in (eyes_px, 100.0, 0.0))
        quality = FaceQuality(eyes, sharpness, zero, zero, wanted.scores)
        embeddings = Embeddings(stacked, np.ones(len(wanted), np.float32), self._model)
        templates = self._decider.learn(self._at, wanted.ids, embeddings, quality)
        for number in self._decider.take_takeovers():  # as the tracker does: the face goes on under a new number
            self._new_ids[number] = 1000 * (len(self._new_ids) + 1) + number
            self._decider.take_over(self._at, number, self._new_ids[number])
            alive = (alive - {number}) | {self._new_ids[number]}
        evidence = self._decider.evidence_of(wanted.ids, templates)
        matches = self._index.search(templates)
        events: tuple[Event, ...]
        reported, identities, events = self._decider.decide(frame, tracks, frozenset(alive), wanted.ids, matches)
        samples = Samples(wanted.ids, stacked, quality, matches, wanted.boxes, evidence)
        return FrameResult(frame, tracks[reported], identities, events, {}, samples, self._revision)
