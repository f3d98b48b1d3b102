"""The costliest decider, to compare others with: it takes a sample of each face that is shown, in every frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recognizer.decide.decider import SHOWN_SCORE, Decider
from recognizer.types import Frame, Tracks


class EveryFaceDecider(Decider):
    """A decider that samples every face in every frame, verified by the detector or followed."""

    def observe(self, frame: Frame, tracks: Tracks) -> NDArray[np.bool_]:
        """Record the tracks seen in a frame, and choose all that look like a face."""
        return super().observe(frame, tracks) | (tracks.scores >= SHOWN_SCORE)
