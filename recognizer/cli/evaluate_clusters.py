"""python main.py evaluate clusters: how well unknown people are separated."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recognizer.app import build
from recognizer.cli import _console, _options, _people_folder
from recognizer.cli._tables import show_rows
from recognizer.evaluation.clusters import evaluate


def clusters(
    folder: Annotated[Path, typer.Argument(help="A folder of pictures for each person.")],
    sizes: Annotated[str, typer.Option(help="Pictures that are clustered, e.g. 1000,all.")] = "1000,all",
    draws: Annotated[int, typer.Option(min=1, max=1000, help="Draws of each size.")] = 10,
    threshold: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Mean cosine of a cluster; default: as 'history unknowns'."),
    ] = None,
    one_person_above: _people_folder.OnePersonAboveOption = None,
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    spec: _options.SpecOption = None,
    cache: _options.CacheOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """Cluster pictures as unknown people: precision and recall of the pairs that are put together."""
    wanted = _people_folder.numbers(sizes, "--sizes")
    settings = _options.load_settings(config_file, model=model, engine=engine, weights_dir=weights_dir, spec=spec)
    faces = _people_folder.embed_folder(settings, folder, flip=False, one_person_above=one_person_above, cache=cache)
    least = build.thresholds(settings, faces.model).same_cluster if threshold is None else threshold
    rows = evaluate(faces.vectors, faces.people, threshold=least, sizes=wanted, draws=draws)
    fingerprint = faces.model.fingerprint
    if as_json:
        _console.print_json({"model": fingerprint, "threshold": round(least, 4), "clusters": rows})
        return
    show_rows(rows, "Nothing was clustered.")
    _console.out.print(f"{fingerprint} at {least:.2f}; no face was found in {faces.missed} pictures.", highlight=False)
