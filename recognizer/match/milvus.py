"""Milvus (https://milvus.io) as the server of a gallery's vectors; the only file that knows pymilvus.

Two collections: one of the vectors, under numbers without names, and one with a row that says which revision they are.
A writer first says that it changes them, so a reader that sees half of a change also sees that it is one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import numpy as np

from recognizer.errors import ConfigError, IndexAwayError
from recognizer.match.remote_index import Rows, ServerState
from recognizer.types import F32, I64

SCHEME = "milvus+"
EXAMPLE = "milvus+https://USER:PASSWORD@HOST:19530/COLLECTION, or milvus+file:///PATH/index.db for a trial"
SEARCH_S = 1.0
"""Longest wait for an answer while recognising; once, then the record's vectors are searched."""
CHANGE_S = 60.0
"""Longest wait for one step of a change."""
ABANDONED_S = 120.0
"""A change without a sign of life for so long was broken off."""
_BATCH = 1000
"""Vectors sent at once: 2 MB of 64, which is the server's limit for a message."""
_STATE_ID = 1


class Target(NamedTuple):
    """Where a gallery's vectors are."""

    uri: str
    token: str
    collection: str
    name: str
    """For messages, without credentials."""


def target(address: str) -> Target:
    """Take an address of the setting ``gallery.index`` apart.

    Raises:
        ConfigError: if it is not one of Milvus.
    """
    parts = urlsplit(address.removeprefix(SCHEME))
    if not address.startswith(SCHEME) or parts.scheme not in ("http", "https", "file"):
        raise ConfigError(f"gallery.index: wanted {EXAMPLE}.")
    if parts.scheme == "file":
        path = Path(unquote(parts.path))
        if parts.netloc or path.suffix != ".db":
            raise ConfigError(f"gallery.index: wanted a file that ends in .db, as in {EXAMPLE}.")
        return Target(str(path), "", "faces", f"Milvus in {path}")
    if not parts.hostname:
        raise ConfigError(f"gallery.index: wanted a host, as in {EXAMPLE}.")
    credentials, _, host = parts.netloc.rpartition("@")
    collection = parts.path.strip("/") or "faces"
    if not collection.replace("_", "a").isalnum():
        raise ConfigError("gallery.index: wanted letters, digits and _ as the name of the collection.")
    return Target(f"{parts.scheme}://{host}", unquote(credentials), collection, f"Milvus on {host}")


