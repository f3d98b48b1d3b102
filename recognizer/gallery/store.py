"""The record of who is enrolled: people, photos, quality, vectors, thumbnails, and the model that made the vectors.

An enrolment has two steps, so that it can be killed at any moment. First every new photo is *measured*; a measurement
is stored under the digest of the picture's content and stands for nobody yet. Then all photos are reviewed together,
and one transaction (`commit_enrolment`) records which photo stands for whom. A reader sees the people of the last
commit, never half of the next one; measurements that an interrupted run left are used or deleted by the next run.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from loguru import logger

from recognizer.errors import GalleryError
from recognizer.gallery import schema
from recognizer.gallery.folder import RECORD_FOLDER, Content, Stamp, require_gallery
from recognizer.gallery.lock import WriterLock, no_permission, refuse_links
from recognizer.gallery.records import (
    WEAK_FINDINGS,
    Enrolled,
    Finding,
    MeasuredFace,
    Measurement,
    Note,
    PersonRecord,
    ReviewedPhoto,
)
from recognizer.types import EMBEDDING_SIZE, F32, FaceQuality


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
        with ExitStack() as opening:
            if self._write:
                refuse_links(self._path.parent)
                self._make_folder()
                opening.enter_context(WriterLock(self._path.parent, purpose=self._purpose))
            elif not self._path.exists():
                raise self._nobody_yet()
            connection = schema.connect(self._path, write=self._write)
            opening.callback(connection.close)
            if schema.is_empty(connection):
                raise self._nobody_yet()
            self._connection = connection
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close, and give the lock back."""
        self._connection = None
        self._open.close()

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
        return GalleryError(
            f'Nobody is enrolled in {self.folder} yet. Run: python main.py enroll --gallery "{self.folder}"'
        )

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        if self._connection is None:
            raise ValueError("Gallery: used outside its with block.")
        with schema.translated(self._path):
            return self._connection.execute(query, values).fetchall()

    @property
    def model(self) -> str | None:
        """Fingerprint of the model whose vectors stand for people; ``None`` before the first enrolment."""
        return self._fact("model")

    @property
    def changed_at(self) -> str | None:
        """When the people last changed: ISO 8601, UTC."""
        return self._fact("changed_at")

    def _fact(self, key: str) -> str | None:
        rows = self._rows("SELECT value FROM facts WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else None

    def people(self) -> tuple[PersonRecord, ...]:
        """Everybody who has a folder, sorted by name, whether or not a photo was accepted."""
        notes: dict[str, list[tuple[bool, tuple[Note, ...]]]] = {}
        for photo in self.photos():
            notes.setdefault(photo.person, []).append((photo.accepted, photo.notes))
        people = []
        for name, folder, enrolled_at in self._rows("SELECT name, folder, enrolled_at FROM people ORDER BY name"):
            of_person = notes.get(name, [])
            accepted = [remarks for is_accepted, remarks in of_person if is_accepted]
            weak = sum(any(note.finding in WEAK_FINDINGS for note in remarks) for remarks in accepted)
            people.append(PersonRecord(name, folder, len(accepted), len(of_person) - len(accepted), weak, enrolled_at))
        return tuple(people)

    def photos(self) -> tuple[ReviewedPhoto, ...]:
        """Every photo of the last enrolment, sorted by person and file."""
        rows = self._rows(
            "SELECT name, file, sha256, size, modified_ns, changed_ns, looked_at_ns, accepted, notes "
            "FROM photos JOIN people ON people.id = person_id ORDER BY name, file"
        )
        return tuple(
            ReviewedPhoto(
                person=name,
                file=file,
                content=Content(sha256, Stamp(size, modified, changed), looked_at) if sha256 else None,
                accepted=bool(accepted),
                notes=self._notes(notes),
            )
            for name, file, sha256, size, modified, changed, looked_at, accepted, notes in rows
        )

    def measured(self, model: str) -> set[bytes]:
        """Digests of all contents that were measured with ``model``."""
        return {row[0] for row in self._rows("SELECT sha256 FROM measurements WHERE model = ?", (model,))}

    def measurements(self, model: str) -> dict[bytes, Measurement]:
        """All measurements made with ``model``, by content digest; thumbnails included."""
        rows = self._rows(
            "SELECT sha256, notes, x1, y1, x2, y2, eyes_px, sharpness, yaw_deg, roll_deg, score, vector, thumbnail "
            "FROM measurements WHERE model = ?",
            (model,),
        )
        found = {}
        for sha256, notes, x1, y1, x2, y2, eyes_px, sharpness, yaw, roll, score, vector, thumbnail in rows:
            face = None
            if vector is not None:
                quality = FaceQuality.of(eyes_px, sharpness, yaw, roll, score)
                face = MeasuredFace((x1, y1, x2, y2), quality, self._vector(vector), thumbnail)
            found[sha256] = Measurement(self._notes(notes), face)
        return found

    def enrolled(self) -> Enrolled:
        """The vectors that stand for people."""
        model = self.model or ""
        rows = self._rows(
            "SELECT name, file, vector FROM photos JOIN people ON people.id = person_id "
            "LEFT JOIN measurements ON measurements.sha256 = photos.sha256 AND measurements.model = ? "
            "WHERE accepted ORDER BY name, file",
            (model,),
        )
        found = [self._vector(vector) for _, _, vector in rows]
        if len({len(vector) for vector in found}) > 1:
            raise self._damaged("the vectors are not all as long")
        vectors = np.stack(found) if found else np.zeros((0, EMBEDDING_SIZE), np.float32)
        names, files = tuple(row[0] for row in rows), tuple(row[1] for row in rows)
        return Enrolled(names, files, vectors, model, str(self.folder))

    def _vector(self, blob: bytes | None) -> F32:
        if blob and len(blob) % 4 == 0:
            vector = np.frombuffer(blob, "<f4").astype(np.float32)
            if abs(float(np.dot(vector, vector)) - 1) < 1e-3:  # not true of NaN either
                return vector
        raise self._damaged("a vector is not of unit length")

    def _notes(self, text: str) -> tuple[Note, ...]:
        try:
            return tuple(Note(Finding(finding), words) for finding, words in json.loads(text))
        except (ValueError, TypeError) as error:
            raise self._damaged("a note cannot be read") from error

    def _damaged(self, what: str) -> GalleryError:
        return GalleryError(f"The record {self._path} is damaged ({what}). " + schema.way_out(self._path))

    def store(self, sha256: bytes, model: str, measurement: Measurement) -> None:
        """Keep the measurement of one picture's content; it stands for nobody until `commit_enrolment`."""
        face = measurement.face
        parts: tuple[Any, ...] = (None,) * 11
        if face is not None:
            parts = (*face.box, *face.quality.numbers(), face.vector.astype("<f4").tobytes(), face.thumbnail)
        row = (sha256, model, _now(), _notes_to(measurement.notes), *parts)
        self._rows(f"INSERT OR REPLACE INTO measurements VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608

    def commit_enrolment(self, photos: Iterable[ReviewedPhoto], *, people: Mapping[str, str], model: str) -> None:
        """Say, in one transaction, who is enrolled; whatever is not named is forgotten for good.

        Args:
            photos: Every photo of everybody in ``people``.
            people: Each person's name and the name of their folder on disk.
            model: Fingerprint of the model whose measurements count; those of other models are deleted.
        """
        if self._connection is None:
            raise ValueError("Gallery: used outside its with block.")
        before = self._standing()
        with schema.translated(self._path), schema.transaction(self._connection):
            run = self._connection.execute
            for (name,) in run("SELECT name FROM people").fetchall():
                if name not in people:
                    run("DELETE FROM people WHERE name = ?", (name,))
            for name, folder in people.items():
                run("INSERT OR IGNORE INTO people (name, folder, enrolled_at) VALUES (?, ?, ?)", (name, folder, _now()))
                run("UPDATE people SET folder = ? WHERE name = ?", (folder, name))
            run("DELETE FROM photos")
            for photo in photos:
                row = (photo.file, *_content_to(photo.content), photo.accepted, _notes_to(photo.notes), photo.person)
                run("INSERT INTO photos SELECT id, ?, ?, ?, ?, ?, ?, ?, ? FROM people WHERE name = ?", row)
            run("INSERT OR REPLACE INTO facts VALUES ('model', ?)", (model,))
            self._sweep(model)
            if self._standing() != before:
                run("INSERT OR REPLACE INTO facts VALUES ('changed_at', ?)", (_now(),))

    def forget(self, name: str) -> None:
        """Delete a person's photos, vectors and thumbnails from the record, and every measurement that is nobody's."""
        self._change("DELETE FROM people WHERE name = ?", (name,))

    def rename(self, old: str, new: str, *, folder: str) -> None:
        """Call a person, and their folder, otherwise."""
        self._change("UPDATE people SET name = ?, folder = ? WHERE name = ?", (new, folder, old))

    def _change(self, statement: str, values: Sequence[Any]) -> None:
        if self._connection is None:
            raise ValueError("Gallery: used outside its with block.")
        with schema.translated(self._path), schema.transaction(self._connection):
            self._connection.execute(statement, values)
            self._sweep(self.model or "")
            self._connection.execute("INSERT OR REPLACE INTO facts VALUES ('changed_at', ?)", (_now(),))

    def _sweep(self, model: str) -> None:
        self._rows(
            "DELETE FROM measurements WHERE model <> ? OR sha256 NOT IN "
            "(SELECT sha256 FROM photos WHERE sha256 IS NOT NULL)",
            (model,),
        )

    def _standing(self) -> list[Any]:
        return [
            self._rows(
                "SELECT name, file, sha256, accepted FROM photos JOIN people ON people.id = person_id ORDER BY 1, 2"
            ),
            self._rows("SELECT name, folder FROM people ORDER BY 1"),
            self._rows("SELECT value FROM facts WHERE key = 'model'"),
        ]


def load_enrolled(folder: Path) -> Enrolled:
    """The people of a gallery, for an index.

    Raises:
        GalleryError: if there is no gallery, nobody was enrolled yet, or the record cannot be used.
    """
    with Gallery(folder) as gallery:
        enrolled = gallery.enrolled()
        if not len(enrolled):
            raise GalleryError(
                f"Nobody is enrolled in {folder}: no photo was accepted. "
                f'python main.py enroll --gallery "{folder}" says why.'
            )
        return enrolled


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _notes_to(notes: Iterable[Note]) -> str:
    return json.dumps([[note.finding.value, note.text] for note in notes], ensure_ascii=False)


def _content_to(content: Content | None) -> tuple[Any, ...]:
    if content is None:
        return (None,) * 5
    stamp = content.stamp
    return (content.sha256, stamp.size, stamp.modified_ns, stamp.changed_ns, content.looked_at_ns)
