"""Search a gallery on a server; while the server is away or has another revision, search the record's vectors here.

The gallery's record is the truth. The server holds vectors under numbers made from their content, and the revision of
what it holds; names stay here. A thread of its own brings the server in line and watches it, so recognition waits for
a search and for nothing else. After each search the server's revision is compared with this gallery's: answers of
another one, older or newer, are discarded and computed here (`ExactIndex`).
"""

from __future__ import annotations

import hashlib
import threading
import time
import weakref
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from loguru import logger

from recognizer.errors import IndexAwayError
from recognizer.gallery.records import Enrolled
from recognizer.match.exact_index import ExactIndex, people_of
from recognizer.protocols import VectorIndex
from recognizer.types import F32, I64, Embeddings, Matches

NEIGHBOURS = 16
"""Vectors fetched of a probe, as by ``CompactIndex``."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
"""Between two tries to reach the server."""


@dataclass(frozen=True, slots=True)
class ServerState:
    """What a server says it holds."""

    revision: str
    """Empty where it holds nothing, or what a broken-off change left."""
    is_changing: bool
    """Somebody writes to it just now."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What a server is to hold."""

    revision: str
    """Of all of it."""
    ids: I64
    """(N,) of each vector, rising; made of model, person and vector."""
    people: I64
    """(N,) of its person; made of the name."""
    owners: I64
    """(N,) the person in order of names, from 0."""
    places: I64
    """(N,) its row among ``vectors``."""
    vectors: F32
    """(N, D) as enrolled."""


class VectorServer(Protocol):
    """Stores vectors and finds the nearest; every method raises ``IndexAwayError`` when it cannot."""

    name: str
    """For messages, without credentials."""

    def state(self) -> ServerState:
        """Ask what it holds; within a second or so."""

    def sync(self, rows: Rows, *, stop: threading.Event) -> None:
        """Make it hold these rows and nothing else; return early once ``stop`` is set."""

    def search(self, vectors: F32, *, count: int, not_of: int | None = None) -> list[I64]:
        """Find the ids of the vectors nearest to each of (K, D), nearest first, without those of a person."""

    def close(self) -> None:
        """Close the connection; the next question opens another one."""


class RemoteIndex:
    """Search a server, or the record's vectors while the server cannot answer for this gallery.

    Args:
        enrolled: the people; kept.
        server: where they are searched. A thread begins to bring it in line with the first search.
    """

    def __init__(self, *, enrolled: Enrolled, server: VectorServer) -> None:
        self._enrolled, self._server = enrolled, server
        self._local: VectorIndex = ExactIndex(enrolled=enrolled)
        self._people = people_of(enrolled)[0]
        self._rows: Rows | None = None
        self._keeper: _Keeper | None = None

    def search(self, probes: Embeddings) -> Matches:
        """Find the nearest person of each probe, and the cosine to the nearest *other* person.

        Raises:
            FingerprintError: if the probes are another model's.
        """
        self._enrolled.require(probes.model)
        if len(probes) == 0 or not self._people:
            return self._local.search(probes)
        keeper = self.start()
        if keeper.rows is None or not keeper.ready.is_set():
            return self._local.search(probes)
        try:
            found = self._search(keeper.rows, np.ascontiguousarray(probes.vectors))
            state = self._server.state()
            if state.revision == keeper.rows.revision and found is not None:
                return found
            keeper.lost("holds another revision of the gallery")
        except IndexAwayError as error:
            keeper.lost(str(error))
        return self._local.search(probes)

    def start(self) -> _Keeper:
        """Begin to bring the server in line, unless that was begun before; the first search does so."""
        if self._keeper is None:
            self._keeper = _Keeper(self._server, self._enrolled)
            weakref.finalize(self, self._keeper.stop.set)
            threading.Thread(target=self._keeper.run, name="gallery index", daemon=True).start()
        return self._keeper

    def _search(self, rows: Rows, probes: F32) -> Matches | None:
        """Make matches of the server's answers; ``None`` where it knows a vector that this gallery does not."""
        names: list[str | None] = []
        best, second = np.full(len(probes), -1, np.float32), np.full(len(probes), -1, np.float32)
        for row, ids in enumerate(self._server.search(probes, count=NEIGHBOURS)):
            probe = probes[row]
            found = _places(rows, ids)
            if found is None or not len(found):
                return None
            cosines, owners = self._enrolled.vectors[rows.places[found]] @ probe, rows.owners[found]
            winner = int(owners[cosines == cosines.max()].min())
            others = cosines[owners != winner]
            if not len(others) and len(self._people) > 1:
                own = int(rows.people[found[owners == winner][0]])
                (ids,) = self._server.search(probe[None], count=1, not_of=own)
                found = _places(rows, ids)
                if found is None or not len(found):
                    return None
                others = self._enrolled.vectors[rows.places[found]] @ probe
            names.append(self._people[winner])
            best[row], second[row] = cosines.max(), others.max(initial=-1.0)
        return Matches(tuple(names), best, second)


