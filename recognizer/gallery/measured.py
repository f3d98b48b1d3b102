"""Read what was measured of photos from the record."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from recognizer.gallery import proof, schema


def measured_rows(
    connection: sqlite3.Connection, model: str, of: Iterable[bytes] | None = None
) -> tuple[bool, Iterable[tuple[Any, ...]]]:
    """Whether measurements have digests, and of each the columns ``MEASURED``, the digest and the thumbnail.

    Args:
        connection: to the record.
        model: that measured.
        of: digests of contents; all without it.
    """
    proved = schema.layout(connection) != schema.UNPROVED
    columns = f"{proof.MEASURED}, {proof.DIGEST if proved else 'NULL'}, thumbnail"
    query = f"SELECT {columns} FROM measurements WHERE model = ?"  # noqa: S608
    if of is None:
        return proved, connection.execute(query, (model,))
    query += " AND sha256 = ?"
    return proved, [row for digest in of for row in connection.execute(query, (model, digest))]
