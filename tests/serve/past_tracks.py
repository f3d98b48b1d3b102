"""A history of tracks made by hand, for a service to show."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from fastapi import FastAPI

from recognizer.history.database import Database, open_history
from recognizer.history.records import TrackRecord
from recognizer.history.rows import insert_run, save_tracks
from tests.history.history_records import near, record, unit

NOW = datetime.now(UTC).replace(microsecond=0)
MINUTE = timedelta(minutes=1)


def open_past(app: FastAPI) -> Database:
    """Open the history of an application, or make it."""
    return open_history(app.state.services.settings.history_place, create=True)


def save(app: FastAPI, *records: TrackRecord) -> None:
    """Save tracks that the application's model saw."""
    model = app.state.services.inference.start().result(60).model
    history = open_past(app)
    with history.writing() as connection:
        save_tracks(connection, insert_run(connection, NOW - timedelta(days=1), model, (0.46, 0.15)), records)
    history.close()


def with_crops(track: TrackRecord) -> TrackRecord:
    """Give each sample a grey picture."""
    grey = np.full((40, 32, 3), 128, np.uint8)
    return replace(track, samples=tuple(replace(sample, crop=grey) for sample in track.samples))


def visits(name: str | None = "Ada") -> list[TrackRecord]:
    """A courier comes three times, a neighbour twice, and somebody is known; tracks 1 to 6, a minute apart."""
    courier, neighbour = unit(1), unit(2)
    faces = [courier, neighbour, near(courier, 0.8, 11), near(courier, 0.75, 12), near(neighbour, 0.8, 13)]
    found: list[Any] = [
        with_crops(record(number, person=None, began=NOW - (60 - number) * MINUTE, vectors=(face,)))
        for number, face in enumerate(faces)
    ]
    return [*found, record(9, person=name, source="yard", began=NOW - 30 * MINUTE, vectors=(unit(3), unit(4)))]
