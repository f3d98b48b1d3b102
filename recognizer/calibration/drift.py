"""Do strangers come nearer to a name than the calibration expects? What a run can know of it without being told."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np


class StrangerWatch:
    """Counts the tracks that never got a name, and how near to one they came.

    Args:
        near: similarity that a share ``SHARE`` of strangers reaches, by the calibration; set anew when the gallery
            changes, tracks counted before stay as they were judged.
    """

    SHARE: ClassVar[float] = 0.1
    UNLIKELY: ClassVar[float] = 0.01
    """Chance below which more near strangers than expected are no accident."""
    _BINS: ClassVar[int] = 200
    """Of similarities and margins from -1 to 1, 0.01 each: memory does not grow with the run."""

    def __init__(self, *, near: float) -> None:
        self.near = near
        self._counts = {"strangers": 0, "near": 0, "named": 0}
        self._similarities = np.zeros(self._BINS, np.int64)
        self._margins = np.zeros(self._BINS, np.int64)

    def add(self, similarity: float, margin: float, *, named: bool) -> None:
        """A track has ended.

        Args:
            similarity: to the nearest person, when it was last seen; below -0.99 nobody looked.
            margin: lead over the next person.
            named: it had a name at some time.
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
        """The counts for JSON; ``drift`` says in words what does not fit the calibration, or is ``None``."""
        from scipy import special  # a quarter of a second that a start need not wait for

        strangers, near = self._counts["strangers"], self._counts["near"]
        chance = float(special.bdtrc(near - 1, strangers, self.SHARE)) if near else 1.0
        drift = None
        if chance < self.UNLIKELY:
            drift = (
                f"{near} of {strangers} faces without a name came near one (similarity {self.near:.2f}); the "
                f"calibration expects {self.SHARE:.0%}. Either strangers here are more alike than those it was made "
                "with, or enrolled people go unrecognised: calibrate --negatives, and look at the photos."
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
