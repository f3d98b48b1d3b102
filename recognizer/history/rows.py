"""Turn records into rows of the tables, and rows into values."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, overload

import cv2
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from recognizer.history import face_blocks
from recognizer.history.encryption import PLAIN, Cipher
from recognizer.history.records import DecisionFacts, Moment, Sample, TrackRecord
from recognizer.history.schema import moments, revisions, runs, samples, tracks
from recognizer.history.vectors import Span, packed

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_CROP_QUALITY = 85
"""JPEG quality of crops: at 160 px 2.6 KB each in the office clips, 5.3 KB in the demonstration's (3.2 to 7.0)."""


def to_us(moment: dt.datetime) -> int:
    """Return microseconds since 1970, UTC; exact, as a float is not."""
    return (moment - _EPOCH) // _MICROSECOND


def from_us(value: int) -> dt.datetime:
    """Return the time of day in this machine's zone."""
    return (_EPOCH + value * _MICROSECOND).astimezone()


def insert_row(connection: sa.Connection, table: sa.Table, values: Mapping[str, Any]) -> int:
    """Insert a row of a table that numbers its rows; returns its id."""
    key = connection.execute(sa.insert(table).values(dict(values))).inserted_primary_key
    return int(key[0]) if key else 0


def insert_run(
    connection: sa.Connection,
    began: dt.datetime,
    model: str,
    thresholds: tuple[float, float],
    facts: DecisionFacts | None = None,
) -> int:
    """Insert a run; returns its id. Tracks of a run without ``facts`` cannot be replayed."""
    known, margin = thresholds
    values: dict[str, Any] = {"began_us": to_us(began), "model": model, "known": known, "margin": margin}
    if facts is not None:
        values |= _facts_row(facts)
    return insert_row(connection, runs, values)


def _facts_row(facts: DecisionFacts) -> dict[str, Any]:
    decision = json.dumps({**facts.thresholds, "min_samples": facts.min_samples})
    return {"decision": decision, "gallery": facts.gallery}


def facts_of(row: sa.Row[Any]) -> DecisionFacts:
    """Return what decisions depended on, of a row with ``decision``, ``gallery`` and ``number``, its revision."""
    thresholds = json.loads(row.decision)
    min_samples = thresholds.pop("min_samples")
    return DecisionFacts(thresholds=thresholds, min_samples=min_samples, gallery=row.gallery or "", revision=row.number)


def save_tracks(
    connection: sa.Connection,
    run_id: int,
    records: Sequence[TrackRecord],
    *,
    cipher: Cipher = PLAIN,
    span: Span | None = None,
) -> None:
    """Insert tracks, or replace those that were saved before they ended; vectors are packed if there is a span."""
    _save_revisions(connection, run_id, records)
    keys: set[int] = set()
    for record in records:
        values = _track_row(run_id, record)
        key = connection.execute(_upsert(connection.dialect.name, tuple(values)), values).scalar_one()
        keys.add(key)
        connection.execute(sa.delete(samples).where(samples.c.track_id == key))
        if record.samples:
            rows = [_sample_row(key, rank, sample, cipher, span) for rank, sample in enumerate(record.samples)]
            connection.execute(sa.insert(samples), rows)
        connection.execute(sa.delete(moments).where(moments.c.track_id == key))
        if record.moments:
            rows = [_moment_row(key, place, moment, cipher, span) for place, moment in enumerate(record.moments)]
            connection.execute(sa.insert(moments), rows)
    face_blocks.drop(connection, keys)


def _save_revisions(connection: sa.Connection, run_id: int, records: Sequence[TrackRecord]) -> None:
    facts = {moment.facts.revision: moment.facts for record in records for moment in record.moments}
    facts.pop(0, None)  # stands in the run's row
    if not facts:
        return
    query = sa.select(revisions.c.number).where(revisions.c.run_id == run_id, revisions.c.number.in_(facts))
    there = set(connection.execute(query).scalars())
    for number in sorted(facts.keys() - there):
        values = {"run_id": run_id, "number": number, **_facts_row(facts[number])}
        connection.execute(sa.insert(revisions).values(values))


@cache
def _upsert(dialect: str, columns: tuple[str, ...]) -> Any:
    """Make the statement that inserts or replaces a track and returns its id; once, as that takes as long again."""
    statement = (sqlite.insert if dialect == "sqlite" else postgresql.insert)(tracks)
    new = {column: statement.excluded[column] for column in columns}
    corrected = tracks.c.corrected != 0  # what a person said of a track stands above what comes of it later
    decided = {key: sa.case((corrected, tracks.c[key]), else_=new[key]) for key in ("person", "status")}
    statement = statement.on_conflict_do_update(index_elements=["run_id", "source", "number"], set_=new | decided)
    return statement.returning(tracks.c.id)


def _track_row(run_id: int, record: TrackRecord) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "source": cleaned(record.source),
        "number": record.number,
        "began_us": to_us(record.began),
        "ended_us": to_us(record.ended),
        "at_s": record.at_s,
        "status": record.status.value,
        "person": cleaned(record.person),
        "nearest": cleaned(record.nearest),
        "similarity": _finite(record.similarity, -1.0),
        "margin": _finite(record.margin, 0.0),
        "reasons": reasons_text(record.reasons),
        "frames": record.frames,
    }


@overload
def cleaned(value: str) -> str: ...
@overload
def cleaned(value: None) -> None: ...
@overload
def cleaned(value: str | None) -> str | None: ...
def cleaned(value: str | None) -> str | None:
    """Replace what no database takes: surrogates, of file names that are no UTF-8, and the character NUL."""
    return None if value is None else value.encode("utf-8", "replace").decode("utf-8").replace("\0", "?")


def reasons_text(reasons: Sequence[str]) -> str:
    """Encode the reasons of a decision as JSON."""
    return json.dumps([cleaned(reason) for reason in reasons], ensure_ascii=False)


def _finite(value: float, otherwise: float) -> float:
    return float(value) if math.isfinite(value) else otherwise


def _sample_row(track_id: int, rank: int, sample: Sample, cipher: Cipher, span: Span | None) -> dict[str, Any]:
    eyes_px, sharpness, yaw_deg, roll_deg, score = sample.quality.numbers()
    crop = None
    if sample.crop is not None:
        _, encoded = cv2.imencode(".jpg", sample.crop, [cv2.IMWRITE_JPEG_QUALITY, _CROP_QUALITY])
        crop = cipher.seal(encoded.tobytes())
    return {
        "track_id": track_id,
        "rank": rank,
        "at_us": to_us(sample.at),
        "vector": cipher.seal(packed(sample.vector, span)),
        "eyes_px": eyes_px,
        "sharpness": sharpness,
        "yaw_deg": yaw_deg,
        "roll_deg": roll_deg,
        "score": score,
        "crop": crop,
        "weight": sample.weight,
    }


def _moment_row(track_id: int, place: int, moment: Moment, cipher: Cipher, span: Span | None) -> dict[str, Any]:
    return {
        "track_id": track_id,
        "place": place,
        "at_us": to_us(moment.at),
        "vector": None if moment.template is None else cipher.seal(packed(moment.template, span)),
        "weight": _finite(moment.weight, 0.0),
        "usable_count": moment.usable_count,
        "nearest": cleaned(moment.nearest),
        "similarity": _finite(moment.similarity, -1.0),
        "runner_up": _finite(moment.runner_up, -1.0),
        "shown_from_us": to_us(moment.shown_from),
        "shown_until_us": to_us(moment.shown_until),
        "revision": moment.facts.revision,
    }
