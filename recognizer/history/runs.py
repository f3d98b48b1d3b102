"""The runs of a history."""

from __future__ import annotations

import sqlalchemy as sa

from recognizer.history.database import Database
from recognizer.history.records import DecisionFacts
from recognizer.history.rows import facts_of
from recognizer.history.schema import revisions, runs


def last_facts(database: Database, model: str) -> DecisionFacts | None:
    """Return what the newest decisions of a model's last run depended on; ``None`` before the first run.

    Raises:
        HistoryError: if the database cannot be read.
    """
    first = sa.select(runs.c.id, runs.c.decision, runs.c.gallery, sa.literal(0).label("number"))
    first = first.where(runs.c.model == model, runs.c.decision.is_not(None)).order_by(runs.c.id.desc()).limit(1)
    with database.reading() as connection:
        row = connection.execute(first).first()
        if row is None:
            return None
        later = sa.select(revisions).where(revisions.c.run_id == row.id).order_by(revisions.c.number.desc()).limit(1)
        return facts_of(connection.execute(later).first() or row)
