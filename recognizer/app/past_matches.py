"""Match the templates of past tracks with a gallery again, and group the tracks that may be rivals for a name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from recognizer.decide.evidence import Thresholds
from recognizer.history.database import Database
from recognizer.history.past import StoredMoment, StoredTrack, read_tracks
from recognizer.history.records import Selection
from recognizer.protocols import VectorIndex
from recognizer.types import F32, Embeddings, Matches

ROUNDING = 5e-4
"""Difference of two cosines that is none: float16 changes a template's numbers by up to 2.4e-4 of each, and its length,
which is restored, by as much. With real vectors of 512 numbers a cosine changes by about 1e-5."""
PACKED_ROUNDING = 3e-3
"""The same of packed vectors: six standard deviations of what int8 changes (``history.vectors.packed``)."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What names are decided by."""

    index: VectorIndex
    """Of the gallery, heeding rejections or not."""
    thresholds: Thresholds | None = None
    """``None``: those of each track's run."""


@dataclass(frozen=True, slots=True)
class Matched:
    """A track, and the people nearest to its templates."""

    track: StoredTrack
    now: tuple[Matches, ...]
    before: tuple[Matches, ...]
    """One row for each moment; the same objects where they are equal."""


def matched_tracks(
    history: Database, basis: Basis, against: Basis | None, model: str, selection: Selection, most: int | None
) -> Iterator[Matched]:
    """Yield the selected tracks of a model with their matches, by run and source.

    Args:
        history: where they are kept.
        basis: finds the nearest people.
        against: finds those before; ``None``: those that the run found.
        model: fingerprint.
        selection: which tracks.
        most: only so many of the newest.
    """
    for batch in read_tracks(history, selection, model=model, most=most):
        moments = [moment for track in batch for moment in track.moments]
        vectors = np.stack([moment.template for moment in moments])
        probes = Embeddings(vectors, np.ones(len(vectors), np.float32), model)
        stored = _stored(moments)
        rounding = np.array([PACKED_ROUNDING if moment.is_packed else ROUNDING for moment in moments], np.float32)
        before = stored if against is None else _rows(against.index.search(probes), stored, rounding)
        now = _rows(basis.index.search(probes), before, rounding)
        row = 0
        for track in batch:
            rows = slice(row, row + len(track.moments))
            yield Matched(track, tuple(now[rows]), tuple(before[rows]))
            row = rows.stop


def rivals(matched: Iterable[Matched]) -> Iterator[list[Matched]]:
    """Group the tracks that may be rivals for a name: of one run and source, and of overlapping times."""
    for _, of_source in groupby(matched, key=lambda one: (one.track.run_id, one.track.source)):
        group: list[Matched] = []
        until = 0
        for one in sorted(of_source, key=lambda one: one.track.moments[0].at):
            if group and one.track.moments[0].at > until:
                yield group
                group = []
            group.append(one)
            until = max(until, *(moment.shown_until for moment in one.track.moments))
        yield group


def _stored(moments: Sequence[StoredMoment]) -> list[Matches]:
    numbers = np.array([(moment.similarity, moment.runner_up) for moment in moments], np.float32)
    return [
        Matches((moment.nearest,), numbers[row : row + 1, 0], numbers[row : row + 1, 1])
        for row, moment in enumerate(moments)
    ]


def _rows(found: Matches, before: Sequence[Matches], rounding: F32) -> list[Matches]:
    """Return each row by itself, and the one before where they differ by no more than rounding."""
    numbers = np.array([(match.similarities[0], match.runner_up[0]) for match in before], np.float32)
    same = np.abs(found.similarities - numbers[:, 0]) <= rounding
    same &= np.abs(found.runner_up - numbers[:, 1]) <= rounding
    return [
        old
        if same[row] and old.names[0] == found.names[row]
        else Matches(
            (found.names[row],),
            found.similarities[row : row + 1],
            found.runner_up[row : row + 1],
            (found.notes[row],),
        )
        for row, old in enumerate(before)
    ]
