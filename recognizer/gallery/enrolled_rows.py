"""Read the vectors of all accepted photos in the memory that they take: 2.05 GB for a million of 512 numbers.

The photos are read first, in order; then the measurements as they lie in the file, each into its photo's row.
"""

from __future__ import annotations

import sqlite3

import numpy as np

from recognizer.gallery import proof, schema, stored
from recognizer.gallery.records import Enrolled
from recognizer.types import EMBEDDING_SIZE, F32


def read_enrolled(connection: sqlite3.Connection, folder: str) -> Enrolled:
    """Read who is enrolled, inside a transaction.

    Args:
        connection: to the record.
        folder: the gallery, for messages.

    Raises:
        DamagedRow: if the record is not what was written.
    """
    commit = proof.CommitReader(connection)
    proved = schema.layout(connection) != schema.UNPROVED
    names: list[str] = []
    files: list[str] = []
    rows: dict[bytes | None, int] = {}
    repeated: list[tuple[int, int]] = []
    for name, file, sha256, *_, accepted, notes in commit.photos():
        if notes != "[]":
            stored.notes_of(notes)
        if not accepted:
            continue
        row, first = len(names), rows.setdefault(sha256, len(names))
        if first != row:
            repeated.append((row, first))
        names.append(names[-1] if names and names[-1] == name else name)  # one object for all photos of a person
        files.append(file)
    if (proved or proof.DIGEST in commit.facts) and not commit.is_sound:
        raise stored.DamagedRow(proof.UNSOUND)
    model = str(commit.facts.get("model", ""))
    vectors = _vectors(connection, model, rows, count=len(names), proved=proved)
    for row, first in repeated:
        vectors[row] = vectors[first]
    return Enrolled(tuple(names), tuple(files), vectors, model, folder)


def _vectors(
    connection: sqlite3.Connection, model: str, rows: dict[bytes | None, int], *, count: int, proved: bool
) -> F32:
    """Read (count, D) vectors, each into the row of its picture's content."""
    columns = f"{proof.MEASURED}, {proof.DIGEST if proved else 'NULL'}"
    vectors = np.zeros((0, EMBEDDING_SIZE), np.float32)
    found = 0
    for measured in connection.execute(f"SELECT {columns} FROM measurements WHERE model = ?", (model,)):  # noqa: S608
        place = rows.get(measured[0])
        if place is None:
            continue
        if proved:
            stored.require_digest(measured[:-1], measured[-1])
        vector = stored.vector_of(measured[-2])
        if not found:
            vectors = np.empty((count, len(vector)), np.float32)
        if len(vector) != vectors.shape[1]:
            raise stored.DamagedRow("the vectors are not all as long")
        vectors[place] = vector
        found += 1
    if found != len(rows):
        raise stored.DamagedRow("an accepted photo has no vector")
    return vectors
