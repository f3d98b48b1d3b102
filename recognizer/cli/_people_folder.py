"""Folders of people as several evaluations take them: their options, and the faces in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from recognizer.app import build
from recognizer.app.config import Settings
from recognizer.app.embedded import embedded
from recognizer.calibration.strangers import merge_doubles
from recognizer.cli import _console
from recognizer.cli._progress import counting, model_bar
from recognizer.errors import InputError, UsageError
from recognizer.evaluation.pairs import LOOSE_SHARE
from recognizer.evaluation.people import people_of_folder
from recognizer.models.resolve import ResolvedModel
from recognizer.types import F32, I64

OnePersonAboveOption = Annotated[
    float | None,
    typer.Option(help="Merge names with photos of at least this cosine: one person under two names (LFW: 0.52)."),
]


@dataclass(frozen=True, slots=True)
class FolderFaces:
    """The faces of a folder of people."""

    model: ResolvedModel
    vectors: F32
    """(N, D) of unit length."""
    people: I64
    """(N,) whose face each is, from 0."""
    pictures: int
    missed: int
    """Pictures in which no face was found."""
    merged: int | None
    """Pairs of names taken for one person each; ``None``: not sought."""


def numbers(text: str, option: str) -> list[int | None]:
    """Return numbers from 1 that are separated by commas; ``None`` for ``all``.

    Raises:
        UsageError: if there are others, naming the option.
    """
    try:
        values = [None if word.strip() == "all" else int(word) for word in text.split(",")]
    except ValueError as error:
        raise UsageError(f"{option} wants numbers such as 10,100 or all, got '{text}'.") from error
    if not values or any(value is not None and value < 1 for value in values):
        raise UsageError(f"{option} wants numbers from 1, got '{text}'.")
    return values


def whole_numbers(text: str, option: str) -> list[float]:
    """Return numbers from 1 that are separated by commas.

    Raises:
        UsageError: if there are others, naming the option.
    """
    values = [value for value in numbers(text, option) if value is not None]
    if len(values) < len(text.split(",")):
        raise UsageError(f"{option} wants numbers such as 30,45, got '{text}'.")
    return [float(value) for value in values]


def embed_folder(
    settings: Settings,
    folder: Path,
    *,
    flip: bool,
    one_person_above: float | None,
    cache: Path | None,
    aligned: bool = False,
) -> FolderFaces:
    """List a folder of people, load the model and embed the faces.

    Args:
        settings: of the detector, the model and the engine.
        folder: with a folder of pictures for each person.
        flip: average with the mirror image.
        one_person_above: see ``OnePersonAboveOption``.
        cache: folder of vectors; ``None``: none.
        aligned: the pictures are aligned crops.

    Raises:
        InputError: if there are not two people with pictures, or no face in any picture.
    """
    pictures, owners = people_of_folder(folder)
    with model_bar() as progress:
        resolved = build.model(settings, progress)
    share = None if aligned else LOOSE_SHARE
    faces = embedded(settings, resolved, pictures, face_share=share, cache=cache, what=folder.name, counting=counting)
    seen = faces.found
    if not seen.any():
        raise InputError(f"No face was found in any of the {len(pictures)} pictures of {folder}.")
    vectors = faces.vectors(flip=flip)[seen]
    people = np.unique(owners[seen], return_inverse=True)[1].astype(np.int64)
    merged = None
    if one_person_above is not None:
        people, merged = merge_doubles(vectors, people, above=one_person_above)
        _console.err.print(f"{merged} pairs of names are taken for one person each.", highlight=False)
    return FolderFaces(resolved, vectors, people, len(pictures), int((~seen).sum()), merged)
