"""From InsightFace's record files to what other tools read: a folder of people, or a Hugging Face data set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from recognizer.errors import InputError, OutputError, UsageError
from recognizer.train.embedder.recordio import RecordFile, labelled

_SUFFIXES = {b"\xff\xd8\xff": ".jpg", b"\x89PNG": ".png", b"RIFF": ".webp"}

Progress = Callable[[int, int], None]


class Into(Enum):
    """What a record file becomes."""

    FOLDERS = "folders"
    """One folder for each person; pictures keep their bytes."""
    DATASETS = "datasets"
    """A Hugging Face data set on disk with the columns ``image`` and ``label``: ``datasets.load_from_disk``."""


def unpack(records: Path, target: Path, into: Into, on_progress: Progress) -> int:
    """Convert a record file; returns how many pictures it gave.

    Args:
        records: the ``.rec`` file.
        target: a folder that does not exist yet, or is empty.
        into: what it becomes.
        on_progress: called with (done, of how many).

    Raises:
        InputError: if the file cannot be used.
        UsageError: if ``target`` holds something, or the package for data sets is absent.
        OutputError: if it cannot be written.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} is there already and not empty; name another folder.")
    file = RecordFile(records)
    try:
        return (_folders if into is Into.FOLDERS else _data_set)(file, target, on_progress)
    except OSError as error:
        raise OutputError(f"{target} cannot be written: {error.strerror or error}.") from error


def _folders(file: RecordFile, target: Path, on_progress: Progress) -> int:
    count = 0
    for row, (label, picture, total) in enumerate(_pictures(file)):
        person = target / f"{label:07d}"
        person.mkdir(parents=True, exist_ok=True)
        suffix = next((ending for start, ending in _SUFFIXES.items() if picture.startswith(start)), ".jpg")
        (person / f"{row:08d}{suffix}").write_bytes(picture)
        on_progress(row + 1, total)
        count += 1
    return count


def _data_set(file: RecordFile, target: Path, on_progress: Progress) -> int:
    try:
        from datasets import Dataset, Features, Image, Value
    except ImportError as error:
        raise UsageError("Hugging Face data sets need a package: pip install -r requirements-train.txt.") from error

    features = Features({"image": Image(), "label": Value("int64")})
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent) as cache:  # what the package caches by itself, it would find again
        made = Dataset.from_generator(_rows, features=features, gen_kwargs={"file": file}, cache_dir=cache)
        made.save_to_disk(str(target))
    on_progress(len(made), len(made))
    return len(made)


def _rows(file: RecordFile) -> Iterator[dict[str, Any]]:
    for label, picture, _ in _pictures(file):
        yield {"image": {"bytes": picture, "path": None}, "label": label}


def _pictures(file: RecordFile) -> Iterator[tuple[int, bytes, int]]:
    numbers, labels = labelled(file)
    if len(numbers) == 0:
        raise InputError(f"{file.path} holds no pictures.")
    for number, label in zip(numbers.tolist(), labels.tolist(), strict=True):
        yield label, file.unpacked(number)[1], len(numbers)
