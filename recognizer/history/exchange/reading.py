"""Read the files that can be imported, record by record; what is damaged is counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from recognizer.errors import InputError, UsageError
from recognizer.history.exchange.records import FORMAT, VERSION, ExportedTrack, LoggedEvent

_LONGEST = 4 * 1024 * 1024
"""Bytes of a line at most; a track with five vectors has 10 KB."""
_BATCH = 500


@dataclass(slots=True)
class Damage:
    """Lines that could not be read."""

    count: int = 0
    first: str | None = None
    """Where the first one is, and what is wrong with it."""

    def add(self, where: str, why: str) -> None:
        """Count a line."""
        self.count += 1
        self.first = self.first or f"{where}: {why}"


def read_records(path: Path, damage: Damage) -> Iterator[tuple[int, ExportedTrack | LoggedEvent]]:
    """Yield the tracks of an export, or the events of a log, each with the number of bytes read so far.

    Args:
        path: JSON lines, or Parquet by its ending.
        damage: counts lines that are no track and no event.

    Raises:
        InputError: if the file cannot be read, is of a newer version, or holds nothing but damaged lines.
        UsageError: if pyarrow is not installed, for Parquet.
    """
    before, good = damage.count, 0
    for record in _parquet(path, damage) if path.suffix.lower() == ".parquet" else _lines(path, damage):
        good += 1
        yield record
    if not good and damage.count > before:
        raise InputError(
            f"{path} holds no line of an event log ('run --events') or of 'history export'. {damage.first or ''}"
        )


def _lines(path: Path, damage: Damage) -> Iterator[tuple[int, ExportedTrack | LoggedEvent]]:
    done = number = 0
    try:
        with path.open("rb") as file:
            while line := file.readline(_LONGEST):
                done += len(line)
                number += 1
                where = f"{path.name}, line {number}"
                if not line.strip():
                    continue
                try:
                    document = json.loads(line)
                except (ValueError, RecursionError):
                    damage.add(where, "it is no JSON" if line.endswith(b"\n") else "it is cut off")
                    continue
                if not isinstance(document, dict):
                    damage.add(where, "it is no object")
                elif "format" in document:
                    _require_version(path, document["format"], document.get("version"))
                elif (record := _checked(document, where, damage)) is not None:
                    yield done, record
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error


def _parquet(path: Path, damage: Damage) -> Iterator[tuple[int, ExportedTrack | LoggedEvent]]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError:
        raise UsageError("Parquet files need pyarrow: pip install pyarrow.") from None
    try:
        with parquet.ParquetFile(path) as file:
            metadata = file.schema_arrow.metadata or {}
            version = metadata.get(b"version", b"").decode("ascii", "replace")
            form = metadata.get(b"format", b"").decode("ascii", "replace")
            _require_version(path, form, int(version) if version.isdecimal() else version)
            number = 0
            for batch in file.iter_batches(_BATCH):
                for row in batch.to_pylist():
                    number += 1
                    for sample in row.get("samples") or ():
                        sample["vector"] = np.array(sample["vector"], "<f2").tobytes()
                    if (record := _checked(row, f"{path.name}, row {number}", damage)) is not None:
                        yield round(path.stat().st_size * number / file.metadata.num_rows), record
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path} cannot be read: {str(error).splitlines()[0]}.") from error


def _checked(document: dict[str, Any], where: str, damage: Damage) -> ExportedTrack | LoggedEvent | None:
    try:
        return (ExportedTrack if "run" in document else LoggedEvent).model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        damage.add(where, f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}")
        return None


def _require_version(path: Path, form: Any, version: Any) -> None:
    if form != FORMAT or not isinstance(version, int):
        raise InputError(f"{path} is no export of a history.")
    if version > VERSION:
        raise InputError(
            f"{path} was exported by a newer version of this program (format {version}, this one knows {VERSION}). "
            "Install the newer version."
        )
