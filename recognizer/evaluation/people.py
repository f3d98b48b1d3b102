"""List a folder with one folder of pictures for each person, in LFW's layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recognizer.capture.pictures import PICTURE_SUFFIXES
from recognizer.errors import InputError
from recognizer.evaluation.faces import Picture, picture_file
from recognizer.types import I64


def people_of_folder(folder: Path) -> tuple[tuple[Picture, ...], I64]:
    """List all pictures of all people.

    Returns:
        The pictures, and the (N,) person of each, numbered from 0 by name.

    Raises:
        InputError: if there is no such folder, or fewer than two people with pictures in it.
    """
    files = files_of_people(folder)
    names, owners = np.unique([file.parts[0] for file in files], return_inverse=True)
    if len(names) < 2:
        raise InputError(
            f"{folder} holds pictures of {len(names)} people; wanted one folder for each of several people."
        )
    return tuple(picture_file(folder / file, str(file)) for file in files), owners.astype(np.int64)


def files_of_people(folder: Path) -> list[Path]:
    """List every picture as ``person/picture``, in order; names that begin with a dot are skipped.

    Raises:
        InputError: if there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"Wanted a folder with one folder of pictures for each person, got {folder}.")
    people = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    return [
        path.relative_to(folder)
        for person in people
        for path in sorted(person.iterdir())
        if path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".")
    ]
