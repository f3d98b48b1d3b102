"""python main.py evaluate quality FOLDER: which answers survive blur, noise, darkness and the like."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from recognizer.app import build
from recognizer.app.embedded import embedded
from recognizer.cli import _console, _options
from recognizer.cli._progress import counting, model_bar
from recognizer.cli._tables import matched_cell
from recognizer.errors import UsageError
from recognizer.evaluation.degradations import DEGRADATIONS
from recognizer.evaluation.faces import EmbeddedPictures, Picture
from recognizer.evaluation.pairs import LOOSE_SHARE
from recognizer.evaluation.people import people_of_folder
from recognizer.evaluation.quality import QualityRow, choose_people, measure_quality

MIN_FACE_PX = 20.0
"""Faces down-scaled to 10 px between the eyes are among those measured."""


def quality(
    folder: Annotated[Path, typer.Argument(help="One folder of photos for each person, such as LFW's images.")],
    people: Annotated[int, typer.Option(min=2, help="People drawn, of those with two photos or more.")] = 300,
    only: Annotated[
        str | None, typer.Option(help=f"Degradations, of: {', '.join(kind.name for kind in DEGRADATIONS)}.")
    ] = None,
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    spec: _options.SpecOption = None,
    cache: _options.CacheOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """How often are strangers taken for one person when photos get worse, without and with the limits of quality?"""
    wanted = {kind.name for kind in DEGRADATIONS} if only is None else {word.strip() for word in only.split(",")}
    if unknown := wanted - {kind.name for kind in DEGRADATIONS}:
        raise UsageError(
            f"--only: there is no '{min(unknown)}'; there are: {', '.join(kind.name for kind in DEGRADATIONS)}."
        )
    settings = _options.load_settings(config_file, model=model, engine=engine, weights_dir=weights_dir, spec=spec)
    smallest = min(settings.detect.min_face_px, MIN_FACE_PX)
    settings = settings.model_copy(update={"detect": settings.detect.model_copy(update={"min_face_px": smallest})})
    pictures, owners = people_of_folder(folder)
    first, second = choose_people(pictures, owners, people=people)
    with model_bar() as progress:
        resolved = build.model(settings, progress)

    def embed(wanted: Sequence[Picture], title: str) -> EmbeddedPictures:
        return embedded(settings, resolved, wanted, face_share=LOOSE_SHARE, cache=cache, what=title, counting=counting)

    threshold = build.thresholds(settings, resolved).known
    rows = measure_quality(
        first,
        second,
        [kind for kind in DEGRADATIONS if kind.name in wanted],
        embed=embed,
        threshold=threshold,
        limits=build.limits(settings, resolved),
    )
    if as_json:
        document = {"model": resolved.fingerprint, "threshold": threshold, "people": len(first)}
        _console.print_json({**document, "rows": [row.as_dict() for row in rows]})
        return
    _show(rows, f"{len(first)} people, threshold {threshold:.3f}, {resolved.fingerprint}")


def _show(rows: Sequence[QualityRow], title: str) -> None:
    table = Table(title=title, title_justify="left")
    table.add_column("photos")
    for heading in (
        "found",
        "sharp-\nness",
        "refused",
        "FMR of both",
        "with limits",
        "FMR of one",
        "FNMR",
        "with\nlimits",
    ):
        table.add_column(heading, justify="right")
    for row in rows:
        what = row.name if not row.unit else f"{row.name}: {row.unit} {row.level:g}"
        shares = [f"{100 * row.found:.0f} %", f"{row.sharpness:.0f}", f"{100 * row.refused:.0f} %"]
        rates = [matched_cell(row.both), matched_cell(row.both_usable), matched_cell(row.probe)]
        answered = "" if row.refused == 1 else f"{100 * row.fnmr_usable:.1f} %"
        table.add_row(what, *shares, *rates, f"{100 * row.fnmr:.1f} %", answered)
    _console.out.print(table)
    _console.out.print(
        "Sharpness: median. Refused: of the faces found, those below the limits. FMR: strangers taken for one person, "
        "hits and 95 % interval; both photos made worse, or one against the other person's unchanged photo. FNMR: "
        "against another, unchanged photo of the person.",
        highlight=False,
        soft_wrap=True,
    )
