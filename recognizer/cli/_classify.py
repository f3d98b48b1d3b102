"""identify --classify: whom of the training data a face looks like, for networks that kept their classifier."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from recognizer.align import align
from recognizer.app import build, config
from recognizer.capture.pictures import read_picture
from recognizer.cli import _console
from recognizer.errors import ImageError, InputError, one_picture
from recognizer.models.resolved_model import ResolvedModel

BEST = 3
"""Classes shown for each face."""


def classify(
    paths: Sequence[Path], settings: config.Settings, resolved: ResolvedModel, *, names: Path | None
) -> list[dict[str, Any]]:
    """The likeliest classes of each face in these pictures; the gallery is not used.

    Args:
        paths: pictures.
        settings: of detector and engine.
        resolved: a model with a classifier.
        names: a file with the classes' names, one a line, in their order.

    Raises:
        EngineError: if the model has no classifier.
        InputError: if the names cannot be read, or no picture.
    """
    called = _names(names)
    classifier, detector = build.classifier(settings, resolved), build.photo_detector(settings)
    rows: list[dict[str, Any]] = []
    failed = 0
    for path in paths:
        try:
            picture = read_picture(path)
            with one_picture(path, "it cannot be searched for faces", "export it again, or pass another"):
                found = detector.detect([picture])[0]
                cut = classifier.spec.crop
                faces = align(picture, found.landmarks, found.scores, cut=cut, boxes=found.boxes)
                scores = classifier.classify(faces, best=BEST)
        except ImageError as error:
            failed += 1
            _console.err.print(f"[yellow]skipped:[/] {escape(str(error))}", soft_wrap=True)
            continue
        for number, (box, classes, shares) in enumerate(
            zip(found.boxes, scores.classes.tolist(), scores.probabilities.tolist(), strict=True)
        ):
            likeliest = [
                {"class": each, "name": called[each] if each < len(called) else None, "probability": round(share, 4)}
                for each, share in zip(classes, shares, strict=True)
            ]
            sides = [round(float(side), 1) for side in box]
            rows.append({"file": str(path), "face": number + 1, "box": sides, "classes": likeliest})
    if failed == len(paths):
        raise InputError("None of the pictures could be read.")
    return rows


def show(rows: Sequence[dict[str, Any]]) -> None:
    """Print a table of ``classify``'s rows."""
    table = Table()
    for heading in ("picture", "face", "looks like, of the training data"):
        table.add_column(heading, justify="right" if heading == "face" else "left")
    for row in rows:
        likeliest = ", ".join(
            f"{each['name'] or 'class ' + str(each['class'])} {100 * each['probability']:.1f} %"
            for each in row["classes"]
        )
        table.add_row(escape(Path(row["file"]).name), str(row["face"]), escape(likeliest))
    _console.out.print(table)


def _names(file: Path | None) -> list[str]:
    if file is None:
        return []
    try:
        return [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The classes' names {file} cannot be read: {error}.") from error
