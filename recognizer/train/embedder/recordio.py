"""InsightFace's training sets: RecordIO files (``train.rec``, ``train.idx``), read without MXNet.

A record is a magic number, a word with a flag (3 bits) and a length (29 bits), the content, and zeros up to a multiple
of four bytes (dmlc-core, ``recordio.h``). Content in which the magic number occurs is cut there into several records,
flagged 1 for the first, 2 for those between and 3 for the last; the number itself is omitted. The content begins with
a header (``mxnet.recordio.IRHeader``): flag, label, two ids; with a flag of n above 0, n labels follow the header; then
a JPEG or PNG. Record 0 of InsightFace's sets holds no picture but two labels: the first number after the pictures, and
the first after the people; the records from there on describe people and hold no picture either.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from loguru import logger

from recognizer.capture.pictures import decode_trusted
from recognizer.errors import ImageError, InputError
from recognizer.train.crops import as_face
from recognizer.train.embedder.people import People
from recognizer.types import I64, U8

MAGIC = 0xCED7230A
_HEAD = struct.Struct("<II")
_IMAGE_HEADER = struct.Struct("<IfQQ")
_LENGTH = (1 << 29) - 1
_ENOUGH = 4096
"""Bytes that hold the labels of any picture."""
WHOLE, FIRST, BETWEEN, LAST = range(4)


def is_record(path: Path) -> bool:
    """Whether a path names a record file."""
    return path.suffix.lower() == ".rec"


class RecordFile:
    """A ``.rec`` file; records are found by the ``.idx`` beside it, or without one by walking through the file.

    Raises:
        InputError: if the file is missing, is no RecordIO file, or does not fit its index.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._content: mmap.mmap | None = None
        try:
            with path.open("rb") as file:
                head = file.read(4)
        except OSError as error:
            raise InputError(f"The record file {path} cannot be read: {error.strerror}.") from error
        if head != struct.pack("<I", MAGIC):
            raise InputError(f"{path} is no RecordIO file: it does not begin with the magic number.")
        index = path.with_suffix(".idx")
        self.offsets = _read_index(index) if index.is_file() else self._walk()
        if len(self.offsets) == 0 or self.offsets.max() + _HEAD.size > path.stat().st_size:
            raise InputError(f"{index} does not fit {path}: wanted places inside the file; copy both again.")

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_content": None}

    def __len__(self) -> int:
        return len(self.offsets)

    def __getitem__(self, number: int) -> bytes:
        """The content of one record.

        Raises:
            InputError: if the file is damaged there.
        """
        parts: list[bytes] = []
        place = int(self.offsets[number])
        while True:
            flag, content, place = self._record(place)
            parts.append(content)
            if flag in (WHOLE, LAST):
                return struct.pack("<I", MAGIC).join(parts)

    def unpacked(self, number: int) -> tuple[tuple[float, ...], bytes]:
        """The labels and the picture of one record.

        Raises:
            InputError: if the file is damaged there.
        """
        content = self[number]
        labels, end = self._header(number, content)
        return labels, content[end:]

    def labels(self, number: int) -> tuple[float, ...]:
        """The labels of one record; its picture is not read, because a set's pictures may be 200 GB.

        Raises:
            InputError: if the file is damaged there.
        """
        place = int(self.offsets[number])
        self._bounds(place)
        return self._header(number, self._bytes()[place + _HEAD.size : place + _HEAD.size + _ENOUGH])[0]

    def _header(self, number: int, content: bytes) -> tuple[tuple[float, ...], int]:
        """The labels at the start of a record, and where its picture begins."""
        if len(content) < _IMAGE_HEADER.size:
            raise InputError(f"{self.path}: record {number} is too short to hold a picture.")
        count, label, _, _ = _IMAGE_HEADER.unpack_from(content)
        end = _IMAGE_HEADER.size + 4 * count
        if len(content) < end:
            raise InputError(f"{self.path}: record {number} announces {count} labels and is too short for them.")
        return (struct.unpack_from(f"<{count}f", content, _IMAGE_HEADER.size) if count else (label,)), end

    def _record(self, place: int) -> tuple[int, bytes, int]:
        flag, start, end = self._bounds(place)
        return flag, self._bytes()[start:end], end + (-end) % 4

    def _bounds(self, place: int) -> tuple[int, int, int]:
        """The flag of a record, and where its content begins and ends."""
        content = self._bytes()
        if place + _HEAD.size > len(content):
            raise InputError(f"{self.path} ends in the middle of a record; copy it again.")
        magic, word = _HEAD.unpack_from(content, place)
        start = place + _HEAD.size
        end = start + (word & _LENGTH)
        if magic != MAGIC or end > len(content):
            raise InputError(f"{self.path} is damaged at byte {place}; copy it again.")
        return word >> 29, start, end

    def _bytes(self) -> mmap.mmap:
        if self._content is None:
            with self.path.open("rb") as file:
                self._content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return self._content

    def _walk(self) -> I64:
        places, place = [], 0
        while place + _HEAD.size <= len(self._bytes()):
            flag, _, end = self._bounds(place)
            if flag in (WHOLE, FIRST):
                places.append(place)
            place = end + (-end) % 4
        return np.array(places, np.int64)


