"""Reject a track's name: kept as a pair of its face and the person, which recognition heeds from then on."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from recognizer.errors import HistoryError
from recognizer.history import actions
from recognizer.history.actions import Change
from recognizer.history.database import Database
from recognizer.history.face_search import vector_of_track
from recognizer.history.rows import from_us, insert_row, to_us
from recognizer.history.schema import rejections, tracks
from recognizer.history.vectors import from_bytes, to_bytes
from recognizer.types import Status
from recognizer.types.rejection import Rejection


def reject_track(database: Database, track_id: int) -> tuple[int, str, float]:
    """Say that a track is not the person it was named; it is unknown then.

    Returns:
        The action's id, the person, and the similarity of the track to the person.

    Raises:
        HistoryError: if there is no such track, it has no name, or nothing of its face was kept.
    """
    vector, model, _ = vector_of_track(database, track_id)
    with database.writing() as connection:
        database.require_key(connection)
        row = connection.execute(sa.select(tracks).where(tracks.c.id == track_id)).one()
        person = row.given or row.person
        if person is None:
            raise HistoryError(f"Track {track_id} has no name that could be rejected.")
        values = {
            "track_id": track_id,
            "at_us": to_us(dt.datetime.now(dt.UTC)),
            "person": person,
            "model": model,
            "vector": database.cipher.seal(to_bytes(vector)),
            "active": 0,
        }
        changes = [
            Change("rejections", insert_row(connection, rejections, values), "active", 0, 1),
            Change("tracks", track_id, "given", row.given, None),
            Change("tracks", track_id, "person", row.person, None),
            Change("tracks", track_id, "status", row.status, Status.UNKNOWN.value),
            Change("tracks", track_id, "corrected", row.corrected, 1),
        ]
        action = actions.record(connection, "reject", f"track {track_id} is not {person}", changes, person=person)
        return action, str(person), float(row.similarity)


def active_rejections(database: Database, model: str) -> list[Rejection]:
    """Return the rejections of a model's faces that were not undone."""
    query = sa.select(rejections).where(rejections.c.active == 1, rejections.c.model == model)
    with database.reading() as connection:
        rows = connection.execute(query.order_by(rejections.c.id)).all()
    return [Rejection(row.person, from_bytes(database.cipher.open(row.vector)), from_us(row.at_us)) for row in rows]
