"""Take tracks that a box of a fleet pushes, as often as it does: each is there once, as it was pushed last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from recognizer.errors import InputError
from recognizer.history.database import Database
from recognizer.history.exchange.importing import TrackImporter
from recognizer.history.exchange.records import ExportedTrack


@dataclass(slots=True)
class Taken:
    """What became of pushed tracks."""

    added: int = 0
    updated: int = 0
    forgotten: int = 0
    """Tracks of people who were deleted."""
    refused: list[tuple[int, str]] = field(default_factory=list)
    """Line, from 0, and why."""


def take_tracks(database: Database, lines: Iterable[bytes], *, box: str, departed: Mapping[str, str | None]) -> Taken:
    """Keep tracks in one transaction.

    Args:
        database: the history.
        lines: JSON as of an export.
        box: stands before the names of its sources, as cameras of two boxes may be called alike.
        departed: names that nobody bears any more: the name in their place, or ``None`` for people who were deleted.

    Raises:
        HistoryError: if the database cannot be written; nothing is kept then.
    """
    taken, tracks = Taken(), list[tuple[int, ExportedTrack]]()
    for number, line in enumerate(lines):
        try:
            track = ExportedTrack.model_validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            taken.refused.append((number, f"{'.'.join(map(str, first['loc']))}: {first['msg']}"))
            continue
        if any(departed.get(name, name) is None for name in (track.person, track.given) if name is not None):
            taken.forgotten += 1
            continue
        tracks.append((number, _renamed(track, box, departed)))
    importer = TrackImporter(database, update=True)
    with database.writing() as connection:
        database.require_key(connection)
        for number, track in tracks:
            try:
                is_new = importer.save_one(connection, track)
            except InputError as error:
                taken.refused.append((number, str(error)))
                continue
            taken.added += is_new
            taken.updated += not is_new
    return taken


def _renamed(track: ExportedTrack, box: str, departed: Mapping[str, str | None]) -> ExportedTrack:
    names = {key: getattr(track, key) for key in ("person", "given", "nearest")}
    now = {key: departed.get(name, name) if name is not None else None for key, name in names.items()}
    reasons = track.reasons if now == names else []  # a reason may speak of them
    source = f"{box}/{track.source.lstrip('/')}"
    return track.model_copy(update={**now, "reasons": reasons, "source": source, "cluster": None})
