"""Find the tracks that bear a name."""

from __future__ import annotations

import sqlalchemy as sa

from recognizer.errors import HistoryError
from recognizer.history.database import Database
from recognizer.history.schema import tracks


def tracks_of_cluster(database: Database, cluster_id: int) -> tuple[str, list[int]]:
    """Return the name that the tracks of a cluster were given, and these tracks.

    Raises:
        HistoryError: if there is no such cluster, it has no name, or several.
    """
    query = sa.select(tracks.c.id, tracks.c.given).where(tracks.c.cluster_id == cluster_id).order_by(tracks.c.id)
    with database.reading() as connection:
        rows = connection.execute(query).all()
    if not rows:
        raise HistoryError(f"There is no cluster {cluster_id}; 'history unknowns' lists them.")
    names = sorted({row.given for row in rows if row.given is not None})
    if not names:
        raise HistoryError(f'Cluster {cluster_id} has no name yet: history name {cluster_id} "NAME" gives it one.')
    if len(names) > 1:
        raise HistoryError(f"The tracks of cluster {cluster_id} have several names: {', '.join(names)}. Give --person.")
    return str(names[0]), [int(row.id) for row in rows if row.given is not None]


def tracks_of_person(database: Database, name: str) -> list[int]:
    """Return the tracks that a person named so, and those that were recognised.

    Raises:
        HistoryError: if there are none.
    """
    recognised = sa.and_(tracks.c.given.is_(None), tracks.c.person == name)
    query = sa.select(tracks.c.id).where(sa.or_(tracks.c.given == name, recognised)).order_by(tracks.c.id)
    with database.reading() as connection:
        found = [int(key) for key in connection.execute(query).scalars()]
    if not found:
        raise HistoryError(f"No track of {name} is in the history {database.place}; 'history list' shows names.")
    return found
