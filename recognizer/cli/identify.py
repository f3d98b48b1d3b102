"""python main.py identify IMAGE...: who is in these pictures?"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from rich.markup import escape
from rich.table import Table

from recognizer.app import build, photos
from recognizer.app.labelled_pictures import labels_of, places_for
from recognizer.app.photos import NamedPicture
from recognizer.capture.animation import only_first
from recognizer.capture.paths import picture_path, pictures_below
from recognizer.capture.pictures import read_scaled
from recognizer.cli import _classify as classes
from recognizer.cli import _console, _options
from recognizer.cli._progress import model_bar
from recognizer.cli.enroll import sync
from recognizer.emit.overlay import draw
from recognizer.errors import ImageError, InputError, OutputError, UsageError, one_picture
from recognizer.types import FrameResult
from recognizer.types.spec import CropSpec


def identify(
    images: Annotated[list[Path], typer.Argument(help="Pictures, or folders of pictures.")],
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    spec: _options.SpecOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the labelled picture here; a folder for several.")
    ] = None,
    save_crops: Annotated[
        Path | None, typer.Option("--save-crops", help="Write each face, aligned, and its landmarks into this folder.")
    ] = None,
    classify: Annotated[
        bool, typer.Option("--classify", help="Instead: whom of its training data the model takes each face for.")
    ] = False,
    class_names: Annotated[
        Path | None, typer.Option("--class-names", help="With --classify: a file with a name a line, in class order.")
    ] = None,
    as_json: _options.JsonOption = False,
) -> None:
    """Say who is in these pictures; photos and screens held before a camera are not detected."""
    paths = _pictures(images)
    if classify and (output or save_crops):
        raise UsageError("--classify goes without --output and --save-crops.")
    places = [None] * len(paths) if output is None else places_for(paths, output)
    settings = _options.load_settings(
        config_file,
        gallery=gallery,
        model=model,
        engine=engine,
        weights_dir=weights_dir,
        spec=spec,
        embed={"flip": True},
    )
    with model_bar() as progress:
        resolved = build.model(settings, progress)
    if classify:
        likeliest = classes.classify(paths, settings, resolved, names=class_names)
        _console.print_json(likeliest) if as_json else classes.show(likeliest)
        return
    build.thresholds(settings, resolved)  # before photos are processed: a model without any fails at once
    sync(settings, resolved)
    pipeline = build.photo_pipeline(settings, resolved)
    rows: list[dict[str, Any]] = []
    failed: set[Path] = set()
    for path, label, place in zip(paths, labels_of(paths), places, strict=True):
        try:
            picture = read_scaled(path)
            with one_picture(path, "it cannot be searched for faces", "export it again, or pass another"):
                named = photos.identify_picture(pipeline, picture.image, label, picture.factor)
        except ImageError as error:
            failed.add(path)
            _skipped(str(error))
            continue
        if note := only_first(path):
            note = f"{path}: {note}. Pass it as --source of run for all."
            _console.err.print(f"[yellow]note:[/] {escape(note)}", soft_wrap=True)
        rows.extend(_rows(path, named))
        if place is not None:
            _write_picture(place, named.result)
        if save_crops is not None:
            _write_crops(save_crops, label, named.result, resolved.spec.crop)
    if as_json:
        _console.print_json(rows)
    else:
        _show(rows, [path for path in paths if path not in failed])
    if len(failed) == len(paths):
        raise InputError("None of the pictures could be read.")
    if named_ones := failed.intersection(map(picture_path, images)):  # of a folder, those that can be read count
        raise InputError(f"All others were identified, but {len(named_ones)} of {len(paths)} could not be read.")


def _pictures(given: Sequence[Path]) -> list[Path]:
    paths: list[Path] = []
    for path in map(picture_path, given):
        if os.path.isdir(path):  # what may not be listed is reported when it is read; the others go on
            inside = pictures_below(path, on_unreadable=_skipped)
            if not inside:
                raise InputError(f"There is no picture in the folder {path}.")
            paths.extend(inside)
        else:
            paths.append(path)
    return list(dict.fromkeys(paths))


def _skipped(message: str) -> None:
    _console.err.print(f"[yellow]skipped:[/] {escape(message)}", soft_wrap=True)


def _rows(path: Path, named: NamedPicture) -> list[dict[str, Any]]:
    return [
        {
            "file": str(path),
            "face": number,
            "status": identity.status.value,
            "name": identity.name,
            "similarity": round(identity.similarity, 4),
            "margin": round(identity.margin, 4),
            "box": [round(float(side), 1) for side in box],
            "score": round(float(score), 4),
            "landmarks": [[round(float(x), 1), round(float(y), 1)] for x, y in points],
            "reasons": list(identity.reasons),
            "turned_deg": named.turned_deg,
        }
        for number, (identity, box, score, points) in enumerate(
            zip(named.result.identities, named.faces.boxes, named.faces.scores, named.faces.landmarks, strict=True), 1
        )
    ]


def _show(rows: Sequence[dict[str, Any]], paths: Sequence[Path]) -> None:
    table = Table()
    for heading in ("picture", "face", "who", "similarity", "why"):
        table.add_column(heading, justify="right" if heading in {"face", "similarity"} else "left")
    names = Counter(path.name for path in paths)
    for path in paths:
        picture = escape(path.name if names[path.name] == 1 else str(path))
        mine = [row for row in rows if row["file"] == str(path)]
        if not mine:
            table.add_row(picture, "", "[dim]no face[/]", "", "")
        for row in mine:
            who = f"[green]{escape(row['name'])}[/]" if row["name"] else f"[yellow]{row['status']}[/]"
            turned = [f"picture turned by {row['turned_deg']} degrees"] if row["turned_deg"] else []
            why = escape("; ".join([*row["reasons"], *turned]))
            table.add_row(picture, str(row["face"]), who, f"{row['similarity']:.2f}", why)
    _console.out.print(table)


def _write_picture(path: Path, result: FrameResult) -> None:
    _write(path, draw(result.frame.image, result.tracks, result.identities))


def _write_crops(folder: Path, label: str, result: FrameResult, cut: CropSpec) -> None:
    for number, crop in enumerate(photos.align_reported(result, cut).crops, 1):
        _write(folder / f"{label}_{number}.png", np.ascontiguousarray(crop[:, :, ::-1]))
    lines = [",".join(f"{value:.2f}" for value in points.reshape(-1)) for points in result.tracks.landmarks]
    text = "left_eye_x,left_eye_y,right_eye_x,right_eye_y,nose_x,nose_y,left_mouth_x,left_mouth_y,right_mouth_x,"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{label}_landmarks.csv").write_text("\n".join([text + "right_mouth_y", *lines]) + "\n")
    except OSError as error:
        raise OutputError(f"The landmarks cannot be written into {folder}: {error.strerror}.") from error


def _write(path: Path, image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
    """Encode by the file's ending and write.

    Raises:
        OutputError: if the file cannot be written.
    """
    _, data = cv2.imencode(path.suffix.lower(), image)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.tobytes())
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}.") from error
