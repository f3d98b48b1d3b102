"""python main.py verify A B: are two pictures of one person?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from recognizer.app import build
from recognizer.capture.pictures import read_picture
from recognizer.cli import _console, _options
from recognizer.cli._progress import model_bar
from recognizer.errors import ImageError, one_picture
from recognizer.gallery.enrol import measure


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
    """Compare the most prominent faces of two pictures."""
    settings = _options.load_settings(config_file, model=model, engine=engine, weights_dir=weights_dir, spec=spec)
    pictures = [read_picture(path) for path in (first, second)]
    with model_bar() as progress:
        resolved = build.model(settings, progress)
    detector, embedder = build.photo_detector(settings), build.embedder(settings, resolved)
    vectors = []
    for path, picture in zip((first, second), pictures, strict=True):
        with one_picture(path, "it cannot be searched for faces", "export it again, or pass another"):
            measured = measure(picture, detector=detector, embedder=embedder)
        if measured.face is None:
            raise ImageError(f"No face was found in {path}; wanted one, at least {settings.detect.min_face_px:.0f} px.")
        vectors.append(measured.face.vector)
    similarity = float(np.dot(vectors[0], vectors[1]))
    threshold = build.thresholds(settings, resolved).known if build.has_thresholds(settings, resolved) else None
    answer = {
        "similarity": round(similarity, 4),
        "distance": round(1 - similarity, 4),
        "threshold": threshold,
        "match": None if threshold is None else similarity >= threshold,
        "model": resolved.fingerprint,
    }
    if as_json:
        _console.print_json(answer)
        return
    if threshold is None:
        _console.out.print(
            f"similarity {similarity:.3f}; no threshold was measured for {resolved.fingerprint} ('calibrate --people')"
        )
        return
    verdict = "[green]the same person[/]" if answer["match"] else "[yellow]not the same person[/]"
    _console.out.print(f"{verdict}: similarity {similarity:.3f}, wanted {threshold:.3f} ({resolved.fingerprint})")
