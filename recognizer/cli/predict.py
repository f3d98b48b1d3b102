"""python main.py predict: write the vectors of pictures to a file."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import numpy as np
import typer
from rich.markup import escape

from recognizer.app import build
from recognizer.app.embedded import embedded
from recognizer.capture.pictures import PICTURE_SUFFIXES
from recognizer.cli import _console, _options
from recognizer.cli._progress import counting, model_bar
from recognizer.emit.places import require_place
from recognizer.errors import ImageError, InputError, OutputError, UsageError
from recognizer.evaluation.bins import read_bin
from recognizer.evaluation.faces import QUALITY, Picture, picture_bytes, picture_file, pictures_of_folder
from recognizer.evaluation.pairs import LOOSE_SHARE
from recognizer.quality import are_usable
from recognizer.types import F32
from recognizer.whole_files import whole_file


def predict(
    pictures: Annotated[
        Path, typer.Argument(help="A folder, a text file with a path a line, one picture, or InsightFace's .bin.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="A .npz or a .parquet file.")],
    aligned: Annotated[bool, typer.Option("--aligned", help="The pictures are aligned crops already.")] = False,
    flip: Annotated[bool, typer.Option("--flip/--no-flip", help="Average with the mirror image.")] = True,
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    spec: _options.SpecOption = None,
    cache: _options.CacheOption = None,
) -> None:
    """Embed the face nearest the centre of each picture; after an interruption the same command resumes."""
    if output.suffix not in {".npz", ".parquet"}:
        raise UsageError(f"--output: wanted a file ending in .npz or .parquet, got {output}.")
    if output.suffix == ".parquet":
        _require_pyarrow()
    require_place(output, wanted="the vectors")  # before hours of work
    found, are_crops = _pictures(pictures)
    plain = aligned or are_crops
    settings = _options.load_settings(config_file, model=model, engine=engine, weights_dir=weights_dir, spec=spec)
    with model_bar() as progress:
        resolved = build.model(settings, progress)
    unreadable: dict[str, str] = {}

    def note(picture: Picture, error: ImageError) -> None:
        unreadable[picture.stamp] = str(error)

    faces = embedded(
        settings,
        resolved,
        found,
        face_share=None if plain else LOOSE_SHARE,
        cache=cache,
        what=pictures.name,
        counting=counting,
        on_unreadable=note,
    )
    names = [picture.name for picture in found if picture.stamp not in unreadable]
    columns: dict[str, Any] = {"name": np.array(names), "found": faces.found}
    columns |= {part: getattr(faces.quality, part) for part in QUALITY}
    columns["usable"] = faces.found & are_usable(faces.quality, build.limits(settings, resolved))
    columns["norm"] = np.linalg.norm(faces.straight, axis=1)  # a measure of quality for MagFace
    _write(output, columns, faces.vectors(flip=flip), resolved.fingerprint)
    for words in unreadable.values():
        _console.err.print(f"[yellow]skipped:[/] {escape(words)}", soft_wrap=True)
    missed = int((~faces.found).sum())
    poor = int((faces.found & ~columns["usable"]).sum())
    _console.out.print(
        f"{len(names)} vectors of {resolved.fingerprint} in {escape(str(output))}; no face found in {missed}, which "
        f"have found = false; {poor} faces are too small, blurred or turned to tell whose they are, which have usable "
        f"= false; {len(unreadable)} pictures could not be read.",
        highlight=False,
        soft_wrap=True,
    )


def _pictures(place: Path) -> tuple[list[Picture], bool]:
    """List the pictures of a path, and say whether they are crops."""
    if os.path.isdir(place):
        return pictures_of_folder(place), False
    if place.suffix == ".bin":
        crops, _ = read_bin(place)
        return [picture_bytes(data, f"{place.stem} {number}") for number, data in enumerate(crops)], True
    if place.suffix.lower() in PICTURE_SUFFIXES:
        return [picture_file(place)], False
    try:
        lines = [line.strip() for line in place.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{place} is no folder, picture, list of paths or .bin set: {error}.") from error
    if not lines:
        raise InputError(f"The list {place} is empty; wanted a path a line.")
    return [picture_file(place.parent / line, line) for line in lines], False


def _require_pyarrow() -> None:
    if importlib.util.find_spec("pyarrow") is None:
        raise UsageError("A .parquet file needs one more package: pip install pyarrow. A .npz file needs none.")


def _write(path: Path, columns: dict[str, Any], vectors: F32, model: str) -> None:
    """Write the file atomically: after an interruption the old file is unchanged."""
    try:
        with whole_file(path) as part, part.open("wb") as file:
            if path.suffix == ".npz":
                np.savez_compressed(file, vectors=vectors, model=np.array(model), **columns)
            else:
                _write_parquet(file, columns, vectors, model)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from error


def _write_parquet(file: BinaryIO, columns: dict[str, Any], vectors: F32, model: str) -> None:
    import pyarrow
    from pyarrow import parquet

    parts = {name: pyarrow.array(column) for name, column in columns.items()}
    parts["model"] = pyarrow.array([model] * len(vectors)).dictionary_encode()
    parts["vector"] = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(vectors.ravel()), vectors.shape[1])
    parquet.write_table(pyarrow.table(parts), file)
