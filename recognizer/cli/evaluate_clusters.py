"""python main.py evaluate clusters: how well unknown people are told apart."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from recognizer.app import build
from recognizer.app.embedded import embedded
from recognizer.app.history import cluster_threshold
from recognizer.calibration.strangers import merge_doubles
from recognizer.cli import _console, _options
from recognizer.cli._progress import counting, model_bar
from recognizer.cli._tables import show_rows
from recognizer.errors import InputError, UsageError
from recognizer.evaluation.clusters import evaluate
from recognizer.evaluation.pairs import LOOSE_SHARE
from recognizer.evaluation.people import people_of_folder


def clusters(
    folder: Annotated[Path, typer.Argument(help="A folder of pictures for each person.")],
    sizes: Annotated[str, typer.Option(help="Pictures that are clustered, e.g. 1000,all.")] = "1000,all",
    draws: Annotated[int, typer.Option(min=1, max=1000, help="Draws of each size.")] = 10,
    threshold: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Mean cosine of a cluster; default: as 'history unknowns'."),
    ] = None,
    one_person_above: Annotated[
        float | None,
        typer.Option(help="Merge names with photos of at least this cosine: one person under two names (LFW: 0.52)."),
    ] = None,
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    spec: _options.SpecOption = None,
    cache: _options.CacheOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """Cluster pictures as unknown people: precision and recall of the pairs that are put together."""
    try:
        wanted = [None if word.strip() == "all" else int(word) for word in sizes.split(",")]
    except ValueError:
        raise UsageError(f"--sizes wants numbers such as 1000,all, got '{sizes}'.") from None
    pictures, people = people_of_folder(folder)
    settings = _options.load_settings(config_file, model=model, engine=engine, weights_dir=weights_dir, spec=spec)
    with model_bar() as progress:
        resolved = build.model(settings, progress)
    least = cluster_threshold(build.thresholds(settings, resolved)) if threshold is None else threshold
    faces = embedded(
        settings, resolved, pictures, face_share=LOOSE_SHARE, cache=cache, what=folder.name, counting=counting
    )
    seen = faces.found
    if not seen.any():
        raise InputError(f"No face was found in any of the {len(pictures)} pictures of {folder}.")
    vectors = faces.vectors(flip=False)[seen]
    numbers = np.unique(people[seen], return_inverse=True)[1].astype(np.int64)
    if one_person_above is not None:
        numbers, pairs = merge_doubles(vectors, numbers, above=one_person_above)
        _console.err.print(f"{pairs} pairs of names are taken for one person each.", highlight=False)
    rows = evaluate(vectors, numbers, threshold=least, sizes=wanted, draws=draws)
    if as_json:
        _console.print_json({"model": resolved.fingerprint, "threshold": round(least, 4), "clusters": rows})
        return
    show_rows(rows, "Nothing was clustered.")
    _console.out.print(
        f"{resolved.fingerprint} at {least:.2f}; no face was found in {int((~seen).sum())} pictures.", highlight=False
    )
