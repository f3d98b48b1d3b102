"""The vectors of a large gallery are read in the memory that they take."""

from __future__ import annotations

import hashlib
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from recognizer.errors import GalleryError
from recognizer.gallery import proof, schema, stored
from recognizer.gallery.folder import Content, Stamp
from recognizer.gallery.records import MeasuredFace, Measurement, ReviewedPhoto
from recognizer.gallery.store import Gallery, load_enrolled
from recognizer.types import F32, FaceQuality
from tests.match.match_helpers import MODEL, units


def written(folder: Path, vectors: F32, photos: list[tuple[str, int]]) -> Path:
    """A record with these vectors, and with photos of them: a person each, and whose vector."""
    folder.mkdir()
    contents = [hashlib.sha256(bytes([row % 256, row // 256])).digest() for row in range(len(vectors))]
    quality = FaceQuality.of(60.0, 0.5, 0.0, 0.0, 0.999)
    reviewed = [
        ReviewedPhoto(name, f"{place:05}.jpg", Content(contents[row], Stamp(1, 1, 1), 1), True, ())
        for place, (name, row) in enumerate(photos)
    ]
    columns = f"{proof.MEASURED}, measured_at, thumbnail, {proof.DIGEST}"
    with Gallery(folder, write=True) as gallery:
        connection = gallery._connection
        assert connection is not None
        with schema.transaction(connection):
            for row in np.random.default_rng(0).permutation(len(vectors)):
                face = MeasuredFace((0.0, 0.0, 9.0, 9.0), quality, vectors[row], b"jpeg")
                values = stored.measurement_row(contents[row], MODEL, Measurement((), face))
                marks = ", ".join("?" * 16)
                connection.execute(
                    f"INSERT INTO measurements ({columns}) VALUES ({marks})",  # noqa: S608
                    (*values, "2026", b"jpeg", proof.measurement_digest(values)),
                )
        gallery.commit_enrolment(reviewed, people={name: name for name, _ in photos}, model=MODEL)
    return folder


def test_a_large_gallery_takes_little_more_than_its_vectors(tmp_path: Path) -> None:
    vectors = units(1, 3000)
    folder = written(tmp_path / "people", vectors, [(f"person {row // 4:04}", row) for row in range(3000)])
    tracemalloc.start()
    enrolled = load_enrolled(folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (enrolled.vectors == vectors).all()
    assert peak < 1.25 * vectors.nbytes


def test_one_picture_of_two_people_is_a_row_of_each(tmp_path: Path) -> None:
    vectors = units(2, 2)
    folder = written(tmp_path / "people", vectors, [("Ada", 0), ("Ada", 1), ("Bob", 0)])
    enrolled = load_enrolled(folder)
    assert enrolled.names == ("Ada", "Ada", "Bob")
    assert enrolled.files == ("00000.jpg", "00001.jpg", "00002.jpg")
    assert (enrolled.vectors == vectors[[0, 1, 0]]).all()


def test_a_photo_without_its_vector_is_damage(tmp_path: Path) -> None:
    folder = written(tmp_path / "people", units(3, 2), [("Ada", 0), ("Bob", 1)])
    with Gallery(folder, write=True) as gallery:
        assert gallery._connection is not None
        gallery._connection.execute("DELETE FROM measurements WHERE rowid = 1")
    with pytest.raises(GalleryError, match=r"an accepted photo has no vector.*--rebuild"):
        load_enrolled(folder)
