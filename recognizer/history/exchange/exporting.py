"""Export tracks as JSON lines or Parquet. An export is never encrypted."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO, Any

import numpy as np
import sqlalchemy as sa

from recognizer.errors import UsageError
from recognizer.history.database import Database
from recognizer.history.exchange.records import FORMAT, VERSION
from recognizer.history.records import Selection
from recognizer.history.rows import from_us
from recognizer.history.schema import clusters, runs, samples, tracks
from recognizer.history.spans import open_vector
from recognizer.history.tracks import conditions
from recognizer.history.vectors import to_bytes

_BATCH = 500
_QUALITY = ("eyes_px", "sharpness", "yaw_deg", "roll_deg", "score")
_NEEDS_PYARROW = "Parquet files need pyarrow: pip install pyarrow. A name that ends with .jsonl needs nothing."

Progress = Callable[[int, int], None]


def export(
    database: Database, to: IO[bytes], *, suffix: str, selection: Selection, vectors: bool, progress: Progress
) -> int:
    """Write tracks, the earliest first; returns their number.

    Args:
        database: the history.
        to: an open file.
        suffix: ``.jsonl`` or ``.parquet``.
        selection: which tracks.
        vectors: also samples: times, qualities and vectors, decrypted.
        progress: called with the tracks written and those in all.

    Raises:
        HistoryError: if the database cannot be read, or a vector was altered.
        UsageError: if pyarrow is not installed, for Parquet.
    """
    write = {".jsonl": _write_lines, ".parquet": _write_parquet}[suffix]
    return write(to, _batches(database, selection, vectors, progress), vectors)


def _batches(
    database: Database, selection: Selection, vectors: bool, progress: Progress
) -> Iterator[list[dict[str, Any]]]:
    """Yield tracks as ``records.ExportedTrack`` has them, in parts; all of one state of the history."""
    where = conditions(selection)
    query = joined_tracks().where(*where)
    query = query.order_by(tracks.c.began_us, tracks.c.id).execution_options(stream_results=True)
    with database.reading() as connection:
        total = connection.execute(sa.select(sa.func.count()).select_from(tracks).where(*where)).scalar_one()
        done = 0
        for rows in connection.execute(query).partitions(_BATCH):
            kept = exported_samples(connection, database, [row.id for row in rows]) if vectors else None
            yield [exported_track(row) | ({} if kept is None else {"samples": kept.get(row.id, [])}) for row in rows]
            done += len(rows)
            progress(done, total)


def joined_tracks() -> sa.Select[Any]:
    """Return the query of all tracks with their runs and clusters."""
    joined = tracks.join(runs, runs.c.id == tracks.c.run_id).outerjoin(clusters, clusters.c.id == tracks.c.cluster_id)
    run = [runs.c[name].label(f"run_{name}") for name in ("began_us", "model", "known", "margin")]
    return sa.select(tracks, *run, clusters.c.state).select_from(joined)


def exported_track(row: sa.Row[Any]) -> dict[str, Any]:
    """Return a row of ``joined_tracks`` as ``records.ExportedTrack`` has it, without samples."""
    run = {
        "began": from_us(row.run_began_us),
        "model": row.run_model,
        "known": row.run_known,
        "margin": row.run_margin,
    }
    names = ("source", "number", "at_s", "status", "person", "given", "nearest", "similarity", "margin", "frames")
    return {
        "run": run,
        **{name: row._mapping[name] for name in names},
        "began": from_us(row.began_us),
        "ended": from_us(row.ended_us),
        "reasons": json.loads(row.reasons),
        "corrected": bool(row.corrected),
        "cluster": None if row.state is None else {"id": row.cluster_id, "state": row.state},
    }


def exported_samples(
    connection: sa.Connection, database: Database, ids: list[int]
) -> Mapping[int, list[dict[str, Any]]]:
    """Return the samples of some tracks, the best first; vectors as bytes of float16."""
    columns = [samples.c[name] for name in ("track_id", "at_us", "vector", *_QUALITY)]
    query = sa.select(*columns).where(samples.c.track_id.in_(ids)).order_by(samples.c.track_id, samples.c.rank)
    found: dict[int, list[dict[str, Any]]] = {}
    for row in connection.execute(query):
        quality = {name: row._mapping[name] for name in _QUALITY}
        sample = {"at": from_us(row.at_us), **quality, "vector": to_bytes(open_vector(database, row.vector))}
        found.setdefault(row.track_id, []).append(sample)
    return found


def _write_lines(to: IO[bytes], batches: Iterable[list[dict[str, Any]]], vectors: bool) -> int:
    to.write(as_line({"format": FORMAT, "version": VERSION, "vectors": vectors}))
    count = 0
    for batch in batches:
        to.writelines(as_line(track) for track in batch)
        count += len(batch)
    return count


def as_line(record: Mapping[str, Any]) -> bytes:
    """Encode a track as a line of JSON."""
    return (json.dumps(record, ensure_ascii=False, default=_json) + "\n").encode()


def _json(value: Any) -> str:
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else str(value.isoformat())


def _write_parquet(to: IO[bytes], batches: Iterable[list[dict[str, Any]]], vectors: bool) -> int:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError:
        raise UsageError(_NEEDS_PYARROW) from None
    schema = _schema(pa, vectors)
    count = 0
    with parquet.ParquetWriter(to, schema, compression="zstd") as writer:
        for batch in batches:
            for track in batch:
                for sample in track.get("samples", ()):
                    sample["vector"] = np.frombuffer(sample["vector"], "<f2").astype(np.float32)
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))
            count += len(batch)
    return count


def _schema(pa: Any, vectors: bool) -> Any:
    """Return the columns of a Parquet file; times are UTC, vectors float32, which holds float16 exactly."""
    time, text, real = pa.timestamp("us", tz="UTC"), pa.string(), pa.float64()
    run = pa.struct([("began", time), ("model", text), ("known", real), ("margin", real)])
    columns = [
        ("run", run),
        ("source", text),
        ("number", pa.int64()),
        ("began", time),
        ("ended", time),
        ("at_s", real),
        ("status", text),
        ("person", text),
        ("given", text),
        ("nearest", text),
        ("similarity", real),
        ("margin", real),
        ("reasons", pa.list_(text)),
        ("frames", pa.int64()),
        ("corrected", pa.bool_()),
        ("cluster", pa.struct([("id", pa.int64()), ("state", text)])),
    ]
    if vectors:
        sample = [("at", time), *((name, real) for name in _QUALITY), ("vector", pa.list_(pa.float32()))]
        columns.append(("samples", pa.list_(pa.struct(sample))))
    return pa.schema(columns, metadata={"format": FORMAT, "version": str(VERSION)})
