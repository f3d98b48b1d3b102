"""Embed pictures once: vectors are cached by model, picture and aligner, so that interrupted work resumes.

Every picture gives a vector. Where no face is found, a stated part of the middle of the picture is embedded, and the
picture is counted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.align import ARCFACE_CUT, align
from recognizer.capture.pictures import PICTURE_SUFFIXES, decode_picture, read_picture
from recognizer.errors import ImageError, InputError, OutputError, one_picture
from recognizer.geometry import ARCFACE_TEMPLATE, centres, unit_rows
from recognizer.protocols import Detector, Embedder
from recognizer.types import CROP_SIZE_PX, EMBEDDING_SIZE, F32, U8, AlignedFaces, FaceQuality
from recognizer.types.spec import CropSpec

BATCH = 8
QUALITY = ("eyes_px", "sharpness", "yaw_deg", "roll_deg", "score")
"""The values of a face's quality that are cached, in the order of the table's columns."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture that is read when needed."""

    name: str
    """Its name in the protocol."""
    stamp: str
    """Changes when the picture changes."""
    read: Callable[[], U8]
    """Returns (H, W, 3) uint8 BGR; raises ``ImageError``."""


def picture_file(path: Path, name: str | None = None) -> Picture:
    """Make a picture on disk, stamped with its path, size and time of change.

    Raises:
        InputError: if it cannot be read.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise InputError(f"Wanted the picture {path}, which cannot be read: {error.strerror}.") from error
    place = str(path.resolve()).encode("utf-8", "backslashreplace").decode("utf-8")  # SQLite takes no other text
    stamp = f"{place}|{status.st_size}|{status.st_mtime_ns}"
    return Picture(name or str(path), stamp, lambda: read_picture(path))


def pictures_of_folder(folder: Path) -> list[Picture]:
    """List all pictures in a folder and its sub-folders, named and ordered by their relative paths.

    Raises:
        InputError: if there is no picture.
    """
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file())
    if not files:
        raise InputError(f"There is no picture in the folder {folder}.")
    return [picture_file(path, str(path.relative_to(folder))) for path in files]


def picture_bytes(data: bytes, name: str) -> Picture:
    """Make a picture in memory, stamped with its digest."""
    return Picture(name, sha256(data).hexdigest(), lambda: decode_picture(data, name=name))


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedPictures:
    """Vectors of pictures, before normalisation; row i is picture i."""

    straight: F32
    """(N, D)."""
    mirrored: F32
    """(N, D) of the mirror images."""
    found: NDArray[np.bool_]
    """(N,) whether a face was found; else the vector is of the fallback crop."""
    quality: FaceQuality
    """N rows; zero for fallback crops."""

    def vectors(self, *, flip: bool) -> F32:
        """Return (N, D) unit vectors; with ``flip``, each averaged with its mirror image's."""
        both = self.straight + self.mirrored if flip else self.straight
        return unit_rows(both)


Cutter = Callable[[U8], tuple[AlignedFaces, bool]]
"""Returns one aligned face of a picture, and whether a face was found."""


def cut_with(detector: Detector, *, face_share: float, cut: CropSpec = ARCFACE_CUT) -> Cutter:
    """Make a cutter of the face nearest the picture's centre, as the embedder declares.

    Args:
        detector: finds the faces.
        face_share: side of the fallback crop, as a share of the picture's shorter side.
        cut: of the embedder.
    """

    def take(image: U8) -> tuple[AlignedFaces, bool]:
        faces = detector.detect([image])[0]
        if len(faces) == 0:
            side = face_share * min(image.shape[:2])
            corner = (np.array(image.shape[1::-1]) - side) / 2
            points = (ARCFACE_TEMPLATE * (side / CROP_SIZE_PX) + corner)[None].astype(np.float32)
            box = np.concatenate([corner, corner + side])[None].astype(np.float32)
            return align(image, points, np.zeros(1, np.float32), cut=cut, boxes=box), False
        middle = np.array(image.shape[1::-1], np.float32) / 2
        nearest = np.linalg.norm(centres(faces.boxes) - middle, axis=1).argmin()
        chosen = faces[np.array([nearest])]
        return align(image, chosen.landmarks, chosen.scores, cut=cut, boxes=chosen.boxes), True

    return take


def take_aligned(cut: CropSpec = ARCFACE_CUT) -> Cutter:
    """Make a cutter for pictures that are crops in ArcFace's template; it scales them to the embedder's size."""
    size = cut.size_px

    def take(image: U8) -> tuple[AlignedFaces, bool]:
        if image.shape[:2] != (size, size):
            image = np.asarray(cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA), np.uint8)
        points = np.asarray(ARCFACE_TEMPLATE[None] * (size / CROP_SIZE_PX), np.float32)
        whole = np.array([[0, 0, size, size]], np.float32)
        return align(image, points, np.ones(1, np.float32), cut=cut, boxes=whole), True

    return take


