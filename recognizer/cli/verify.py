"""python main.py verify A B: are two pictures of one person?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recognizer.app import build, config, photos
from recognizer.capture.pictures import read_picture
from recognizer.cli import _console
from recognizer.cli._progress import model_bar


def verify(
    first: Annotated[Path, typer.Argument(help="A picture with a face.")],
    second: Annotated[Path, typer.Argument(help="Another.")],
    config_file: _console.ConfigOption = None,
    model: _console.ModelOption = None,
    engine: _console.EngineOption = None,
    weights_dir: _console.WeightsDirOption = None,
    facts: _console.FactsOption = None,
    as_json: _console.JsonOption = False,
) -> None:
    """Compare the most prominent faces of two pictures."""
    settings = config.load(
        config_file, {"engine": {"name": engine}, "embed": {"model": model, "weights_dir": weights_dir, "facts": facts}}
    )
    pictures = [read_picture(path) for path in (first, second)]
    with model_bar() as progress:
        resolved = build.model(settings, progress)
    detector, embedder = build.picture_detector(settings), build.embedder(settings, resolved)
    vectors = [
        photos.prominent_vector(
            picture, str(path), detector=detector, embedder=embedder, min_face_px=settings.detect.min_face_px
        )
        for path, picture in zip((first, second), pictures, strict=True)
    ]
    answer = photos.compare(vectors[0], vectors[1], settings=settings, resolved=resolved)
    if as_json:
        _console.print_json(
            {
                "similarity": round(answer.similarity, 4),
                "distance": round(1 - answer.similarity, 4),
                "threshold": answer.threshold,
                "match": answer.match,
                "model": answer.model,
            }
        )
        return
    if answer.threshold is None:
        _console.out.print(
            f"similarity {answer.similarity:.3f}; no threshold was measured for {answer.model} ('calibrate --people')"
        )
        return
    verdict = "[green]the same person[/]" if answer.match else "[yellow]not the same person[/]"
    _console.out.print(f"{verdict}: similarity {answer.similarity:.3f}, wanted {answer.threshold:.3f} ({answer.model})")
