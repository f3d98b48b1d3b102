"""The record of who is enrolled: people, photos, quality, vectors, thumbnails, and the model that made the vectors.

An enrolment has two steps, so that it can be killed at any moment. First every new photo is *measured*; a measurement
is stored under the digest of the picture's content and belongs to nobody yet. Then all photos are reviewed together,
and one transaction (`commit_enrolment`) records who is enrolled with which photos. A reader sees the people of the last
commit, never half of the next one; measurements that an interrupted run left are used or deleted by the next run.
Whatever is read is checked against the digests of `recognizer.gallery.proof`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from loguru import logger

from recognizer.errors import GalleryError
from recognizer.gallery import origin, proof, schema, stored
from recognizer.gallery.enrolled_rows import read_enrolled
from recognizer.gallery.folder import RECORD_FOLDER, require_gallery
from recognizer.gallery.lock import WriterLock, no_permission, refuse_links
from recognizer.gallery.measured import measured_rows
from recognizer.gallery.records import Enrolled, Measurement, PersonRecord, ReviewedPhoto
from recognizer.permissions import warn_if_world_writable


class Gallery:
    """The record inside a gallery folder; open it by ``with``, to read or to write."""

    def __init__(self, folder: Path, *, write: bool = False, purpose: str = "reading") -> None:
        self.folder = folder
        self._write = write
        self._purpose = purpose
        self._path = folder / RECORD_FOLDER / schema.RECORD_FILE
        self._open = ExitStack()
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        """Open; a writer takes the gallery's lock and creates the record where there is none.

        Raises:
            GalleryBusyError: if another process is writing.
            GalleryError: if the folder or (for a reader) the record is missing, or the record cannot be used.
        """
        require_gallery(self.folder)
        refuse_links(self._path.parent)
        warn_if_world_writable(self._path.parent, self._path, what="The gallery's record")
        with ExitStack() as opening:
            if self._write:
                self._make_folder()
                opening.enter_context(WriterLock(self._path.parent, purpose=self._purpose))
            elif not self._path.exists():
                raise self._nobody_yet()
            self._connection = connection = schema.connect(self._path, write=self._write)
            opening.callback(self._close)
            with schema.translated(self._path):
                if schema.is_empty(connection):
                    raise self._nobody_yet()
            if self._write:
                self._admit(self._commit().facts)  # a reader checks what it reads
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close, and give the lock back."""
        self._open.close()

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _admit(self, facts: Mapping[str, Any]) -> None:
        origin.require_own(facts, self.folder)

    def _make_folder(self) -> None:
        try:
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise no_permission(self.folder, error) from error
        if self._path.parent.stat().st_mode & 0o077:
            try:
                self._path.parent.chmod(0o700)
            except OSError as error:  # file systems without owners have no permissions to set
                logger.warning("{} can be read by others on this machine: {}", self._path.parent, error.strerror)

    def _nobody_yet(self) -> GalleryError:
        enrol = f'python main.py enroll --gallery "{self.folder}"'
        return GalleryError(f"Nobody is enrolled in {self.folder} yet. Run: {enrol}")

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Read one commit; damage becomes a message."""
        if self._connection is None:
            raise ValueError("Gallery: used outside its with block.")
        try:
            with schema.translated(self._path), schema.snapshot(self._connection):
                yield self._connection
        except stored.DamagedRow as error:
            raise self._damaged(str(error)) from error

    def _commit(self) -> proof.Commit:
        with self._reading() as connection:
            commit = proof.read_commit(connection)
            has_digest = schema.layout(connection) != schema.UNPROVED or proof.DIGEST in commit.facts
        if has_digest and not commit.is_sound:
            raise self._damaged(proof.UNSOUND)
        return commit

    def _damaged(self, what: str) -> GalleryError:
        return GalleryError(f"The record {self._path} is damaged ({what}). " + schema.way_out(self._path))

    @property
    def model(self) -> str | None:
        """Fingerprint of the model that made the vectors; ``None`` before the first enrolment."""
        return self._commit().facts.get("model")

    @property
    def changed_at(self) -> str | None:
        """When the people last changed: ISO 8601, UTC."""
        return self._commit().facts.get("changed_at")

    def people(self) -> tuple[PersonRecord, ...]:
        """Everybody who has a folder, sorted by name, whether or not a photo was accepted."""
        with self._reading():
            commit = self._commit()
            return stored.people_of(commit.people, map(stored.photo_of, commit.photos))

    def photos(self) -> tuple[ReviewedPhoto, ...]:
        """Every photo of the last enrolment, sorted by person and file."""
        with self._reading():
            return tuple(map(stored.photo_of, self._commit().photos))

    def measured(self, model: str) -> set[bytes]:
        """Digests of all contents that were measured with ``model``, as this version of the program measures."""
        if self._commit().facts.get(schema.MEASURING[0]) != schema.MEASURING[1]:
            return set()
        with self._reading() as connection:
            rows = connection.execute("SELECT sha256 FROM measurements WHERE model = ?", (model,))
            return {sha256 for (sha256,) in rows}

    def measurements(self, model: str, of: Iterable[bytes] | None = None) -> dict[bytes, Measurement]:
        """All measurements made with ``model``, or those ``of`` some contents, by digest; thumbnails included."""
        with self._reading() as connection:
            proved, rows = measured_rows(connection, model, of)
            return {row[0]: stored.measurement_of(row[:-2], *row[-2:], proved=proved) for row in rows}

    def enrolled(self) -> Enrolled:
        """The vectors of all accepted photos."""
        with self._reading() as connection:
            return read_enrolled(connection, str(self.folder))

    def store(self, sha256: bytes, model: str, measurement: Measurement) -> None:
        """Store the measurement of one picture's content; it belongs to nobody until `commit_enrolment`."""
        self.store_all({sha256: measurement}, model)

    def store_all(self, measurements: Mapping[bytes, Measurement], model: str) -> None:
        """Store the measurements of pictures, by content digest, in one transaction, which waits for the disk once."""
        values = []
        for sha256, measurement in measurements.items():
            row = stored.measurement_row(sha256, model, measurement)
            thumbnail = measurement.face.thumbnail if measurement.face else None
            values.append((*row, stored.now(), thumbnail, proof.measurement_digest(row)))
        if not values:
            return
        columns = f"{proof.MEASURED}, measured_at, thumbnail, {proof.DIGEST}"
        marks = ", ".join("?" * len(values[0]))
        with self._reading() as connection:
            is_old = schema.layout(connection) == schema.UNPROVED  # the disk was full when it was opened
        if is_old:
            with schema.translated(self._path):
                schema.add_digests(connection)
        with self._writing() as connection:
            connection.executemany(f"INSERT OR REPLACE INTO measurements ({columns}) VALUES ({marks})", values)  # noqa: S608

    def commit_enrolment(self, photos: Iterable[ReviewedPhoto], *, people: Mapping[str, str], model: str) -> None:
        """Record, in one transaction, who is enrolled; people and measurements that are not named are deleted.

        Args:
            photos: Every photo of everybody in ``people``.
            people: Each person's name and the name of their folder on disk.
            model: Fingerprint of the model whose measurements count; those of other models are deleted.
        """
        reviewed = tuple(photos)
        removes = any(person.name not in people for person in self.people())

        def change(connection: sqlite3.Connection) -> None:
            run = connection.execute
            before = _standing(connection)
            for (name,) in run("SELECT name FROM people").fetchall():
                if name not in people:
                    run("DELETE FROM people WHERE name = ?", (name,))
            for name, folder in people.items():
                run(
                    "INSERT OR IGNORE INTO people (name, folder, enrolled_at) VALUES (?, ?, ?)",
                    (name, folder, stored.now()),
                )
                run("UPDATE people SET folder = ? WHERE name = ?", (folder, name))
            run("DELETE FROM photos")
            for photo in reviewed:
                content, notes = stored.content_columns(photo.content), stored.notes_text(photo.notes)
                row = (photo.file, *content, photo.accepted, notes, photo.person)
                run("INSERT INTO photos SELECT id, ?, ?, ?, ?, ?, ?, ?, ? FROM people WHERE name = ?", row)
            run("INSERT OR REPLACE INTO facts VALUES ('model', ?), (?, ?)", (model, *schema.MEASURING))
            if _standing(connection) != before:
                run("INSERT OR REPLACE INTO facts VALUES ('changed_at', ?)", (stored.now(),))

        self._change(change, is_removal=removes)

    def forget(self, name: str) -> None:
        """Delete a person's photos, vectors and thumbnails from the record, and every measurement that is nobody's."""
        statement = "DELETE FROM people WHERE name = ?"
        self._change(lambda connection: _dated(connection, statement, (name,)), is_removal=True)

    def rename(self, old: str, new: str, *, folder: str) -> None:
        """Change a person's name and the name of their folder."""
        statement = "UPDATE people SET name = ?, folder = ? WHERE name = ?"
        self._change(lambda connection: _dated(connection, statement, (new, folder, old)))

    def _change(self, change: Callable[[sqlite3.Connection], None], *, is_removal: bool = False) -> None:
        """Make a change in one transaction; a removal on a full disk without a journal, which a kill could damage."""
        try:
            self._change_once(change)
        except schema.DiskFullError:
            if self._connection is None or not is_removal:
                raise
            logger.debug("The disk is full; trying again without a journal on it.")
            with schema.translated(self._path), schema.journal_in_memory(self._connection):
                self._change_once(change)

    def _change_once(self, change: Callable[[sqlite3.Connection], None]) -> None:
        with self._writing() as connection:
            change(connection)
            connection.execute(
                "DELETE FROM measurements WHERE model <> (SELECT value FROM facts WHERE key = 'model') "
                "OR sha256 NOT IN (SELECT sha256 FROM photos WHERE sha256 IS NOT NULL)"
            )
            if schema.layout(connection) != schema.UNPROVED:
                proof.seal(connection)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        if self._connection is None:
            raise ValueError("Gallery: used outside its with block.")
        with schema.translated(self._path), schema.transaction(self._connection):
            yield self._connection


def load_enrolled(folder: Path, *, may_be_empty: bool = False) -> Enrolled:
    """The people of a gallery, for an index.

    Raises:
        GalleryError: if there is no gallery, nobody was enrolled yet, or the record cannot be used.
    """
    with Gallery(folder) as gallery:
        enrolled = gallery.enrolled()
        if not len(enrolled) and not may_be_empty:
            raise GalleryError(
                f"Nobody is enrolled in {folder}: no photo was accepted. "
                f'python main.py enroll --gallery "{folder}" says why.'
            )
        return enrolled


def _dated(connection: sqlite3.Connection, statement: str, values: Sequence[Any]) -> None:
    connection.execute(statement, values)
    connection.execute("INSERT OR REPLACE INTO facts VALUES ('changed_at', ?)", (stored.now(),))


def _standing(connection: sqlite3.Connection) -> Any:
    """Who is enrolled, by which photos and model."""
    commit = proof.read_commit(connection)
    photos = [(name, file, sha256, accepted) for name, file, sha256, *_, accepted, _ in commit.photos]
    return photos, [row[:2] for row in commit.people], commit.facts.get("model")
