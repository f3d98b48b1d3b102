"""Read verification protocols in their authors' layouts; each reader returns a ``PairSet``.

LFW (Huang et al. 2007), XQLFW (Knoche et al. 2021, LFW's layout), CFP (Sengupta et al. 2016), CALFW (Zheng et al.
2017), CPLFW (Zheng and Deng 2018), AgeDB-30 (Moschoglou et al. 2017), and InsightFace's ``.bin`` of any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import InputError, UsageError
from recognizer.evaluation.agedb import read_agedb
from recognizer.evaluation.bins import read_bin
from recognizer.evaluation.faces import Picture, picture_bytes, picture_file
from recognizer.types import I64

FOLDS = 10
LOOSE_SHARE = 0.45
"""A face with its surroundings: 112 of LFW's 250 px."""
TIGHT_SHARE = 0.9
"""A picture that is little more than the face."""


@dataclass(frozen=True, slots=True, eq=False)
class PairSet:
    """A pairs protocol."""

    name: str
    pictures: tuple[Picture, ...]
    left: I64
    """(P,) index in ``pictures`` of each pair's first picture."""
    right: I64
    same: NDArray[np.bool_]
    """(P,) whether a pair shows one person."""
    folds: I64
    """(P,) fold of each pair, from 0."""
    face_share: float
    """Side of the crop where no face is found, as a share of the picture's shorter side."""
    aligned: bool = False
    """The pictures are crops already."""


Pair = tuple[str, str, bool, int]
"""Two pictures, relative to the folder of pictures; whether they show one person; the fold."""


def read_protocol(protocol: str, folder: Path, *, pairs: Path | None = None, images: Path | None = None) -> PairSet:
    """Read a protocol.

    Args:
        protocol: one of ``PROTOCOLS``, or ``bin``.
        folder: the data set, or the ``.bin`` file.
        pairs: the file of pairs, if it is not in its authors' place.
        images: the folder of pictures, likewise.

    Raises:
        UsageError: if there is no such protocol.
        InputError: if something is missing or not in the official layout, or all pairs are of one kind.
    """
    if protocol == "bin":
        return _bin(folder)
    if protocol not in PROTOCOLS:
        raise UsageError(f"There is no protocol '{protocol}'; there are: {', '.join([*PROTOCOLS, 'bin'])}.")
    if not folder.is_dir():
        raise InputError(f"Wanted the folder of {protocol}, got {folder}, which is no folder.")
    layout = PROTOCOLS[protocol]
    if layout.read is None:
        return _set(protocol, list(_cfp(folder, protocol[-2:].upper())), folder, layout.face_share)
    file = pairs or _existing(folder, layout.pair_files, f"the file of pairs of {protocol} (--pairs)")
    root = images or _existing(folder, layout.image_folders, f"the folder of pictures of {protocol} (--images)")
    if file.suffix == ".mat":
        return _set(protocol, read_agedb(file), root, layout.face_share)
    lines = [line.split("\t") if "\t" in line else line.split() for line in _lines(file)]
    try:
        found = list(layout.read(lines))
    except (ValueError, IndexError) as error:
        raise InputError(f"{file} is not in the layout of {protocol}: {error}.") from error
    return _set(protocol, found, root, layout.face_share)


def _set(name: str, pairs: Sequence[Pair], root: Path, face_share: float) -> PairSet:
    files = sorted({file for pair in pairs for file in pair[:2]})
    row = {file: number for number, file in enumerate(files)}
    folds = np.array([pair[3] for pair in pairs], np.int64)
    if len(np.unique(folds)) < 2:
        raise InputError(f"{name}: wanted pairs in at least two folds, got {len(pairs)} pairs in {len(set(folds))}.")
    return PairSet(
        name=name,
        pictures=tuple(picture_file(root / file, file) for file in files),
        left=np.array([row[pair[0]] for pair in pairs], np.int64),
        right=np.array([row[pair[1]] for pair in pairs], np.int64),
        same=_of_both_kinds(name, np.array([pair[2] for pair in pairs], bool)),
        folds=folds,
        face_share=face_share,
    )


def _of_both_kinds(name: str, same: NDArray[np.bool_]) -> NDArray[np.bool_]:
    if same.all() or not same.any():
        raise InputError(
            f"{name}: wanted pairs of one person and pairs of two, got {len(same)} pairs that are all of "
            f"{'one person' if same.all() else 'two'}; nothing can be verified with these."
        )
    return same


def _lfw(lines: Sequence[Sequence[str]]) -> Iterator[Pair]:
    """Parse ``10 300``, then for each fold 300 lines ``name i j`` and 300 lines ``name i name j``."""
    folds, per_kind = (int(word) for word in lines[0])
    rows = lines[1:]
    if len(rows) != 2 * folds * per_kind:
        raise ValueError(f"announces {folds} folds of {2 * per_kind} pairs but holds {len(rows)} pairs")
    for number, words in enumerate(rows):
        one, first, *other, second = words
        two = other[0] if other else one
        yield _lfw_file(one, first), _lfw_file(two, second), not other, number // (2 * per_kind)


def _lfw_file(name: str, number: str) -> str:
    return f"{name}/{name}_{int(number):04d}.jpg"


