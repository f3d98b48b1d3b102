"""The runs of a history."""

from __future__ import annotations

import json

import sqlalchemy as sa

from recognizer.history.database import Database
from recognizer.history.records import DecisionFacts
from recognizer.history.schema import runs


def last_facts(database: Database, model: str) -> DecisionFacts | None:
    """Return what the decisions of a model's last run depended on; ``None`` before the first run.

    Raises:
        HistoryError: if the database cannot be read.
    """
    query = sa.select(runs).where(runs.c.model == model, runs.c.decision.is_not(None)).order_by(runs.c.id.desc())
    with database.reading() as connection:
        row = connection.execute(query.limit(1)).first()
    if row is None:
        return None
    thresholds = json.loads(row.decision)
    return DecisionFacts(min_samples=thresholds.pop("min_samples"), thresholds=thresholds, gallery=row.gallery or "")
