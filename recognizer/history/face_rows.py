"""The mean face of each of many tracks: a byte for each dimension, with what a search restricts by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from recognizer.geometry import unit_rows
from recognizer.history.database import Database
from recognizer.history.schema import runs, samples, tracks
from recognizer.history.spans import decoded, span_of
from recognizer.history.subspace import fits
from recognizer.history.vectors import Span
from recognizer.types import F32, I64

_READ = 8192
"""Samples read at once: 8 MB of float16."""
_AT_ONCE = 256
"""Rows that become float32 at once: 200 KB, which stay in the processor's cache. 1024 take as long, 4096 ten times."""
_LARGEST = 127


@dataclass(frozen=True, slots=True, eq=False)
class FaceRows:
    """N tracks that one model saw."""

    span: int
    """Number of the span in which the vectors are expressed; 0: all dimensions."""
    ids: I64
    """(N,)"""
    began_us: I64
    """(N,) microseconds since 1970, as ``ended_us``."""
    ended_us: I64
    sources: tuple[str, ...]
    source: NDArray[np.int32]
    """(N,) places in ``sources``."""
    codes: NDArray[np.int8]
    """(N, W) mean of the track's samples; ``scales`` makes it unit length."""
    scales: F32
    """(N,)"""

    def __len__(self) -> int:
        return len(self.ids)

    def where(self, kept: NDArray[np.bool_]) -> FaceRows:
        """Return some of the rows, copied."""
        ids, began, ended = (part[kept] for part in (self.ids, self.began_us, self.ended_us))
        return FaceRows(
            self.span, ids, began, ended, self.sources, self.source[kept], self.codes[kept], self.scales[kept]
        )

    def cosines(self, probe: F32) -> F32:
        """Compare a (W,) vector with all rows: (N,)."""
        found = np.empty(len(self), np.float32)
        wide = np.empty((min(_AT_ONCE, len(self)), self.codes.shape[1]), np.float32)
        for start in range(0, len(self), _AT_ONCE):
            codes = self.codes[start : start + _AT_ONCE]
            part = wide[: len(codes)]
            np.copyto(part, codes)
            # `@` would use several threads, which wait for each other on a busy machine
            np.vecdot(part, probe, out=found[start : start + len(codes)])
        found *= self.scales
        return found


def joined(first: FaceRows, second: FaceRows) -> FaceRows:
    """Return the rows of both, which are of one span."""
    sources = tuple(dict.fromkeys(first.sources + second.sources))
    places = np.array([sources.index(source) for source in second.sources], np.int32)
    return FaceRows(
        first.span,
        np.concatenate([first.ids, second.ids]),
        np.concatenate([first.began_us, second.began_us]),
        np.concatenate([first.ended_us, second.ended_us]),
        sources,
        np.concatenate([first.source, places[second.source]]),
        np.concatenate([first.codes, second.codes]),
        np.concatenate([first.scales, second.scales]),
    )


def read_rows(
    connection: sa.Connection, database: Database, model: str, condition: sa.ColumnElement[bool]
) -> Iterator[FaceRows]:
    """Yield the tracks of a model that fit, some thousands at a time; those without samples are skipped.

    Raises:
        HistoryError: if a value was altered, or the database cannot be read.
    """
    span = span_of(database, connection, model)
    query = (
        sa.select(tracks.c.id, tracks.c.began_us, tracks.c.ended_us, tracks.c.source, samples.c.vector)
        .join(samples, samples.c.track_id == tracks.c.id)
        .join(runs, runs.c.id == tracks.c.run_id + 0)  # else SQLite goes through all tracks of a run for a few
        .where(runs.c.model == model, condition)
        .order_by(tracks.c.id + 0)  # nor through all tracks by their ids for those that ended last
    )
    waiting: list[Any] = []
    with connection.execute(query.execution_options(stream_results=True)) as found:
        for part in found.partitions(_READ):
            waiting += part
            complete = next((n for n in range(len(waiting), 0, -1) if waiting[n - 1][0] != waiting[-1][0]), 0)
            if complete:  # the last track may have more samples in the next part
                yield from _rows(waiting[:complete], database, span)
                waiting = waiting[complete:]
    if waiting:
        yield from _rows(waiting, database, span)


def _rows(found: Sequence[Any], database: Database, span: Span | None) -> Iterator[FaceRows]:
    ids, began, ended, names, vectors = zip(*found, strict=True)
    every = np.array(ids, np.int64)
    starts = np.flatnonzero(np.diff(every, prepend=-1))
    sources = tuple(dict.fromkeys(names))
    places = {source: place for place, source in enumerate(sources)}
    opened = [database.cipher.open(vector) for vector in vectors]
    for number, those, means in _means(opened, starts, database, span):
        scaled = np.rint(means * (_LARGEST / np.maximum(np.abs(means).max(axis=1, keepdims=True), 1e-12)))
        first = starts[those]
        yield FaceRows(
            number,
            every[first],
            np.array(began, np.int64)[first],
            np.array(ended, np.int64)[first],
            sources,
            np.array([places[names[start]] for start in first.tolist()], np.int32),
            scaled.astype(np.int8),
            np.reciprocal(np.maximum(np.linalg.norm(scaled, axis=1), 1.0)).astype(np.float32),
        )


def _means(
    opened: Sequence[bytes], starts: I64, database: Database, span: Span | None
) -> Iterator[tuple[int, I64, F32]]:
    """Yield the number of a span, which of the tracks are in it, and their (N, W) means; 0 for those in none."""
    owners = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(opened)))
    if span is None:
        yield 0, np.arange(len(starts)), np.add.reduceat(decoded(database, opened), starts, axis=0)
        return
    is_packed = np.array([len(row) == len(span.basis) + 1 and row[0] == span.number for row in opened])
    numbers = np.empty((len(opened), len(span.basis)), np.float32)
    joint = b"".join(row for row, packed in zip(opened, is_packed.tolist(), strict=True) if packed)
    numbers[is_packed] = unit_rows(
        np.frombuffer(joint, np.int8).reshape(-1, len(span.basis) + 1)[:, 1:].astype(np.float32)
    )
    is_outside = np.zeros(len(starts), np.bool_)
    if len(others := np.flatnonzero(~is_packed)):
        vectors = decoded(database, [opened[place] for place in others.tolist()])
        numbers[others] = vectors @ span.basis.T
        is_outside[owners[others[~fits(vectors, span.basis)]]] = True
    inside, outside = np.flatnonzero(~is_outside), np.flatnonzero(is_outside)
    if len(inside):
        yield span.number, inside, np.add.reduceat(numbers, starts, axis=0)[inside]
    if len(outside):
        all_of = np.flatnonzero(is_outside[owners])
        vectors = decoded(database, [opened[place] for place in all_of.tolist()])
        firsts = np.flatnonzero(np.diff(owners[all_of], prepend=-1))
        yield 0, outside, np.add.reduceat(vectors, firsts, axis=0)