def _two_lines_a_pair(lines: Sequence[Sequence[str]]) -> Iterator[Pair]:
    """Parse CALFW and CPLFW: two lines ``file token`` a pair; the token is the fold from 1 of one person, else 0.

    The folds of pairs of two people are not in the file: they are assigned in order, as many to each fold.
    """
    rows = [(" ".join(words[:-1]), int(words[-1])) for words in lines]
    if len(rows) % 2 or any(a[1] != b[1] for a, b in zip(rows[::2], rows[1::2], strict=False)):
        raise ValueError("two neighbouring lines must be one pair, with one number")
    pairs = [(a[0], b[0], a[1]) for a, b in zip(rows[::2], rows[1::2], strict=True)]
    same = [pair for pair in pairs if pair[2]]
    different = [pair for pair in pairs if not pair[2]]
    last = max((token for *_, token in same), default=0)
    folds = last if last > 1 else FOLDS
    for place, (one, two, token) in enumerate(same):
        yield one, two, True, token - 1 if last > 1 else place * FOLDS // len(same)
    for place, (one, two, _) in enumerate(different):
        yield one, two, False, place * folds // len(different)


def _labelled(lines: Sequence[Sequence[str]]) -> Iterator[Pair]:
    """Parse AgeDB-30 as text: ``file file label`` a line, label 1 for one person, else 0 or -1; ten folds."""
    for place, words in enumerate(lines):
        one, two, label = words
        if label not in {"1", "0", "-1"}:
            raise ValueError(f"wanted the label 1, 0 or -1, got '{label}'")
        yield one, two, label == "1", place * FOLDS // len(lines)


def _cfp(folder: Path, kind: str) -> Iterator[Pair]:
    """Parse CFP: numbered lists of pictures, and folds of ``a,b`` numbers; in FP, ``b`` is a profile."""
    protocol = folder / "Protocol"
    lists = {side: _numbered(protocol / f"Pair_list_{side}.txt", protocol, folder) for side in "FP"}
    fold_folders = sorted((protocol / "Split" / kind).glob("[0-9]*"))
    if not fold_folders:
        raise InputError(f"There are no folds in {protocol / 'Split' / kind}; wanted 01 to 10.")
    for fold, place in enumerate(fold_folders):
        for same in (True, False):
            file = place / ("same.txt" if same else "diff.txt")
            for line in _lines(file):
                try:
                    a, b = line.split(",")
                    yield lists["F"][int(a)], lists[kind[1]][int(b)], same, fold
                except (ValueError, KeyError) as error:
                    raise InputError(f"{file}: wanted 'a,b', numbers of the lists, got '{line}'.") from error


def _numbered(file: Path, protocol: Path, folder: Path) -> dict[int, str]:
    """Parse ``number path``, the path relative to ``Protocol`` or to the data set."""
    found = {}
    for line in _lines(file):
        number, *rest = line.split(maxsplit=1)
        if not number.isdecimal() or not rest:
            raise InputError(f"{file}: wanted 'number path', got '{line}'.")
        path = rest[0]
        place = (protocol / path.strip().replace("\\", "/")).resolve()
        if not place.is_relative_to(folder.resolve()) or not place.exists():
            place = (folder / path.strip().replace("\\", "/").removeprefix("../")).resolve()
        found[int(number)] = (
            str(place.relative_to(folder.resolve())) if place.is_relative_to(folder.resolve()) else path
        )
    return found


def _bin(path: Path) -> PairSet:
    crops, same = read_bin(path)
    pictures = tuple(picture_bytes(data, f"{path.stem} {number}") for number, data in enumerate(crops))
    rows = np.arange(len(same), dtype=np.int64)
    folds = rows * FOLDS // len(same)
    both = _of_both_kinds(str(path), same)
    return PairSet(path.stem, pictures, 2 * rows, 2 * rows + 1, both, folds, TIGHT_SHARE, aligned=True)


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}.") from error


def _existing(folder: Path, names: Sequence[str], what: str) -> Path:
    for name in names:
        if (folder / name).exists():
            return folder / name
    raise InputError(f"{folder} does not have {what}; wanted one of {', '.join(names)}.")


@dataclass(frozen=True, slots=True)
class Layout:
    """Files and folders of a data set."""

    read: Callable[[Sequence[Sequence[str]]], Iterator[Pair]] | None
    pair_files: tuple[str, ...] = ()
    image_folders: tuple[str, ...] = ()
    face_share: float = LOOSE_SHARE


_LFW_IMAGES = ("images", "lfw-deepfunneled", "lfw_funneled", "lfw", ".")
PROTOCOLS = {
    "lfw": Layout(_lfw, ("pairs.txt",), _LFW_IMAGES),
    "xqlfw": Layout(
        _lfw,
        ("xqlfw_pairs.txt", "pairs.txt"),
        ("lfw_original_imgs_min_qual0.85variant11", "xqlfw_aligned_112", "images", "."),
    ),
    "cfp-ff": Layout(None, face_share=TIGHT_SHARE),
    "cfp-fp": Layout(None, face_share=TIGHT_SHARE),
    "agedb-30": Layout(
        _labelled,
        ("04_FINAL_protocol_30_years.mat", "agedb_30_pair.txt", "agedb_30_pairs.txt"),
        ("03_Protocol_Images/03_Protocol_Images", "03_Protocol_Images", "agedb30_align_112", "AgeDB", "images", "."),
    ),
    "calfw": Layout(
        _two_lines_a_pair,
        ("pairs_CALFW.txt",),
        ("images&landmarks/images&landmarks/images", "images&landmarks/images", "images", "aligned images"),
    ),
    "cplfw": Layout(_two_lines_a_pair, ("pairs_CPLFW.txt",), ("images", "aligned images")),
}
"""Protocol -> its layout."""
