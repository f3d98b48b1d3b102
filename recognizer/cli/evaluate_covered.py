"""python main.py evaluate covered FOLDER: strangers behind masks, hands and the picture's edge."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from recognizer.app import build
from recognizer.cli import _console, _options
from recognizer.cli._progress import counting, model_bar
from recognizer.cli._tables import matched_cell
from recognizer.evaluation.covered import CoverRow, measure_covered
from recognizer.evaluation.people import people_of_folder
from recognizer.evaluation.quality import choose_people
from recognizer.gallery.enrol import measure


def covered(
    folder: Annotated[Path, typer.Argument(help="One folder of photos for each person, such as LFW's images.")],
    people: Annotated[int, typer.Option(min=2, help="People drawn, of those with two photos or more.")] = 150,
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    spec: _options.SpecOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """How often are strangers one person when both are covered, and what do the limits of photos keep out?"""
    settings = _options.load_settings(config_file, model=model, engine=engine, weights_dir=weights_dir, spec=spec)
    pictures, owners = people_of_folder(folder)
    first, second = choose_people(pictures, owners, people=people)
    with model_bar() as progress:
        resolved = build.model(settings, progress)
    detector, embedder = build.photo_detector(settings), build.embedder(settings, resolved)
    threshold = build.thresholds(settings, resolved).known
    with counting("covers") as on_progress:
        rows = measure_covered(
            first,
            second,
            measure=partial(measure, detector=detector, embedder=embedder),
            threshold=threshold,
            limits=build.limits(settings, resolved),
            on_progress=on_progress,
        )
    if as_json:
        document = {"model": resolved.fingerprint, "threshold": threshold, "people": len(first)}
        _console.print_json({**document, "rows": [row.as_dict() for row in rows]})
        return
    _show(rows, f"{len(first)} people, threshold {threshold:.3f}, {resolved.fingerprint}")


def _show(rows: Sequence[CoverRow], title: str) -> None:
    table = Table(title=title, title_justify="left")
    table.add_column("cover")
    for heading in ("found", "weak", "refused", "both, as before", "both, within", "FNMR", "within"):
        table.add_column(heading, justify="right")
    for row in rows:
        name = f"{row.name} {row.level:g}" if row.level else row.name
        shares = [f"{100 * share:.0f} %" for share in (row.found, row.weak, row.refused)]
        missed = [f"{100 * share:.0f} %" for share in (row.fnmr, row.fnmr_within)]
        table.add_row(name, *shares, matched_cell(row.before), matched_cell(row.within), *missed)
    _console.out.print(table)
    _console.out.print(
        "Both: pairs of strangers that match when both are covered, hits of comparisons and the 95 % interval of their "
        "rate; within the other limits of quality, and without those that are refused as covered. FNMR: against "
        "another, uncovered photo of the person.",
        highlight=False,
        soft_wrap=True,
    )
