"""Decide again who past tracks are, by the decider's own rules, from the moments that were kept of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recognizer.decide.decider import Decider
from recognizer.decide.evidence import Evidence, Thresholds
from recognizer.types import Identity, Matches, Status

_NO_BOX = np.zeros(4, np.float32)


@dataclass(frozen=True, slots=True)
class PastMoment:
    """The evidence of a track after one of its samples; times are integers of one clock."""

    at: int
    weight: float
    usable_count: int
    shown_from: int
    shown_until: int
    """The track was reported with this evidence in these times."""
    thresholds: Thresholds
    """What a name needs, from this moment on."""


@dataclass(frozen=True, slots=True)
class PastTrack:
    """A track of a source; tracks of one source and run are decided together, as a name may have rivals."""

    number: int
    moments: Sequence[PastMoment]
    """By time; at least one."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Who a track is."""

    status: Status
    """The last that was decided, or undecided."""
    name: str | None
    last: Identity | None
    """As it stood when the track was last reported."""
    nearest: str | None
    """The nearest person then, named or not."""


class PastDecider(Decider):
    """A decider whose tracks get their evidence as it was, instead of by samples.

    Args:
        thresholds: what a name needs before the first moment.
        min_samples: samples that a name needs: 1 for photos.
    """

    def __init__(self, *, thresholds: Thresholds, min_samples: int) -> None:
        super().__init__(thresholds=thresholds)
        self.min_samples = min_samples

    def decide_again(self, tracks: Sequence[PastTrack], matches: Sequence[Sequence[Matches]]) -> dict[int, Outcome]:
        """Decide the tracks of one source and run.

        Args:
            tracks: all of them.
            matches: of each track, the people nearest to its template in each of its moments, one row each.

        Returns:
            The outcome of each track, by its number.
        """
        outcomes = {track.number: Outcome(Status.UNDECIDED, None, None, None) for track in tracks}
        ticks = sorted({tick for track in tracks for moment in track.moments for tick in _ticks(moment)})
        waiting = sorted(range(len(tracks)), key=lambda place: tracks[place].moments[0].at, reverse=True)
        active: dict[int, int] = {}
        """Place of a track, and which of its moments it has reached."""
        for tick in ticks:
            while waiting and tracks[waiting[-1]].moments[0].at <= tick:
                active[waiting.pop()] = -1
            shown, ended = [], []
            for place, reached in list(active.items()):
                number, moments = tracks[place].number, tracks[place].moments
                while reached + 1 < len(moments) and moments[reached + 1].at <= tick:
                    reached += 1
                    self._remember(number, moments[reached])
                    self._thresholds = moments[reached].thresholds
                    self._match(self._tracks[number], matches[place][reached])
                if moments[reached].shown_from <= tick <= moments[reached].shown_until:
                    shown.append(number)
                if tick >= moments[-1].shown_until:
                    del active[place]
                    ended.append(number)
                else:
                    active[place] = reached
            self._resolve_rivals(shown)
            for number in shown:
                identity, before = self._identity(number, shown), outcomes[number]
                decided = identity if identity.status is not Status.UNDECIDED else before
                outcomes[number] = Outcome(decided.status, decided.name, identity, self._tracks[number].nearest)
            for number in ended:
                del self._tracks[number]
        return outcomes

    def _remember(self, number: int, moment: PastMoment) -> None:
        if number not in self._tracks:
            self._tracks[number] = Evidence(-math.inf, -math.inf, _NO_BOX, is_face=True)
        evidence = self._tracks[number]
        evidence.weight, evidence.usable_count = moment.weight, moment.usable_count
        evidence.sample_count = max(1, moment.usable_count)


def _ticks(moment: PastMoment) -> tuple[int, int, int]:
    return moment.at, moment.shown_from, moment.shown_until
