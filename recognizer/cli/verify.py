"""python main.py verify A B: are two pictures of one person?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from recognizer.app import build, photos
from recognizer.capture.paths import picture_path
from recognizer.capture.pictures import read_picture
from recognizer.cli import _console, _options
from recognizer.cli._progress import model_bar


def verify(
    first: Annotated[Path, typer.Argument(help="A picture with a face.")],
    second: Annotated[Path, typer.Argument(help="Another.")],
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    spec: _options.SpecOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """Compare the most prominent faces of two pictures.

    Whether a face is a photo or a screen held before a camera is not detected.
    """
    settings = _options.load_settings(config_file, model=model, engine=engine, weights_dir=weights_dir, spec=spec)
    first, second = picture_path(first), picture_path(second)
    pictures = [read_picture(path) for path in (first, second)]
    with model_bar() as progress:
        resolved = build.model(settings, progress)
    detector, embedder = build.photo_detector(settings), build.embedder(settings, resolved)
    measured = [
        photos.prominent_face(
            picture, str(path), detector=detector, embedder=embedder, min_face_px=settings.detect.min_face_px
        )
        for path, picture in zip((first, second), pictures, strict=True)
    ]
    answer = photos.compare(measured[0], measured[1], settings=settings, resolved=resolved)
    if as_json:
        _console.print_json(
            {
                "similarity": round(answer.similarity, 4),
                "distance": round(1 - answer.similarity, 4),
                "threshold": answer.threshold,
                "match": answer.match,
                "usable": answer.usable,
                "model": answer.model,
                "notes": list(answer.notes),
            }
        )
        return
    if answer.threshold is None:
        _console.out.print(
            f"similarity {answer.similarity:.3f}; no threshold was measured for {answer.model} ('calibrate --people')"
        )
        return
    for note in answer.notes:
        _console.out.print(f"[yellow]note[/] {escape(note)}", highlight=False, soft_wrap=True)
    if not answer.usable:
        outcome = f"[yellow]{escape(answer.why_not)}[/]"
    else:
        outcome = "[green]the same person[/]" if answer.match else "[yellow]not the same person[/]"
    _console.out.print(f"{outcome}: similarity {answer.similarity:.3f}, wanted {answer.threshold:.3f} ({answer.model})")
