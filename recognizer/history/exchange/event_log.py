"""Tracks from the events of ``run --events``: when they began and ended, and the last name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from recognizer.history.exchange.records import LoggedEvent
from recognizer.history.rows import cleaned, insert_row, insert_run, reasons_text, to_us
from recognizer.history.schema import runs, tracks

MODEL = "event log"
"""In place of a model's fingerprint: nothing is compared with such tracks."""
SAME_TRACK_S = 2.0
"""Tracks of one source and number whose beginnings differ by less are one: the history has a track's first sample, the
log the moment at which it was reported. A run that is started anew takes longer to begin."""
_FACES = frozenset({"appeared", "recognised", "changed", "lost"})


@dataclass(slots=True)
class LoggedTrack:
    """A track as its events describe it."""

    source: str
    number: int
    began: dt.datetime
    at_s: float
    ended: dt.datetime
    name: str | None = None
    similarity: float | None = None
    margin: float | None = None
    reasons: tuple[str, ...] = ()


class LoggedTracks:
    """Joins events to tracks."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], LoggedTrack] = {}

    def add(self, event: LoggedEvent) -> Iterator[LoggedTrack]:
        """Take an event, in order of time; yield the tracks that it ends."""
        if event.track_id is None or event.kind not in _FACES:
            return
        key = event.source, event.track_id
        if event.kind == "appeared" and key in self._open:  # of a run that was killed
            yield self._open.pop(key)
        track = self._open.get(key)
        if track is None:
            track = LoggedTrack(*key, began=event.time, at_s=event.at_s, ended=event.time)
            self._open[key] = track
        track.ended = max(track.ended, event.time)
        if event.name is not None or event.kind != "lost":  # at the end a name outlives doubt
            track.name = event.name
        if event.similarity is not None:
            track.similarity, track.margin = event.similarity, event.margin
        track.reasons = tuple(event.reasons) or track.reasons
        if event.kind == "lost":
            yield self._open.pop(key)

    def rest(self) -> Iterator[LoggedTrack]:
        """Yield the tracks whose end is not in the logs."""
        while self._open:
            yield self._open.pop(next(iter(self._open)))


def save_logged_track(connection: sa.Connection, track: LoggedTrack) -> Literal["added", "present", "extended"]:
    """Insert a track that is not in the history yet; one of a log is extended where a longer log has its end."""
    began, ended = to_us(track.began), to_us(track.ended)
    tolerance = round(1e6 * SAME_TRACK_S)
    query = sa.select(tracks.c.id, tracks.c.began_us, tracks.c.ended_us, tracks.c.corrected, runs.c.model).join(runs)
    query = query.where(
        tracks.c.source == cleaned(track.source),
        tracks.c.number == track.number,
        tracks.c.began_us.between(began - tolerance, began + tolerance),
    )
    row = connection.execute(query.order_by(sa.func.abs(tracks.c.began_us - began))).first()
    values = _values(track)
    if row is None:
        insert_row(connection, tracks, values | {"run_id": _run(connection, track), "began_us": began, "frames": 0})
        return "added"
    if (row.model, row.began_us, bool(row.corrected)) == (MODEL, began, False) and row.ended_us < ended:
        connection.execute(sa.update(tracks).where(tracks.c.id == row.id).values(values))
        return "extended"
    return "present"


def _values(track: LoggedTrack) -> dict[str, Any]:
    return {
        "source": cleaned(track.source),
        "number": track.number,
        "ended_us": to_us(track.ended),
        "at_s": track.at_s,
        "status": "known" if track.name else "unknown",  # a log does not mark undecided ones
        "person": cleaned(track.name),
        "nearest": cleaned(track.name),
        "similarity": -1.0 if track.similarity is None else track.similarity,
        "margin": track.margin or 0.0,
        "reasons": reasons_text(track.reasons),
    }


def _run(connection: sa.Connection, track: LoggedTrack) -> int:
    """Return the newest run of event logs that has no such track yet; numbers begin anew with each run."""
    taken = sa.select(tracks.c.run_id).where(
        tracks.c.run_id == runs.c.id, tracks.c.source == cleaned(track.source), tracks.c.number == track.number
    )
    query = sa.select(runs.c.id).where(runs.c.model == MODEL, ~taken.exists()).order_by(runs.c.id.desc()).limit(1)
    found = connection.execute(query).scalar()
    return found or insert_run(connection, track.began, MODEL, (0.0, 0.0))
