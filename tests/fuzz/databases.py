"""Gallery records and model bundles: files with an inner structure, damaged inside and outside."""

from __future__ import annotations

import functools
import io
import json
import random
import sqlite3
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recognizer.errors import GalleryError
from recognizer.gallery.folder import RECORD_FOLDER, Content, Stamp
from recognizer.gallery.records import Finding, MeasuredFace, Measurement, Note, ReviewedPhoto
from recognizer.gallery.schema import RECORD_FILE
from recognizer.gallery.store import Gallery, load_enrolled
from recognizer.models.bundle import import_graphs
from recognizer.models.cache import CONVERTER_VERSION, Cache
from recognizer.models.digest import sha256
from recognizer.types import FaceQuality
from tests.fakes import painted_vector
from tests.fuzz.mutate import VALUES, damaged, damaged_json

MODEL = "painted-0123456789ab"
_PEOPLE = ("Ada Lovelace", "Grace Hopper", "Łukasz", "山田 太郎")


@functools.cache
def _record() -> bytes:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with Gallery(folder, write=True) as gallery:
            photos = []
            for person, name in enumerate(_PEOPLE):
                for photo in range(2):
                    digest = bytes([person, photo]) * 16
                    quality = FaceQuality.of(60.0, 80.0, 5.0, 2.0, 0.999)
                    face = MeasuredFace((10, 10, 90, 110), quality, painted_vector(person, photo), b"thumbnail" * 40)
                    notes = (Note(Finding.TOO_SMALL, "35 px"),) if photo else ()
                    gallery.store(digest, MODEL, Measurement(notes, face))
                    content = Content(digest, Stamp(1000, 1, 1), 2)
                    photos.append(
                        ReviewedPhoto(person=name, file=f"{photo}.jpg", content=content, accepted=True, notes=notes)
                    )
            gallery.commit_enrolment(photos, people={name: name for name in _PEOPLE}, model=MODEL)
        return (folder / RECORD_FOLDER / RECORD_FILE).read_bytes()


def records() -> Sequence[bytes]:
    """A record of four people."""
    return [_record()]


def damaged_record(draw: random.Random, data: bytes, other: bytes) -> bytes:
    """Damage the file, or write wrong values into its tables as another program could."""
    if draw.random() < 0.6:
        return damaged(draw, data, other)
    with tempfile.NamedTemporaryFile(suffix=".sqlite3") as file:
        Path(file.name).write_bytes(data)
        connection = sqlite3.connect(file.name, isolation_level=None)
        try:
            for _ in range(draw.choice((1, 1, 2, 4))):
                _wrong_value(draw, connection)
        finally:
            connection.close()
        return Path(file.name).read_bytes()


def _wrong_value(draw: random.Random, connection: sqlite3.Connection) -> None:
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    table = draw.choice(tables)
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    value = draw.choice([*VALUES, b"", b"\0", b"\xff" * 2048, np.full(512, np.nan, "<f4").tobytes(), '[["x", 1]]'])
    if isinstance(value, list | dict):
        value = json.dumps(value)
    rowid = draw.randint(1, 8)
    try:
        connection.execute(f"UPDATE {table} SET {draw.choice(columns)} = ? WHERE rowid = ?", (value, rowid))  # noqa: S608
    except (sqlite3.Error, OverflowError, UnicodeEncodeError):  # a value that SQLite itself refuses
        connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))  # noqa: S608


def read_record(data: bytes, folder: Path) -> str:
    """Read all of it, then change it; ``altered`` when other people or vectors than before are believed."""
    place = folder / "gallery"
    path = place / RECORD_FOLDER / RECORD_FILE
    path.parent.mkdir(parents=True, mode=0o700)
    path.write_bytes(data)
    enrolled = load_enrolled(place)
    if not all(isinstance(text, str) for text in (*enrolled.names, *enrolled.files, enrolled.model)):
        raise AssertionError("names that are no text")
    if len(enrolled.vectors) != len(enrolled.names) or not np.isfinite(enrolled.vectors).all():
        raise AssertionError("vectors that are not finite, or not one for each name")
    with Gallery(place) as gallery:
        gallery.people(), gallery.photos(), gallery.measurements(MODEL), gallery.changed_at
    names = tuple(name for name in sorted(_PEOPLE) for _ in range(2))
    vectors = np.stack([painted_vector(_PEOPLE.index(name), row % 2) for row, name in enumerate(names)])
    same = enrolled.names == names and np.array_equal(enrolled.vectors, vectors)
    try:
        with Gallery(place, write=True) as gallery:
            gallery.rename(_PEOPLE[0], "Somebody", folder="Somebody")
            gallery.forget(_PEOPLE[1])
    except GalleryError:
        return "read, change refused" if same else "altered, change refused"
    return "read" if same else "altered"


@functools.cache
def _graph() -> bytes:
    return bytes(range(256)) * 8


def bundles() -> Sequence[bytes]:
    """A bundle of two models, packed and unpacked."""
    return [_bundle(zipfile.ZIP_DEFLATED), _bundle(zipfile.ZIP_STORED)]


def _bundle(compression: int) -> bytes:
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(_graph())
        digest = sha256(Path(file.name))
    fingerprints = ("edgeface_xs_q-0123456789ab", "facenet_casia-ba9876543210")
    models = [
        {"name": name.rpartition("-")[0], "fingerprint": name, "sha256": digest, "parity": 1.0} for name in fingerprints
    ]
    manifest: dict[str, Any] = {"converter": CONVERTER_VERSION, "models": models}
    return _zipped(
        {"manifest.json": json.dumps(manifest).encode(), **{f"{f}.onnx": _graph() for f in fingerprints}}, compression
    )


def _zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as bundle:
        for name, content in members.items():
            bundle.writestr(name, content)
    return out.getvalue()


def damaged_bundle(draw: random.Random, data: bytes, other: bytes) -> bytes:
    """Damage the archive, or its manifest, a graph or a member's name inside a whole archive."""
    if draw.random() < 0.5:
        return damaged(draw, data, other)
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        members = {name: bundle.read(name) for name in bundle.namelist()}
    name = draw.choice(list(members))
    match draw.randrange(4):
        case 0 | 1:
            members["manifest.json"] = damaged_json(draw, members["manifest.json"])
        case 2:
            members[name] = damaged(draw, members[name])
        case _:
            members[draw.choice(("../x.onnx", "/x", " ", "manifest.json/x", name.upper()))] = members.pop(name)
    return _zipped(members)


def _untried(graph: Path, name: str) -> None:
    """Accept any graph: what engines do with graphs is not fuzzed here."""


def read_bundle(data: bytes, folder: Path) -> str:
    """Import it; nothing may be written outside the cache."""
    path, cache = folder / "in" / "bundle.zip", Cache(folder / "cache")
    path.parent.mkdir()
    path.write_bytes(data)
    names = [each.name for each in import_graphs(path, cache, attempt=_untried)]
    if not all(isinstance(name, str) for name in names):
        raise AssertionError(f"names that are no text: {names}")
    stray = {entry.name for entry in folder.iterdir()} - {"in", "cache"}
    if stray or [entry.name for entry in path.parent.iterdir()] != ["bundle.zip"]:
        raise AssertionError(f"files outside the cache: {stray}")
    return "read" if names else "read, no model"
