"""A box in this process, and what it saw."""

from __future__ import annotations

from contextlib import closing

from fastapi import FastAPI

from recognizer.app.config import Settings
from recognizer.app.history import open_or_create
from recognizer.history.records import Selection
from recognizer.history.rows import insert_run, save_tracks
from recognizer.history.tracks import list_tracks
from recognizer.serve.fleet import boxes
from tests.fakes import painted_vector
from tests.gallery.records import MODEL
from tests.history.history_records import NOON, record

ADDRESS = "http://127.0.0.1:8000"


def code(app: FastAPI, name: str) -> str:
    services = app.state.services
    return boxes.invite(services.access, services.fleet, name)


def see(settings: Settings, *people: str | None, first: int = 1) -> None:
    with closing(open_or_create(settings)) as history, history.writing() as connection:
        run = insert_run(connection, NOON, MODEL, (0.4, 0.1))
        tracks = [record(first + n, person=who, vectors=(painted_vector(n, 1),)) for n, who in enumerate(people)]
        save_tracks(connection, run, tracks)


def names(settings: Settings) -> list[str | None]:
    with closing(open_or_create(settings)) as history:
        return [track.person for track in reversed(list_tracks(history, Selection()))]
