"""Measure the clusters of many unknown tracks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from recognizer.bench import history_data
from recognizer.bench.history_data import KNOWN, MODEL
from recognizer.bench.search import resident_mb
from recognizer.bench.timing import Meter, milliseconds
from recognizer.history.clustering import Clustering
from recognizer.history.database import Database
from recognizer.history.keyed import open_with_key
from recognizer.history.schema import samples, tracks
from recognizer.history.vectors import to_bytes


def measure(folder: Path, count: int, *, rounds: int, key: bytes | None = None) -> dict[str, Any]:
    """Draw a history of unknown tracks and cluster them; then one new track at a time.

    Args:
        folder: where the history is made.
        count: tracks.
        rounds: new tracks that are timed.
        key: encrypts vectors.
    """
    history = open_with_key(folder, key, create=True)
    try:
        history_data.fill(history, count, unknown=count)
        clustering = Clustering(model=MODEL, threshold=KNOWN)
        before = resident_mb()
        with Meter() as meter:
            clustering.update(history)
        after = resident_mb()
        spent = []
        faces = history_data.Faces(2)
        for number in range(rounds):
            _add(history, faces, count + number + 1)
            with Meter() as one:
                clustering.update(history)
            spent.append(one.spent)
        return {
            "tracks": count,
            "clusters": _count(history),
            "people": count // history_data.VISITS,
            "s": round(meter.spent.wall_s, 2),
            "cpu_s": round(meter.spent.cpu_s, 2),
            "memory_mb": None if before is None or after is None else round(after - before),
            "one_more_ms": milliseconds(spent),
        }
    finally:
        history.close()


def _count(history: Database) -> int:
    with history.reading() as connection:
        return int(connection.execute(sa.select(sa.func.count(sa.distinct(tracks.c.cluster_id)))).scalar_one())


def _add(history: Database, faces: history_data.Faces, number: int) -> None:
    """Insert a track of somebody who was never seen."""
    vector = faces.photos(faces.people(1))[0]
    with history.writing() as connection:
        last = connection.execute(sa.select(tracks).order_by(tracks.c.id.desc()).limit(1)).one()._asdict()
        began = last["ended_us"]
        values = {**last, "id": number, "number": number, "began_us": began, "ended_us": began + 10**7}
        connection.execute(sa.insert(tracks).values({**values, "cluster_id": None}))
        quality = dict.fromkeys(("eyes_px", "sharpness", "yaw_deg", "roll_deg", "score"), 0.5)
        row = {"track_id": number, "rank": 0, "at_us": began, "vector": history.cipher.seal(to_bytes(vector))}
        connection.execute(sa.insert(samples).values({**row, **quality}))
