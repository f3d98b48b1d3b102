"""Keep the moments of a track that decided who it is: enough to make the decision again with other thresholds."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.geometry import unit
from recognizer.history.records import DecisionFacts, Moment, Sample
from recognizer.types import F32, Matches, Status, Templates

_EXACT = 1e-5
"""Length of the difference of two templates that are the same but for rounding."""


@dataclass(slots=True, eq=False)
class _Evidence:
    at: dt.datetime
    at_s: float
    templates: Templates
    matches: Matches
    """One row each."""
    facts: DecisionFacts
    shown_from_s: float = math.inf
    shown_until_s: float = -math.inf

    @property
    def is_shown(self) -> bool:
        return self.shown_from_s <= self.shown_until_s

    @property
    def claim(self) -> tuple[float, int, float]:
        """More evidence counts, as far as a name needs it; then similarity."""
        weight, usable = float(self.templates.weights[0]), int(self.templates.usable_counts[0])
        enough = self.facts.thresholds.get("evidence")
        return weight if enough is None else min(weight, enough), min(usable, self.facts.min_samples), self.similarity

    @property
    def similarity(self) -> float:
        return float(self.matches.similarities[0])


class MomentKeeper:
    """Of one track the newest moment, the last that was decided, and the one with the best claim to its name.

    Without a name that is the one that was most similar to anybody. Others are dropped, so that a track of hours is
    no larger than one of seconds.
    """

    __slots__ = ("_best", "_best_name", "_decided", "_is_doubted", "_newest")

    def __init__(self) -> None:
        self._newest: _Evidence | None = None
        self._decided: _Evidence | None = None
        self._best: _Evidence | None = None
        self._best_name: str | None = None
        self._is_doubted = False

    @property
    def weight(self) -> float:
        """Sum of the samples' weights so far."""
        return 0.0 if self._newest is None else float(self._newest.templates.weights[0])

    def add(self, at: dt.datetime, at_s: float, templates: Templates, matches: Matches, facts: DecisionFacts) -> None:
        """Take a sample: the track's template with it, and the match of that, one row each.

        Args:
            at: time of day.
            at_s: the same in the source's own time.
            templates: of the track.
            matches: the person nearest to it.
            facts: what it is decided by.
        """
        self._is_doubted = bool(templates.doubted[0])
        if self._is_doubted:
            return
        newest, self._newest = self._newest, _Evidence(at, at_s, templates, matches, facts)
        self._extend(newest)

    def show(self, at_s: float, status: Status, name: str | None) -> None:
        """Record that the track was reported in a frame, and as whom."""
        newest = self._newest
        if newest is None or self._is_doubted:  # a doubtful name is neither reported nor claimed
            return
        newest.shown_from_s = min(newest.shown_from_s, at_s)
        newest.shown_until_s = at_s
        before = self._decided, self._best
        if status is not Status.UNDECIDED:
            self._decided = newest
        if self._is_better(newest, name):
            self._best, self._best_name = newest, name
        for dropped in before:
            self._extend(dropped)

    def kept(self, samples: Sequence[Sample], moment_of: Callable[[float], dt.datetime]) -> tuple[Moment, ...]:
        """Return the moments in which the track was reported, by time.

        Args:
            samples: that are kept of the track; a template that is their weighted mean is not stored.
            moment_of: turns seconds of the source into the time of day.
        """
        return tuple(_moment(one, samples, moment_of) for one in self._all() if one.is_shown)

    def _all(self) -> list[_Evidence]:
        different = {id(one): one for one in (self._best, self._decided, self._newest) if one is not None}
        return sorted(different.values(), key=lambda one: one.at_s)

    def _is_better(self, newest: _Evidence, name: str | None) -> bool:
        """Whether the newest moment has the best claim: to its name, or, as long as there is none, to any."""
        if self._best is None or (name is not None and name != self._best_name):
            return True
        if name is None:
            return self._best_name is None and newest.claim > self._best.claim
        # with other thresholds the moment that gave the name may be the only one that explains it
        return newest.facts is self._best.facts and newest.similarity > self._best.similarity

    def _extend(self, dropped: _Evidence | None) -> None:
        """Let the moment before one that is dropped stand for the time in which that one was reported."""
        kept = self._all()
        if dropped is None or not dropped.is_shown or dropped in kept:
            return
        if before := [one for one in kept if one.at_s < dropped.at_s and one.is_shown]:
            before[-1].shown_until_s = max(before[-1].shown_until_s, dropped.shown_until_s)


def template_of(samples: Iterable[tuple[F32, float]]) -> F32:
    """Return the weighted mean of samples, (D,) of unit length; they are vectors and weights in the order of time."""
    total: NDArray[np.float64] = np.zeros(1)
    for vector, weight in samples:
        total = total + weight * vector
    return unit(total)


def _moment(one: _Evidence, samples: Sequence[Sample], moment_of: Callable[[float], dt.datetime]) -> Moment:
    template = one.templates.vectors[0]
    until_then = sorted((sample for sample in samples if sample.at <= one.at), key=lambda sample: sample.at)
    mean = template_of((sample.vector, sample.weight) for sample in until_then)
    is_mean = mean.shape == template.shape and float(np.linalg.norm(mean - template)) < _EXACT
    return Moment(
        at=one.at,
        template=None if is_mean else template,
        weight=float(one.templates.weights[0]),
        usable_count=int(one.templates.usable_counts[0]),
        nearest=one.matches.names[0],
        similarity=one.similarity,
        runner_up=float(one.matches.runner_up[0]),
        shown_from=moment_of(one.shown_from_s),
        shown_until=moment_of(one.shown_until_s),
        facts=one.facts,
    )
