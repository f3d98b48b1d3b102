"""Find the dimensions that a model's vectors fill, and store vectors in them: a sixth of their size."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa

from recognizer.errors import HistoryError
from recognizer.history.database import Database
from recognizer.history.schema import facts, moments, runs, samples, spans, tracks
from recognizer.history.subspace import OUTSIDE, fits
from recognizer.history.vectors import MOST_SPANS, Span, from_bytes, is_packed, packed, unpacked
from recognizer.types import F32

LEARN_FROM = 1024
"""Samples of a model from which its span is found; below, a history is some megabytes."""
_NEWEST = 2048
_MOST_OUTSIDE = 0.1
"""Share of the newest samples outside the span above which a new one is found."""
_LEARNED = 0.999
"""Share of the newest samples that a new span holds."""
_AT_ONCE = 2000
"""Samples that are packed each time: about 0.1 s of the writer's thread."""


def open_vectors(database: Database, sealed: Sequence[bytes]) -> F32:
    """Decrypt and decode stored vectors of one model, (N, D) of unit length.

    Raises:
        HistoryError: if a value was altered, or the database cannot be read.
    """
    return decoded(database, [database.cipher.open(data) for data in sealed])


def decoded(database: Database, rows: Sequence[bytes]) -> F32:
    """Decode vectors of one model that were decrypted, (N, D) of unit length; raises as ``open_vectors``."""
    if not {row[0] for row in rows if is_packed(row)} <= database.spans.keys():
        with database.reading() as connection:  # another process may have found one
            _load(database, connection)
    try:
        return unpacked(rows, database.spans)
    except (KeyError, ValueError):
        raise HistoryError(f"A vector of the history {database.place} is damaged. Restore a backup.") from None


def open_vector(database: Database, sealed: bytes) -> F32:
    """Decrypt and decode a stored vector, (D,) of unit length; raises as ``open_vectors``."""
    return np.asarray(open_vectors(database, [sealed])[0])


def load_bases(database: Database, connection: sa.Connection, numbers: Collection[int]) -> dict[int, F32]:
    """Return the bases of some spans by their numbers, without 0.

    Raises:
        HistoryError: if one is not there.
    """
    wanted = set(numbers) - {0}
    if not wanted <= database.spans.keys():
        _load(database, connection)
    try:
        return {number: database.spans[number].basis for number in wanted}
    except KeyError:
        raise HistoryError(f"The history {database.place} is damaged. Restore a backup.") from None


def span_of(database: Database, connection: sa.Connection, model: str) -> Span | None:
    """Return the newest span of a model; ``None`` as long as it has too few samples."""
    if not any(each.model == model for each in database.spans.values()):
        _load(database, connection)
    return max((each for each in database.spans.values() if each.model == model), key=_number, default=None)


def tidy(database: Database, model: str) -> int:
    """Find the model's span once there are enough samples, and pack some that are not packed yet.

    Returns:
        Number of samples that were packed.

    Raises:
        HistoryError: if the database cannot be written.
    """
    with database.reading() as connection:
        span = span_of(database, connection, model)
        newest = _newest(connection, model)
    if len(newest) < LEARN_FROM:
        return 0
    vectors = open_vectors(database, newest)
    if span is None or float(fits(vectors, span.basis).mean()) < 1 - _MOST_OUTSIDE:
        span = _learn(database, model, vectors)
    return 0 if span is None else _pack_some(database, span)


def _number(span: Span) -> int:
    return span.number


def _load(database: Database, connection: sa.Connection) -> None:
    for row in connection.execute(sa.select(spans)):
        if row.id not in database.spans:
            basis = np.frombuffer(row.basis, "<f4").astype(np.float32).reshape(row.width, -1)
            database.spans[row.id] = Span(row.id, row.model, basis)


