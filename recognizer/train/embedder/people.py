"""Faces with the names of their people: from a folder of pictures, whatever lies in it, or from a record file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import numpy as np
from loguru import logger

from recognizer.capture.pictures import read_picture
from recognizer.errors import ImageError, InputError
from recognizer.evaluation.people import files_of_people
from recognizer.train.crops import Crops, CutFace, FaceRows, as_face, short_digest, write
from recognizer.types import I64, U8


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Faces and whose they are."""

    faces: FaceRows
    labels: I64
    """(N,) the person of each face, an index of ``names``."""
    names: tuple[str, ...]


class Fate(IntEnum):
    """What became of a picture."""

    USED = 0
    UNREADABLE = 1
    TINY = 2
    NO_FACE = 3


@dataclass(frozen=True, slots=True)
class Scan:
    """What a folder holds."""

    pictures: int
    fates: dict[str, list[str]]
    """By fate the pictures that were not used."""
    grey: int
    """Used, but without colour."""
    few: list[str]
    """People dropped because too few of their pictures can be used."""
    people: int
    faces: int
    """What is left."""

    def summary(self) -> str:
        """The report in one sentence."""
        lost = {fate.lower().replace("_", " "): len(files) for fate, files in self.fates.items() if files}
        dropped = ", ".join(f"{count} {fate}" for fate, count in lost.items()) or "none"
        return (
            f"{self.faces:,} faces of {self.people:,} people from {self.pictures:,} pictures; dropped: {dropped}; "
            f"{len(self.few):,} people with too few pictures; {self.grey:,} pictures are grey"
        )


class FolderReader:
    """Reads a folder of people once into a cache and remembers what was wrong with it.

    Args:
        cut: finds the face in a picture; ``None`` where the pictures are aligned faces already.
        min_px: shortest side of a picture that is used.
        cache: folder for the faces; a changed folder of pictures is read anew.
    """

    def __init__(self, *, cut: CutFace | None, min_px: int, cache: Path) -> None:
        self._cut = cut
        self._min_px = min_px
        self._cache = cache

    def read(self, folder: Path, *, min_photos: int, without: Collection[str] = ()) -> tuple[People, Scan]:
        """All usable faces.

        Args:
            folder: with one folder of pictures for each person.
            min_photos: people with fewer usable pictures are dropped.
            without: names of people to drop.

        Raises:
            InputError: if there is no such folder, or fewer than two people are left.
        """
        files = files_of_people(folder)
        stem = self._cache / f"people-{self._stamp(folder, files)}"
        if not stem.with_suffix(".npy").exists():
            logger.info("Reading {:,} pictures of {} into {}.", len(files), folder, stem.with_suffix(".npy"))
            self._fill(folder, files, stem)
        fates, grey = np.load(stem.with_suffix(".fates.npy"))
        owners = np.array([file.parts[0] for file in files])
        usable = (fates == Fate.USED) & ~np.isin(owners, list(without))
        counts = Counter(owners[usable].tolist())
        names = tuple(sorted(name for name, count in counts.items() if count >= min_photos))
        rows = np.flatnonzero(usable & np.isin(owners, names))
        scan = Scan(
            pictures=len(files),
            fates={fate.name: [str(files[row]) for row in np.flatnonzero(fates == fate)] for fate in Fate if fate},
            grey=int(grey[rows].sum()),
            few=sorted(set(owners.tolist()) - set(names) - set(without)),
            people=len(names),
            faces=len(rows),
        )
        if len(names) < 2:
            raise InputError(f"{folder} cannot train: {scan.summary()}. Wanted at least two people.")
        labels = np.searchsorted(np.array(names), owners[rows]).astype(np.int64)
        return People(Crops([(stem.with_suffix(".npy"), rows)]), labels, names), scan

    def _stamp(self, folder: Path, files: list[Path]) -> str:
        stats = ((file, (folder / file).stat()) for file in files)
        lines = (f"{file} {stat.st_size} {stat.st_mtime_ns}\n" for file, stat in stats)
        return short_digest(f"{self._cut is None} {self._min_px}", *lines)

    def _fill(self, folder: Path, files: list[Path], stem: Path) -> None:
        fates = np.zeros((2, len(files)), np.uint8)

        def faces() -> Iterator[U8 | None]:
            for row, (fate, face) in enumerate(self._faces(folder, files)):
                fates[:, row] = fate, face is not None and (face == face[..., :1]).all()
                yield face

        write(stem.with_suffix(".npy"), len(files), faces(), lambda: np.save(stem.with_suffix(".fates.npy"), fates))

    def _faces(self, folder: Path, files: list[Path]) -> Iterator[tuple[Fate, U8 | None]]:
        for file in files:
            try:
                picture = read_picture(folder / file)
            except ImageError as error:
                logger.debug("{}", error)
                yield Fate.UNREADABLE, None
                continue
            if min(picture.shape[:2]) < self._min_px:
                yield Fate.TINY, None
                continue
            face = as_face(picture) if self._cut is None else self._cut(picture)
            yield (Fate.NO_FACE, None) if face is None else (Fate.USED, face)


def save_scan(scan: Scan, path: Path) -> None:
    """Keep the report with every picture's name as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "pictures": scan.pictures,
        "faces": scan.faces,
        "people": scan.people,
        "grey": scan.grey,
        "left_out": {fate.lower(): files for fate, files in scan.fates.items()},
        "too_few_pictures": scan.few,
    }
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def held_back(people: People, share: float, *, seed: int) -> tuple[People, People]:
    """Split by person into those who train and those who test; at least four test.

    Raises:
        InputError: if fewer than two are left to train.
    """
    count = max(4, round(share * len(people.names)))
    if len(people.names) - count < 2:
        raise InputError(
            f"validation.people_share: {len(people.names)} people with enough pictures are too few to hold {count} of "
            "them back; wanted at least six."
        )
    order = np.random.default_rng((seed, 77)).permutation(len(people.names))
    return some(people, np.sort(order[count:])), some(people, np.sort(order[:count]))


def some(people: People, chosen: I64) -> People:
    """Only the people whose numbers are in ``chosen``, in rising order; they are numbered anew."""
    rows = np.flatnonzero(np.isin(people.labels, chosen))
    labels = np.searchsorted(chosen, people.labels[rows]).astype(np.int64)
    return People(Rows(people.faces, rows), labels, tuple(people.names[number] for number in chosen))


class Rows:
    """Some rows of some faces."""

    def __init__(self, faces: FaceRows, rows: I64) -> None:
        self._faces = faces
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row: int) -> U8:
        return self._faces[int(self._rows[row])]