class _Keeper:
    """Keeps a server in line with one gallery, on a thread that ends with the index."""

    def __init__(self, server: VectorServer, enrolled: Enrolled) -> None:
        self.rows: Rows | None = None
        self.ready, self.stop = threading.Event(), threading.Event()
        self._server, self._enrolled = server, enrolled
        self._trouble = threading.Event()
        self._reported = False
        self._was_synced = False

    def lost(self, why: str) -> None:
        """Search here until the server answers for this gallery again; said once."""
        self.ready.clear()
        self._report(why)
        self._trouble.set()

    def run(self) -> None:
        """Bring the server in line, then watch it whenever a search failed; close the connection at the end."""
        try:
            self._watch()
        finally:
            self._server.close()

    def _watch(self) -> None:
        self.rows = rows_of(self._enrolled)
        pause_s = FIRST_PAUSE_S
        while not self.stop.is_set():
            try:
                self._check(self.rows)
            except IndexAwayError as error:
                self._report(str(error))
            if self.ready.is_set():
                began = time.monotonic()
                while not self.stop.is_set() and not self._trouble.wait(FIRST_PAUSE_S):
                    pass
                self._trouble.clear()
                if time.monotonic() - began > LONGEST_PAUSE_S:
                    pause_s = FIRST_PAUSE_S
            if self.stop.wait(pause_s):  # also after a failed search: a slow server may hold recognition up seldom
                return
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _check(self, rows: Rows) -> None:
        """Compare the revisions. Another one is replaced only by a gallery that was just loaded.

        Later it is another machine's, with a gallery of its own: replacing it would go on for ever.
        """
        state = self._server.state()
        if state.is_changing:
            return
        if state.revision != rows.revision:
            if self._was_synced and state.revision:
                self._report("holds another gallery; give each gallery a collection of its own (gallery.index)")
                return
            self._server.sync(rows, stop=self.stop)
            if self.stop.is_set() or self._server.state().revision != rows.revision:
                return
        self._was_synced = True
        if self._reported:
            logger.info("gallery: {} answers again", self._server.name)
        self._reported = False
        self.ready.set()

    def _report(self, why: str) -> None:
        if not self._reported:
            logger.warning("gallery: {}: {}. Its people are searched here meanwhile.", self._server.name, why)
        self._reported = True


def rows_of(enrolled: Enrolled) -> Rows:
    """Make the rows that a server holds of a gallery; equal photos of one person are one row."""
    people, _, owners = people_of(enrolled)
    numbers = np.array([_number(name.encode()) for name in people], np.int64)
    begin = f"{enrolled.model}\0".encode()
    heads = [begin + f"{name}\0".encode() for name in people]
    made = (
        _number(heads[owner], np.ascontiguousarray(vector).data)
        for owner, vector in zip(owners, enrolled.vectors, strict=True)
    )
    ids, places = np.unique(np.fromiter(made, np.int64, len(enrolled)), return_index=True)
    revision = hashlib.sha256(begin + repr(enrolled.vectors.shape[1]).encode())
    revision.update(ids.tobytes())
    return Rows(revision.hexdigest(), ids, numbers[owners[places]], owners[places], places, enrolled.vectors)


def _number(*parts: bytes | memoryview) -> int:
    """Make a signed 64-bit number of bytes."""
    made = hashlib.blake2b(digest_size=8)
    for part in parts:
        made.update(part)
    return int.from_bytes(made.digest(), "big", signed=True)


def _places(rows: Rows, ids: I64) -> I64 | None:
    """Find ids among the rows; ``None`` if one is not there."""
    places = np.minimum(np.searchsorted(rows.ids, ids), len(rows.ids) - 1)
    return places if (rows.ids[places] == ids).all() else None