def _newest(connection: sa.Connection, model: str) -> Sequence[bytes]:
    query = sa.select(samples.c.vector).join(tracks, tracks.c.id == samples.c.track_id)
    query = query.join(runs, runs.c.id == tracks.c.run_id).where(runs.c.model == model)
    return connection.execute(query.order_by(samples.c.id.desc()).limit(_NEWEST)).scalars().all()


def _learn(database: Database, model: str, vectors: F32) -> Span | None:
    basis = _turned(_directions(vectors))
    with database.writing() as connection:
        number = int(connection.execute(sa.select(sa.func.max(spans.c.id))).scalar() or 0) + 1
        if number > MOST_SPANS:
            return None
        stored = {"id": number, "model": model, "width": len(basis), "basis": basis.astype("<f4").tobytes()}
        connection.execute(sa.insert(spans).values(stored))
    with database.reading() as connection:
        _load(database, connection)
    return database.spans[number]


def _directions(vectors: F32) -> F32:
    """Return (W, D) orthonormal rows in which nearly all of (N, D) vectors keep their length."""
    _, columns = np.linalg.eigh(vectors.T.astype(np.float64) @ vectors)
    largest_first = columns[:, ::-1]
    inside = np.cumsum((vectors @ largest_first) ** 2, axis=1)
    width = int(np.argmax((inside >= 1 - OUTSIDE / 2).mean(axis=0) >= _LEARNED)) + 1
    return np.asarray(largest_first[:, :width].T, np.float32)


def _turned(basis: F32) -> F32:
    """Return other (W, D) rows of the same span, W even: they depend on the network, and not on whose faces it saw.

    Numbers are alike in size in all these directions, so that int8 rounds them alike.
    """
    width, dimension = basis.shape
    wide = min(width + width % 2, dimension)
    drawn = np.random.default_rng(0).standard_normal((dimension, wide))
    inside = basis.T.astype(np.float64) @ (basis @ drawn)
    if wide > width:
        inside[:, width:] = drawn[:, width:]
    return np.ascontiguousarray(np.linalg.qr(inside)[0].T.astype(np.float32))


def _pack_some(database: Database, span: Span) -> int:
    name = f"packed {span.number}"
    with database.writing() as connection:
        database.require_key(connection)
        done = connection.execute(sa.select(facts.c.value).where(facts.c.name == name)).scalar()
        last = 0 if done is None else int(done)
        query = sa.select(samples.c.id, samples.c.track_id, runs.c.model)
        query = query.join(tracks, tracks.c.id == samples.c.track_id).join(runs, runs.c.id == tracks.c.run_id)
        rows = connection.execute(query.where(samples.c.id > last).order_by(samples.c.id).limit(_AT_ONCE)).all()
        if not rows:
            return 0
        owners = sorted({row.track_id for row in rows if row.model == span.model})
        query = sa.select(samples).where(samples.c.id.in_([row.id for row in rows if row.model == span.model]))
        count = _pack(database, connection, samples, connection.execute(query).all(), span)
        own = sa.and_(moments.c.track_id.in_(owners), moments.c.vector.is_not(None))
        own_rows = connection.execute(sa.select(moments).where(own)).all()
        _pack(database, connection, moments, own_rows, span)
        connection.execute(sa.delete(facts).where(facts.c.name == name))
        connection.execute(sa.insert(facts).values(name=name, value=str(rows[-1].id).encode()))
    return count


def _pack(database: Database, connection: sa.Connection, table: sa.Table, rows: Sequence[Any], span: Span) -> int:
    """Replace rows by packed ones, which get new ids: rows that shrink in place leave holes in SQLite's pages."""
    changed: list[dict[str, Any]] = []
    for row in rows:
        data = database.cipher.open(row.vector)
        if not is_packed(data) and is_packed(short := packed(from_bytes(data), span)):
            changed.append({**row._mapping, "vector": database.cipher.seal(short)})
    if changed:
        connection.execute(sa.delete(table).where(table.c.id.in_([row.pop("id") for row in changed])))
        connection.execute(sa.insert(table), changed)
    return len(changed)
