"""Aligned faces for training, decoded once into memory-mapped arrays.

A cache is an ``.npy`` file of (N, 112, 112, 3) uint8 RGB that many runs share. It is written beside its final name and
moved into place when complete, so a killed run never leaves half a cache behind.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from loguru import logger
from numpy.typing import NDArray

from recognizer.errors import InputError
from recognizer.evaluation.faces import Picture, picture_file
from recognizer.types import CROP_SIZE_PX, F32, I64, U8
from recognizer.whole_files import whole_file

CutFace = Callable[[U8], "U8 | None"]
"""From a picture (H, W, 3) BGR to the aligned face nearest its centre, (112, 112, 3) RGB; ``None`` if it shows none."""

YawOf = Callable[[U8], float]
"""From an aligned face (112, 112, 3) RGB to its yaw in degrees, positive where the nose points to the right."""

_REPORT_S = 30.0
"""Between two reports of progress."""


class FaceRows(Protocol):
    """Aligned faces by number."""

    def __len__(self) -> int: ...

    def __getitem__(self, row: int) -> U8:
        """(112, 112, 3) RGB."""
        ...


def archive_crops(archives: Sequence[Path], folder: Path) -> tuple[Path, int]:
    """Decode every crop of the tar archives, in order, into a cache unless that is done.

    Args:
        archives: what to decode.
        folder: of caches; one made from other archives has another name.

    Returns:
        The cache, and how many crops it holds.

    Raises:
        InputError: if there is no archive, or a member is no 112 x 112 picture.
    """
    if not archives:
        raise InputError("No archive of faces was found: data.archives must name at least one tar file.")
    cache = folder / f"archives-{short_digest(*(picture_file(path, path.name).stamp for path in archives))}.npy"
    if not cache.exists():
        total = sum(len(_members(path)) for path in archives)
        logger.info("Decoding {} faces into {}.", total, cache)
        write(cache, total, _decoded(archives))
    return cache, len(np.load(cache, mmap_mode="r"))


def picture_crops(
    pictures: Sequence[Picture], cut: CutFace | None, *, min_px: int, folder: Path, name: str
) -> tuple[Path, NDArray[np.bool_]]:
    """Cut the face out of each picture into a cache unless that is done.

    Where no face is found the row holds the middle of the picture instead, so that rows stay aligned with ``pictures``
    and a held-out score counts a missed face as the user would meet it.

    Args:
        pictures: what to cut from, in order.
        cut: finds the face; ``None`` where the pictures are aligned faces already.
        min_px: smallest face that ``cut`` detects.
        folder: of caches; one made from other pictures, or cut otherwise, has another name.
        name: how the cache's name begins.

    Returns:
        The cache, and (N,) whether a face was found.

    Raises:
        ImageError: if a picture cannot be read.
    """
    stamps = (f"{picture.stamp}\n" for picture in pictures)
    cache = folder / f"{name}-{short_digest('aligned' if cut is None else f'cut {min_px}', *stamps)}.npy"
    found_file = cache.with_suffix(".found.npy")
    if not cache.exists():
        logger.info("Cutting faces from {:,} pictures into {}.", len(pictures), cache)
        found = np.ones(len(pictures), np.bool_)

        def crops() -> Iterator[U8]:
            for row, picture in enumerate(pictures):
                image = picture.read()
                crop = as_face(image) if cut is None else cut(image)
                found[row] = crop is not None
                yield _middle(image) if crop is None else crop

        write(cache, len(pictures), crops(), lambda: np.save(found_file, found))
    return cache, np.load(found_file)


def yaws(cache: Path, yaw_of: YawOf) -> F32:
    """The yaw of each face in a cache, (N,) degrees; measured once and kept beside it."""
    kept = cache.with_suffix(".yaw.npy")
    if not kept.exists():
        faces = np.load(cache, mmap_mode="r")
        logger.info("Measuring the yaw of {:,} faces.", len(faces))
        save(kept, np.array([yaw_of(np.asarray(face)) for face in faces], np.float32))
    return np.asarray(np.load(kept), np.float32)


def write(cache: Path, count: int, faces: Iterable[U8 | None], also: Callable[[], None] = lambda: None) -> None:
    """Write faces into a cache in one piece, and report progress.

    Args:
        cache: the ``.npy`` file.
        count: how many come.
        faces: (112, 112, 3) RGB each; ``None`` leaves a row black.
        also: writes what belongs to the cache, before the cache is there.
    """
    cache.parent.mkdir(parents=True, exist_ok=True)
    part = cache.with_suffix(f".{os.getpid()}.part")
    out = np.lib.format.open_memmap(str(part), mode="w+", dtype=np.uint8, shape=(count, CROP_SIZE_PX, CROP_SIZE_PX, 3))
    reported = time.monotonic()
    for row, face in enumerate(faces):
        if face is not None:
            out[row] = face
        if time.monotonic() - reported > _REPORT_S:
            reported = time.monotonic()
            logger.info("{:,} of {:,} pictures.", row + 1, count)
    out.flush()
    also()
    os.replace(part, cache)


def save(path: Path, rows: F32) -> None:
    """Write an ``.npy`` file in one piece."""
    with whole_file(path) as part:
        np.save(part, rows)


def in_chunks(faces: FaceRows, size: int = 64) -> Iterator[U8]:
    """Yield all faces in order, up to ``size`` at once: (B, 112, 112, 3) RGB."""
    for start in range(0, len(faces), size):
        yield np.stack([faces[row] for row in range(start, min(start + size, len(faces)))])


def short_digest(*parts: str) -> str:
    """A name for what a cache was made from."""
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:12]


def as_face(picture: U8) -> U8:
    """An aligned picture (H, W, 3) BGR as (112, 112, 3) RGB."""
    sized = cv2.resize(picture, (CROP_SIZE_PX, CROP_SIZE_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(sized, cv2.COLOR_BGR2RGB), np.uint8)


class Crops:
    """Rows of several (N, 112, 112, 3) uint8 RGB ``.npy`` files, one after the other; files are opened when needed.

    Sent to another process it carries names, not gigabytes.
    """

    def __init__(self, parts: Sequence[tuple[Path, I64]]) -> None:
        self._parts = list(parts)
        self._starts = np.cumsum([0, *(len(rows) for _, rows in parts)])
        self._arrays: list[U8] = []

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_arrays": []}

    def __len__(self) -> int:
        return int(self._starts[-1])

    @property
    def digest(self) -> str:
        """A name for these faces: caches whose content differs are called differently."""
        return short_digest(*(f"{path.name} {len(rows)}\n" for path, rows in self._parts))

    def __getitem__(self, row: int) -> U8:
        if not self._arrays:
            self._arrays = [np.load(path, mmap_mode="r") for path, _ in self._parts]
        part = int(np.searchsorted(self._starts, row, side="right")) - 1
        return np.asarray(self._arrays[part][self._parts[part][1][row - self._starts[part]]])


def _members(path: Path) -> list[tarfile.TarInfo]:
    try:
        with tarfile.open(path) as archive:
            return [member for member in archive.getmembers() if member.isfile()]
    except (OSError, tarfile.TarError) as error:
        raise InputError(f"{path} is not a readable tar archive of faces ({error}).") from error


def _decoded(archives: Sequence[Path]) -> Iterator[U8]:
    for path in archives:
        with tarfile.open(path) as archive:
            for member in archive:
                stream = archive.extractfile(member)
                if stream is None:
                    continue
                picture = cv2.imdecode(np.frombuffer(stream.read(), np.uint8), cv2.IMREAD_COLOR)
                if picture is None or picture.shape != (CROP_SIZE_PX, CROP_SIZE_PX, 3):
                    came = "no picture" if picture is None else "x".join(map(str, picture.shape))
                    raise InputError(f"{path}: {member.name} is {came}; wanted {CROP_SIZE_PX}x{CROP_SIZE_PX}x3.")
                yield np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def _middle(picture: U8) -> U8:
    height, width = picture.shape[:2]
    side = min(height, width) // 2
    top, left = (height - side) // 2, (width - side) // 2
    crop = cv2.resize(
        picture[top : top + side, left : left + side], (CROP_SIZE_PX, CROP_SIZE_PX), interpolation=cv2.INTER_AREA
    )
    return np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB), np.uint8)