class Milvus:
    """A Milvus server, connected to with the first question.

    Args:
        where: the server and the collection.
    """

    def __init__(self, where: Target) -> None:
        self.name = where.name
        self._where, self._state = where, f"{where.collection}_state"
        self._client: Any = None
        self._has_collections = False
        self._lock = threading.Lock()

    def state(self) -> ServerState:
        """Ask which revision the collection holds."""
        with self._asking() as client:
            if not self._has_collections and not self._has_state(client):
                return ServerState("", False)
            self._has_collections = True  # until something fails: a search and its revision are two round trips
            rows = client.get(self._state, ids=[_STATE_ID], output_fields=["revision", "at"], timeout=SEARCH_S)
        if not rows:
            return ServerState("", False)
        revision, at = str(rows[0]["revision"]), float(rows[0]["at"])
        return ServerState(revision, is_changing=not revision and abs(time.time() - at) < ABANDONED_S)

    def search(self, vectors: F32, *, count: int, not_of: int | None = None) -> list[I64]:
        """Find the ids of the nearest vectors of each of (K, D), nearest first, without those of a person."""
        other = "" if not_of is None else f"person != {not_of}"
        with self._asking() as client:
            hits = client.search(
                self._where.collection, data=vectors, limit=count, filter=other, anns_field="vector", timeout=SEARCH_S
            )
        return [np.array([hit["id"] for hit in of_probe], np.int64) for of_probe in hits]

    def sync(self, rows: Rows, *, stop: threading.Event) -> None:
        """Insert and delete what differs; a collection of another width is made anew."""
        with self._asking() as client:
            self._prepare(client, rows.vectors.shape[1])
            self._set_state(client, "")
            there = self._ids(client)
            superfluous = np.setdiff1d(there, rows.ids)
            missing = np.flatnonzero(~np.isin(rows.ids, there))

            def in_batches(what: I64, change: Callable[[I64], object]) -> None:
                for start in range(0, len(what), _BATCH):
                    if stop.is_set():
                        return
                    change(what[start : start + _BATCH])
                    self._set_state(client, "")

            in_batches(
                superfluous, lambda some: client.delete(self._where.collection, ids=some.tolist(), timeout=CHANGE_S)
            )
            in_batches(
                missing,
                lambda some: client.upsert(self._where.collection, _entities(rows, some), timeout=CHANGE_S),
            )
            if stop.is_set():
                self._set_state(client, "", at=0.0)  # whoever comes next need not wait
            else:
                client.search(self._where.collection, data=rows.vectors[:1], limit=1, timeout=CHANGE_S)  # loads it
                if not np.array_equal(self._ids(client), rows.ids):
                    self._set_state(client, "", at=0.0)
                    raise IndexAwayError(f"{self.name} was changed by another machine meanwhile.")
                self._set_state(client, rows.revision)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            client, self._client, self._has_collections = self._client, None, False
        if client is not None:
            client.close()

    @contextmanager
    def _asking(self) -> Iterator[Any]:
        """Give the client; what goes wrong becomes a message."""
        import grpc
        from pymilvus.exceptions import MilvusException

        try:
            yield self._connected()
        except (MilvusException, grpc.RpcError, OSError, ValueError) as error:
            self._has_collections = False
            said = error.details() if isinstance(error, grpc.RpcError) and isinstance(error, grpc.Call) else ""
            text = str(said or getattr(error, "message", "") or error).splitlines()[0][:160]
            raise IndexAwayError(f"cannot be used ({text.rstrip('.')})") from error

    def _connected(self) -> Any:
        with self._lock:
            if self._client is None:
                logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # it logs each failure with a traceback
                from pymilvus import MilvusClient

                self._client = MilvusClient(self._where.uri, token=self._where.token, timeout=CHANGE_S)
            return self._client

    def _has_state(self, client: Any) -> bool:
        names = (self._where.collection, self._state)
        return all(client.has_collection(name, timeout=SEARCH_S) for name in names)

    def _prepare(self, client: Any, width: int) -> None:
        """Make the collections, where they are missing or of another width."""
        from pymilvus import DataType

        for name, fields, wide in (
            (self._where.collection, {"person": DataType.INT64}, width),
            (self._state, {"revision": DataType.VARCHAR, "at": DataType.DOUBLE}, 2),
        ):
            is_there = client.has_collection(name, timeout=CHANGE_S)
            if is_there and _width(client.describe_collection(name, timeout=CHANGE_S)) == wide:
                client.load_collection(name, timeout=CHANGE_S)
                continue
            if is_there:
                client.drop_collection(name, timeout=CHANGE_S)
            schema = client.create_schema(auto_id=False)
            schema.add_field("id", DataType.INT64, is_primary=True)
            for field, kind in fields.items():
                schema.add_field(field, kind, **({"max_length": 64} if kind == DataType.VARCHAR else {}))
            schema.add_field("vector", DataType.FLOAT_VECTOR, dim=wide)
            index = client.prepare_index_params()
            index.add_index("vector", index_type="AUTOINDEX", metric_type="IP")
            client.create_collection(
                name, schema=schema, index_params=index, consistency_level="Strong", timeout=CHANGE_S
            )

    def _set_state(self, client: Any, revision: str, *, at: float | None = None) -> None:
        row = {"id": _STATE_ID, "revision": revision, "at": time.time() if at is None else at, "vector": [1.0, 0.0]}
        client.upsert(self._state, [row], timeout=CHANGE_S)

    def _ids(self, client: Any) -> I64:
        """Return the ids of all vectors that are there."""
        found: list[int] = []
        pages = client.query_iterator(
            self._where.collection,
            batch_size=16_384,
            output_fields=["id"],
            consistency_level="Strong",
            timeout=CHANGE_S,
        )
        while page := pages.next():
            found += [row["id"] for row in page]
        pages.close()
        return np.array(sorted(found), np.int64)


def _entities(rows: Rows, some: I64) -> list[dict[str, Any]]:
    return [
        {"id": int(rows.ids[row]), "person": int(rows.people[row]), "vector": rows.vectors[rows.places[row]]}
        for row in some
    ]


def _width(description: dict[str, Any]) -> int:
    return next(int(field["params"]["dim"]) for field in description["fields"] if field["name"] == "vector")