class VectorStore:
    """Cache vectors on disk, one SQLite file for each model and aligner; open it by ``with``.

    Args:
        folder: of the file.
        model: fingerprint of the model.
        aligner: identifies how pictures are cropped.
    """

    def __init__(self, folder: Path, *, model: str, aligner: str) -> None:
        self._path = folder / f"{model}-{aligner}.sqlite"
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        """Open.

        Raises:
            OutputError: if the file cannot be opened or created.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self._path, timeout=60)
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS faces (stamp TEXT PRIMARY KEY, found INT, straight BLOB, mirrored BLOB, "
                "eyes_px REAL, sharpness REAL, yaw_deg REAL, roll_deg REAL, score REAL)"
            )
        except (OSError, sqlite3.Error) as error:
            raise OutputError(f"Embeddings cannot be kept in {self._path}: {error}; pass another --cache.") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Commit and close, also after an error."""
        if self._connection is not None:
            self._connection.commit()
            self._connection.close()
            self._connection = None

    def known(self) -> set[str]:
        """Return the stamps of all cached pictures."""
        return {str(row[0]) for row in self._run("SELECT stamp FROM faces")}

    def add(self, rows: Iterable[tuple[object, ...]]) -> None:
        """Store rows, in the order of the table's columns."""
        for row in rows:
            self._run("INSERT OR REPLACE INTO faces VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        if self._connection is not None:
            self._connection.commit()

    def get(self, stamps: Sequence[str]) -> EmbeddedPictures:
        """Load the rows of these stamps, in this order; all must be cached."""
        size = self._run("SELECT length(straight) FROM faces LIMIT 1")
        straight = np.empty((len(stamps), size[0][0] // 4 if size else EMBEDDING_SIZE), np.float32)
        mirrored = np.empty_like(straight)
        found = np.empty(len(stamps), bool)
        parts = np.empty((len(QUALITY), len(stamps)), np.float32)
        for place, stamp in enumerate(stamps):
            row = self._run("SELECT * FROM faces WHERE stamp = ?", (stamp,))[0]
            found[place] = row[1]
            straight[place], mirrored[place] = (np.frombuffer(blob, "<f4") for blob in row[2:4])
            parts[:, place] = row[4:]
        return EmbeddedPictures(straight, mirrored, found, FaceQuality(*parts))

    def _run(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        if self._connection is None:
            raise ValueError("VectorStore: used outside its with block.")
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise OutputError(f"{self._path} cannot be used ({error}); delete it, it is only a cache.") from error


def embed_pictures(
    pictures: Sequence[Picture],
    *,
    cut: Cutter,
    embedder: Embedder,
    store: VectorStore,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_unreadable: Callable[[Picture, ImageError], None] | None = None,
) -> EmbeddedPictures:
    """Embed pictures; only those that are not in the store are processed.

    Args:
        pictures: what to embed.
        cut: crops a picture to an aligned face.
        embedder: its own flip averaging must be off; both vectors are stored.
        store: an open store of that embedder and cutter.
        on_progress: called with the number of new pictures that are done, and of all new ones.
        on_unreadable: called for each picture that cannot be read, which then has no row in the result.

    Raises:
        ImageError: if a picture cannot be read and ``on_unreadable`` is not given; pictures done before are stored.
    """
    known = store.known()
    todo = list({picture.stamp: picture for picture in pictures if picture.stamp not in known}.values())
    unreadable: set[str] = set()
    on_progress(0, len(todo))
    for start in range(0, len(todo), BATCH):
        batch, cuts = [], []
        for picture in todo[start : start + BATCH]:
            try:
                with one_picture(picture.name, "it cannot be searched for faces", "export it again, or leave it out"):
                    cuts.append(cut(picture.read()))
                batch.append(picture)
            except ImageError as error:
                if on_unreadable is None:
                    raise
                unreadable.add(picture.stamp)
                on_unreadable(picture, error)
        on_progress(min(start + BATCH, len(todo)), len(todo))
        if not batch:
            continue
        faces = AlignedFaces.joined([face for face, _ in cuts])
        mirrored = AlignedFaces(np.ascontiguousarray(faces.crops[:, :, ::-1]), faces.quality)
        both = embedder.embed(AlignedFaces.joined([faces, mirrored]))
        raw = (both.vectors * both.norms[:, None]).astype("<f4")
        quality = np.stack([getattr(faces.quality, part) for part in QUALITY], axis=1)
        store.add(
            (
                picture.stamp,
                int(found),
                raw[row].tobytes(),
                raw[row + len(batch)].tobytes(),
                *(map(float, quality[row]) if found else (0.0,) * len(QUALITY)),
            )
            for row, (picture, (_, found)) in enumerate(zip(batch, cuts, strict=True))
        )
    return store.get([picture.stamp for picture in pictures if picture.stamp not in unreadable])
