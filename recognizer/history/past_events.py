"""The events of tracks that are in the history, for readers who were away for long."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from recognizer.history.database import Database
from recognizer.history.rows import from_us
from recognizer.history.schema import tracks

MOST_EVENTS = 2000
"""The newest; who was away for longer lists tracks."""


def past_events(database: Database, *, after_us: int) -> list[dict[str, Any]]:
    """Return the beginning and the end of each track after a time, the oldest first, as the event log writes them.

    Args:
        database: the history.
        after_us: microseconds since 1970.

    Raises:
        HistoryError: if it cannot be read.
    """
    query = sa.select(tracks).where(tracks.c.ended_us > after_us).order_by(tracks.c.ended_us.desc()).limit(MOST_EVENTS)
    with database.reading() as connection:
        rows = connection.execute(query).all()
    found = []
    for row in rows:
        if row.began_us > after_us:
            found.append((row.began_us, "appeared", row))
        found.append((row.ended_us, "lost", row))
    found.sort(key=lambda event: (event[0], event[2].id))
    return [_record(row, kind, at_us) for at_us, kind, row in found[-MOST_EVENTS:]]


def _record(row: sa.Row[Any], kind: str, at_us: int) -> dict[str, Any]:
    is_named = kind == "lost"
    return {
        "id": f"{at_us}-0",
        "time": from_us(at_us).isoformat(timespec="milliseconds"),
        "at_s": round(row.at_s + (at_us - row.began_us) / 1e6, 3),
        "source": row.source,
        "kind": kind,
        "track_id": row.number,
        "name": (row.person if row.given is None else row.given) if is_named else None,
        "similarity": round(row.similarity, 4),
        "margin": round(row.margin, 4),
        "reasons": json.loads(row.reasons) if is_named else [],
        "box": None,
        "replayed": True,
    }
