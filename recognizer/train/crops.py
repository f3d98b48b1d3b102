"""Aligned faces for training, decoded once into memory-mapped arrays.

A cache is an ``.npy`` file of (N, 112, 112, 3) uint8 RGB that many runs share. It is written beside its final name and
moved into place when complete, so a killed run never leaves half a cache behind.
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from loguru import logger
from numpy.typing import NDArray

from recognizer.errors import ImageError, InputError
from recognizer.types import CROP_SIZE_PX, I64, U8

CutFace = Callable[[U8], "U8 | None"]
"""From a picture (H, W, 3) BGR to the aligned face nearest its centre, (112, 112, 3) RGB; ``None`` if it shows none."""


class FaceRows(Protocol):
    """Aligned faces by number."""

    def __len__(self) -> int: ...

    def __getitem__(self, row: int) -> U8:
        """(112, 112, 3) RGB."""
        ...


def archive_crops(archives: Sequence[Path], cache: Path) -> int:
    """Decode every crop of the tar archives, in order, into ``cache`` unless that is done; returns how many.

    Raises:
        InputError: if there is no archive, or a member is no 112 x 112 picture.
    """
    if not cache.exists():
        if not archives:
            raise InputError("No archive of faces was found: data.archives must name at least one tar file.")
        total = sum(len(_members(path)) for path in archives)
        logger.info("Decoding {} faces into {}.", total, cache)
        _write(cache, total, _decoded(archives))
    return len(np.load(cache, mmap_mode="r"))


def picture_crops(pictures: Sequence[Path], cut: CutFace, cache: Path) -> NDArray[np.bool_]:
    """Cut the face out of each picture into ``cache`` unless that is done; returns (N,) whether a face was found.

    Where no face is found the row holds the middle of the picture instead, so that rows stay aligned with ``pictures``
    and a held-out score counts a missed face as the user would meet it.

    Raises:
        ImageError: if a picture cannot be read.
    """
    found_file = cache.with_suffix(".found.npy")
    if not (cache.exists() and found_file.exists()):
        logger.info("Cutting faces from {} pictures into {}.", len(pictures), cache)
        found = np.zeros(len(pictures), np.bool_)

        def crops() -> Iterator[U8]:
            for row, path in enumerate(pictures):
                picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
                if picture is None:
                    raise ImageError(f"{path} is not a readable picture; wanted a JPEG or PNG file.")
                image: U8 = np.asarray(picture, np.uint8)
                crop = cut(image)
                found[row] = crop is not None
                yield _middle(image) if crop is None else crop

        _write(cache, len(pictures), crops())
        np.save(found_file, found)
    found = np.load(found_file)
    if len(found) != len(pictures):
        raise InputError(f"{cache} was made from {len(found)} pictures, now there are {len(pictures)}; delete it.")
    return np.asarray(found, np.bool_)


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


def _write(cache: Path, count: int, crops: Iterator[U8]) -> None:
    cache.parent.mkdir(parents=True, exist_ok=True)
    part = cache.with_suffix(".part")
    out = np.lib.format.open_memmap(str(part), mode="w+", dtype=np.uint8, shape=(count, CROP_SIZE_PX, CROP_SIZE_PX, 3))
    for row, crop in enumerate(crops):
        out[row] = crop
    out.flush()
    os.replace(part, cache)
