"""A folder with one folder of pictures for each person, as LFW keeps them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recognizer.capture.pictures import PICTURE_SUFFIXES
from recognizer.errors import InputError
from recognizer.evaluation.faces import Picture, picture_file
from recognizer.types import I64


def people_of_folder(folder: Path) -> tuple[tuple[Picture, ...], I64]:
    """All pictures of all people.

    Returns:
        The pictures, and (N,) whose each is: people numbered from 0 by name.

    Raises:
        InputError: if there is no such folder, or fewer than two people with pictures in it.
    """
    if not folder.is_dir():
        raise InputError(f"Wanted a folder with one folder of photos for each person, got {folder}.")
    pictures, owners = [], []
    people = 0
    for person in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")):
        files = sorted(path for path in person.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES)
        pictures += [picture_file(path, f"{person.name}/{path.name}") for path in files]
        owners += [people] * len(files)
        people += bool(files)
    if people < 2:
        raise InputError(f"{folder} holds pictures of {people} people; wanted one folder for each of several people.")
    return tuple(pictures), np.array(owners, np.int64)
