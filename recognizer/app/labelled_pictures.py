"""Where ``identify --output`` writes its labelled pictures: beside nobody's originals."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from recognizer.errors import UsageError

WRITABLE = frozenset({".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"})
"""Kinds of pictures that are written as they came; others become PNG."""


def labels_of(paths: Sequence[Path]) -> list[str]:
    """Return a name for each picture: its own, with its folder's name where two are equal, else with a number."""
    stems = Counter(path.stem for path in paths)
    labels = [path.stem if stems[path.stem] == 1 else f"{path.parent.name}_{path.stem}" for path in paths]
    again = Counter(labels)
    return [label if again[label] == 1 else f"{label}_{number}" for number, label in enumerate(labels, 1)]


def places_for(paths: Sequence[Path], output: Path) -> list[Path]:
    """Return the file for each labelled picture.

    Args:
        paths: the pictures.
        output: a folder, if it exists as one, has no suffix or there are several pictures; else the file for the one.

    Raises:
        UsageError: if a file would replace one of the pictures, or several pictures are to go into one file.
    """
    is_folder = os.path.isdir(output) or not output.suffix
    if not is_folder and len(paths) > 1:
        raise UsageError(f"{len(paths)} pictures do not fit into one file {output}; pass a folder.")
    if not is_folder and output.suffix.lower() not in WRITABLE:
        raise UsageError(f"--output {output}: wanted {', '.join(sorted(WRITABLE))}.")
    names = [f"{label}{_suffix(path)}" for path, label in zip(paths, labels_of(paths), strict=True)]
    places = [output / name for name in names] if is_folder else [output]
    originals = {path.resolve() for path in paths}
    for place in places:
        if place.resolve() in originals:
            raise UsageError(f"--output would replace the picture {place} itself; name another folder or file.")
    return places


def _suffix(path: Path) -> str:
    return path.suffix if path.suffix.lower() in WRITABLE else ".png"
