"""Detect drift: strangers in a run that are more similar to enrolled people than the calibration expects."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np


class StrangerWatch:
    """Count the tracks that never got a name, and their similarities to the nearest person.

    Args:
        near: cosine that a share ``SHARE`` of strangers reaches, by the calibration; may be set again when the gallery
            changes, which leaves tracks counted before as they are.
    """

    SHARE: ClassVar[float] = 0.1
    UNLIKELY: ClassVar[float] = 0.01
    """Probability below which an excess of near strangers is reported as drift."""
    _BINS: ClassVar[int] = 200
    """Histogram bins of cosines from -1 to 1, 0.01 each: memory does not grow with the run."""

    def __init__(self, *, near: float) -> None:
        self.near = near
        self._counts = {"strangers": 0, "near": 0, "named": 0}
        self._similarities = np.zeros(self._BINS, np.int64)
        self._margins = np.zeros(self._BINS, np.int64)

    def add(self, similarity: float, margin: float, *, named: bool) -> None:
        """Count a track that has ended.

        Args:
            similarity: cosine to the nearest person at the last match; -0.99 or less: never matched, not counted.
            margin: cosine over that to the next person.
            named: whether it had a name at any time.
        """
        if similarity <= -0.99:
            return
        if named:
            self._counts["named"] += 1
            self._margins[self._bin(margin)] += 1
        else:
            self._counts["strangers"] += 1
            self._counts["near"] += similarity >= self.near
            self._similarities[self._bin(similarity)] += 1

    def _bin(self, value: float) -> int:
        return int(np.clip((value + 1) / 2 * self._BINS, 0, self._BINS - 1))

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values; ``drift`` is a warning for the user, or ``None``."""
        strangers, near = self._counts["strangers"], self._counts["near"]
        chance = 1.0
        if near:
            from scipy import special  # 0.25 s of import, and most runs are without

            chance = float(special.bdtrc(near - 1, strangers, self.SHARE))
        drift = None
        if chance < self.UNLIKELY:
            drift = (
                f"{near} of {strangers} tracks without a name had similarity {self.near:.2f} or more to an enrolled "
                f"person; the calibration expects {self.SHARE:.0%}. Either strangers here are more alike than those it "
                "was made with, or enrolled people go unrecognised: run calibrate --negatives, and check the photos."
            )
        return {
            "tracks": strangers,
            "near": near,
            "near_similarity": round(self.near, 4),
            "expected_share": self.SHARE,
            "similarity": self._percentiles(self._similarities),
            "named_tracks": self._counts["named"],
            "named_margin": self._percentiles(self._margins),
            "drift": drift,
        }

    def _percentiles(self, counts: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> dict[str, float] | None:
        if not counts.any():
            return None
        reached = np.cumsum(counts) / counts.sum()
        places = {p: int(np.searchsorted(reached, p / 100)) for p in (10, 50, 90)}
        return {f"p{p}": round((place + 0.5) / self._BINS * 2 - 1, 3) for p, place in places.items()}
