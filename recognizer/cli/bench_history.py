"""python main.py bench history: what a large history costs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from recognizer.cli import _bench_setup, _options
from recognizer.cli._tables import show_rows
from recognizer.errors import UsageError
from recognizer.history.encryption import KEY_BYTES


def history_bench(
    tracks: Annotated[int, typer.Option(min=0, help="Tracks; 1000000 take 1.1 GB and minutes. 0: none.")] = 100_000,
    unknown: Annotated[int, typer.Option(min=0, help="Unknown tracks that are clustered. 0: none.")] = 10_000,
    encrypted: Annotated[bool, typer.Option("--encrypted", help="With encrypted vectors.")] = False,
    rounds: Annotated[int, typer.Option(min=2, help="How often each list and search is timed.")] = 20,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", help="Make the history of lists here and leave it, or take the one that is here."),
    ] = None,
    save: _bench_setup.SaveOption = None,
) -> None:
    """Measure lists, the search of a face, size and clusters, on histories drawn at random."""
    from recognizer.bench import history, history_clusters  # SQLAlchemy takes .2 s to import

    key = os.urandom(KEY_BYTES) if encrypted else None
    if folder is not None and encrypted:
        raise UsageError("--folder goes without --encrypted, whose key is not kept.")
    with tempfile.TemporaryDirectory(prefix="recognizer-history-") as place:
        figures: dict[str, Any] = {}
        if tracks:
            figures["history"] = history.measure(folder or Path(place) / "lists", tracks, rounds=rounds, key=key)
        if unknown:
            figures["clusters"] = history_clusters.measure(Path(place) / "clusters", unknown, rounds=rounds, key=key)
    _bench_setup.save(save, figures, lambda: _show(figures))


def history_cost(
    clip: _bench_setup.ClipOption = None,
    frames: _bench_setup.FramesOption = 150,
    rounds: Annotated[int, typer.Option(min=2, max=100, help="Passes of the clip, with the history and without.")] = 5,
    crops: Annotated[bool, typer.Option("--crops", help="Keep pictures of faces, too.")] = False,
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    spec: _options.SpecOption = None,
    save: _bench_setup.SaveOption = None,
) -> None:
    """Measure recognition of a clip with the history on, divided by that without."""
    from recognizer.bench import history_cost as cost

    bench = _bench_setup.set_up(
        clip, gallery, config_file, model=model, engine=engine, weights_dir=weights_dir, spec=spec
    )
    found = cost.measure(bench, rounds=rounds, frames=frames, crops=crops)
    figures = {**bench.conditions(), **found}

    def show() -> None:
        _bench_setup.show_conditions(figures)
        show_rows([{"time": name, **values} for name, values in found["ratio"].items()], "")

    _bench_setup.save(save, figures, show)


def _show(figures: Mapping[str, Mapping[str, Any]]) -> None:
    times: dict[str, Mapping[str, float]] = {}
    if listed := figures.get("history"):
        times |= {
            **{f"list: {name}": value for name, value in listed["lists_ms"].items()},
            "search a face": listed["search_ms"],
            "search a face, one source, half of the time": listed["search_of_a_source_since_ms"],
            "search the face of a track": listed["search_by_a_track_ms"],
            "search a face, the index read anew": listed["search_of_a_new_process_ms"],
        }
    if clustered := figures.get("clusters"):
        times["cluster one more unknown track"] = clustered["one_more_ms"]
    show_rows([{"of": name, **{f"{key} ms": value for key, value in each.items()}} for name, each in times.items()], "")
    for found in figures.values():
        show_rows([{name: value for name, value in found.items() if not isinstance(value, dict)}], "")
