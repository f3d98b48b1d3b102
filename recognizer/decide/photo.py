"""Decide who is in a photo, from one sample of each face."""

from __future__ import annotations

from recognizer.decide.decider import Decider
from recognizer.decide.evidence import Evidence


class PhotoDecider(Decider):
    """A decider for photos: one sample and one face score must do, as no further frame comes."""

    min_samples = 1

    def _is_face(self, evidence: Evidence) -> bool:
        return evidence.scores[-1] >= self._face_score
