"""Import exports and old event logs. What is there already is left alone, so a file can be imported twice."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from recognizer.errors import InputError
from recognizer.history import face_blocks
from recognizer.history.database import Database
from recognizer.history.exchange.event_log import LoggedTrack, LoggedTracks, save_logged_track
from recognizer.history.exchange.reading import Damage, read_records
from recognizer.history.exchange.records import ExportedTrack, LoggedEvent
from recognizer.history.rows import cleaned, insert_row, insert_run, reasons_text, to_us
from recognizer.history.schema import actions, clusters, runs, samples, tracks
from recognizer.history.spans import open_vector

_SAID = frozenset({"person", "given", "status", "corrected"})
"""Columns that say who a track is."""
_BATCH = 500
"""Tracks of one transaction, so that the writer of a run waits for some hundredths of a second."""

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Imported:
    """What became of some files."""

    added: int = 0
    """Tracks that are new."""
    present: int = 0
    """Tracks that were in the history already."""
    extended: int = 0
    """Tracks of event logs whose end a longer log has."""
    other: int = 0
    """Lines of event logs that are of a source, and not of a face."""
    damaged: int = 0
    """Lines that could not be read."""
    first_damaged: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the fields for JSON."""
        return asdict(self)


def import_files(database: Database, paths: Sequence[Path], *, progress: Progress) -> Imported:
    """Import exports and event logs, in the order of their first events.

    A track of an export is in the history already if its run, source and number are. A track of an event log is there
    if a track of its source and number began within 2 s of it, by whichever run.

    Args:
        database: the history.
        paths: files of ``history export`` or ``run --events``.
        progress: called with the kilobytes read and those in all.

    Raises:
        HistoryError: if the database cannot be written; what was imported before stays.
        InputError: if a file cannot be read, is of a newer version, or holds nothing that fits, or vectors that are not
            its model's; so does this.
        UsageError: if pyarrow is not installed, for Parquet.
    """
    result, damage = Imported(), Damage()
    logged = LoggedTracks()
    sizes = [os.path.getsize(path) if os.path.exists(path) else 0 for path in paths]
    before = 0
    for path, size in sorted(zip(paths, sizes, strict=True), key=lambda file: _first_moment(file[0])):
        records, exported = read_records(path, damage), TrackImporter(database)
        while batch := list(itertools.islice(records, _BATCH)):
            ended = [track for _, event in batch if isinstance(event, LoggedEvent) for track in logged.add(event)]
            result.other += sum(isinstance(event, LoggedEvent) and event.track_id is None for _, event in batch)
            exported.save([track for _, track in batch if isinstance(track, ExportedTrack)], result)
            _save_logged(database, ended, result)
            progress((before + batch[-1][0]) // 1000, sum(sizes) // 1000)
        before += size
    _save_logged(database, logged.rest(), result)
    result.damaged, result.first_damaged = damage.count, damage.first
    return result


def _first_moment(path: Path) -> float:
    """Return the time of a file's first record; rotated event logs may be given in any order."""
    found = next((record for _, record in read_records(path, Damage())), None)
    if found is None:
        return 0.0
    return (found.began if isinstance(found, ExportedTrack) else found.time).timestamp()


def _save_logged(database: Database, ended: Iterable[LoggedTrack], result: Imported) -> None:
    rest = iter(ended)
    while some := list(itertools.islice(rest, _BATCH)):
        with database.writing() as connection:
            for track in some:
                outcome = save_logged_track(connection, track)
                setattr(result, outcome, getattr(result, outcome) + 1)


class TrackImporter:
    """Saves the tracks of one export, with their runs and clusters.

    Args:
        database: the history.
        update: replace tracks that are there; what a person said of them here stands above what comes.
    """

    def __init__(self, database: Database, *, update: bool = False) -> None:
        self._database = database
        self._update = update
        self._runs: dict[tuple[int, str], int] = {}
        self._clusters: dict[int, int] = {}
        """Number in the export -> number here."""
        self._lengths: dict[str, int] = {}
        """Bytes of each model's vectors."""

    def save(self, some: Sequence[ExportedTrack], result: Imported) -> None:
        """Save tracks in one transaction, and count them."""
        if not some:
            return
        with self._database.writing() as connection:
            self._database.require_key(connection)
            for track in some:
                if self.save_one(connection, track):
                    result.added += 1
                else:
                    result.present += 1

    def _require_lengths(self, connection: sa.Connection, track: ExportedTrack) -> None:
        """Refuse vectors that cannot be compared with those of their model: no search would work any more."""
        for sample in track.samples or ():
            model, length = track.run.model, len(sample.vector)
            if model not in self._lengths:
                joined = samples.join(tracks, tracks.c.id == samples.c.track_id).join(
                    runs, runs.c.id == tracks.c.run_id
                )
                query = sa.select(samples.c.vector).select_from(joined).where(runs.c.model == model).limit(1)
                there = connection.execute(query).scalar()
                self._lengths[model] = length if there is None else 2 * len(open_vector(self._database, there))
            if length != self._lengths[model]:
                raise InputError(
                    f"A vector of {model} has {length // 2} numbers, the others of this model have "
                    f"{self._lengths[model] // 2}; the import was ended."
                )

    def save_one(self, connection: sa.Connection, track: ExportedTrack) -> bool:
        """Save a track; returns whether it is new.

        Raises:
            InputError: if its vectors are not its model's; nothing of it was written.
        """
        self._require_lengths(connection, track)
        run = self._run(connection, track)
        there = sa.select(tracks.c.id, tracks.c.cluster_id, tracks.c.corrected, tracks.c.given).where(
            tracks.c.run_id == run, tracks.c.source == cleaned(track.source), tracks.c.number == track.number
        )
        if (row := connection.execute(there).one_or_none()) is not None:
            if track.cluster is not None and row.cluster_id is not None:
                self._clusters.setdefault(track.cluster.id, row.cluster_id)
            if self._update:
                self._replace(connection, row, track)
            return False
        ids = {"run_id": run, "source": cleaned(track.source), "number": track.number}
        key = insert_row(connection, tracks, ids | _values(track) | {"cluster_id": self._cluster(connection, track)})
        if track.samples:
            connection.execute(sa.insert(samples), self._sample_rows(key, track))
        return True

    def _replace(self, connection: sa.Connection, row: Any, track: ExportedTrack) -> None:
        values = _values(track)
        if (row.corrected or row.given is not None) and _was_corrected_here(connection, row.id):
            values = {key: value for key, value in values.items() if key not in _SAID}
        connection.execute(sa.update(tracks).where(tracks.c.id == row.id).values(values))
        face_blocks.drop(connection, [row.id])  # its times may have changed, too
        if track.samples is not None:
            connection.execute(sa.delete(samples).where(samples.c.track_id == row.id))
            if track.samples:
                connection.execute(sa.insert(samples), self._sample_rows(row.id, track))

    def _sample_rows(self, key: int, track: ExportedTrack) -> list[dict[str, Any]]:
        return [
            {
                "track_id": key,
                "rank": rank,
                "at_us": to_us(sample.at),
                "vector": self._database.cipher.seal(sample.vector),
                **sample.model_dump(include={"eyes_px", "sharpness", "yaw_deg", "roll_deg", "score"}),
                "crop": None,
            }
            for rank, sample in enumerate(track.samples or ())
        ]

    def _run(self, connection: sa.Connection, track: ExportedTrack) -> int:
        run = track.run
        name = to_us(run.began), run.model
        if name not in self._runs:
            there = sa.select(runs.c.id).where(runs.c.began_us == name[0], runs.c.model == run.model)
            found = connection.execute(there.order_by(runs.c.id)).scalars().first()
            self._runs[name] = found or insert_run(connection, run.began, run.model, (run.known, run.margin))
        return self._runs[name]

    def _cluster(self, connection: sa.Connection, track: ExportedTrack) -> int | None:
        if track.cluster is None:
            return None
        if track.cluster.id not in self._clusters:
            self._clusters[track.cluster.id] = insert_row(connection, clusters, {"state": track.cluster.state})
        return self._clusters[track.cluster.id]


def _values(track: ExportedTrack) -> dict[str, Any]:
    return {
        "began_us": to_us(track.began),
        "ended_us": to_us(track.ended),
        "at_s": track.at_s,
        "status": track.status,
        "person": cleaned(track.person),
        "given": cleaned(track.given),
        "nearest": cleaned(track.nearest),
        "similarity": track.similarity,
        "margin": track.margin,
        "reasons": reasons_text(track.reasons),
        "frames": track.frames,
        "corrected": int(track.corrected),
    }


def _was_corrected_here(connection: sa.Connection, key: int) -> bool:
    """Whether an action of this history stands on a track; else what it says came with an earlier import."""
    of_track = actions.c.changes.contains(f'["tracks", {key}, ', autoescape=True)
    return (
        connection.execute(sa.select(actions.c.id).where(of_track, actions.c.undone_us.is_(None))).first() is not None
    )