class RecordFaces:
    """The pictures of a record file, decoded when read.

    Args:
        file: whose records.
        numbers: (N,) the records that hold the faces.
    """

    def __init__(self, file: RecordFile, numbers: I64) -> None:
        self.file = file
        self.numbers = numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, row: int) -> U8:
        """(112, 112, 3) RGB.

        Raises:
            ImageError: if the picture is damaged.
        """
        number = int(self.numbers[row])
        try:
            _, picture = self.file.unpacked(number)
        except InputError as error:
            raise ImageError(str(error)) from error
        return as_face(decode_trusted(picture, name=f"{self.file.path}, record {number}"))

    @staticmethod
    def people(path: Path, *, min_photos: int) -> People:
        """The people of a record file who have enough pictures.

        Raises:
            InputError: if the file cannot be used, or fewer than two people are left.
        """
        file = RecordFile(path)
        numbers, labels = labelled(file)
        found, counts = np.unique(labels, return_counts=True)
        kept = found[counts >= min_photos]
        rows = np.flatnonzero(np.isin(labels, kept))
        logger.info("{}: {:,} pictures of {:,} people, {:,} with enough.", path, len(labels), len(found), len(kept))
        if len(kept) < 2:
            raise InputError(f"{path} holds {len(kept)} people with {min_photos} pictures; wanted at least two.")
        return People(
            RecordFaces(file, numbers[rows]),
            np.searchsorted(kept, labels[rows]).astype(np.int64),
            tuple(f"{label:07d}" for label in kept),
        )


def labelled(file: RecordFile) -> tuple[I64, I64]:
    """The records that hold pictures, and the person of each: (N,) and (N,)."""
    numbers, labels = [], []
    for number, label in _labels(file):
        numbers.append(number)
        labels.append(label)
    return np.array(numbers, np.int64), np.array(labels, np.int64)


def _labels(file: RecordFile) -> Iterator[tuple[int, int]]:
    first, picture = file.unpacked(0)
    last = int(first[0]) if not picture and len(first) == 2 else len(file)
    for number in range(0 if picture else 1, min(last, len(file))):
        try:
            label = file.labels(number)[0]
        except InputError as error:
            logger.warning("Dropped: {}", error)
            continue
        yield number, int(label)


def _read_index(path: Path) -> I64:
    """Lines ``number<TAB>place``, in any order; numbers count from 0 without a gap."""
    try:
        pairs = np.loadtxt(path, dtype=np.int64, ndmin=2)
        places = pairs[np.argsort(pairs[:, 0], kind="stable")]
    except (OSError, ValueError, IndexError) as error:
        raise InputError(f"{path} is no index of a record file: wanted lines 'number<TAB>place' ({error}).") from error
    if not np.array_equal(places[:, 0], np.arange(len(places))):
        raise InputError(f"{path}: wanted the numbers from 0 to {len(places) - 1}, each once.")
    return np.asarray(places[:, 1], np.int64)
