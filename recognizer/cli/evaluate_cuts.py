"""python main.py evaluate cuts FOLDER: which way of cutting out turned and small faces names most of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.table import Table

from recognizer.align import ARCFACE_CUT
from recognizer.app import build
from recognizer.app.embedded import embedded
from recognizer.cli import _console, _options, _people_folder
from recognizer.cli._progress import counting, model_bar
from recognizer.errors import UsageError
from recognizer.evaluation.cuts import WAYS
from recognizer.evaluation.enrolments import ENROLMENTS
from recognizer.evaluation.hard_faces import FMRS, WayScore, hard_sets, measure_ways
from recognizer.evaluation.pairs import LOOSE_SHARE
from recognizer.evaluation.people import people_of_folder
from recognizer.types import F32

MIN_FACE_PX = 20.0
"""Faces down-scaled to 16 px between the eyes are among those measured."""


def cuts(
    folder: Annotated[Path, typer.Argument(help="One folder of photos for each person, such as LFW's images.")],
    people: Annotated[int, typer.Option(min=2, help="People of each set, at most.")] = 300,
    angles: Annotated[str, typer.Option(help="Degrees by which frontal heads are turned.")] = "30,45,60,75",
    eyes: Annotated[str, typer.Option(help="Pixels between the eyes of faces scaled down.")] = "30,24,20,16",
    ways: Annotated[
        str | None, typer.Option(help=f"Beside the first, separated by ';', of: {'; '.join(w.name for w in WAYS)}.")
    ] = None,
    enrolments: Annotated[
        str | None, typer.Option(help=f"Likewise of the enrolled: {'; '.join(w.name for w in ENROLMENTS)}.")
    ] = None,
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    spec: _options.SpecOption = None,
    cache: _options.CacheOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """Which way of cutting out turned and small faces names most of them, at the same rate of wrong matches?"""
    names = _chosen(ways, [way.name for way in WAYS], "--ways")
    enrolled = _chosen(enrolments, [way.name for way in ENROLMENTS], "--enrolments")
    settings = _options.load_settings(config_file, model=model, engine=engine, weights_dir=weights_dir, spec=spec)
    smallest = min(settings.detect.min_face_px, MIN_FACE_PX)
    plain = settings.embed.model_copy(update={"flip": False})
    settings = settings.model_copy(
        update={"detect": settings.detect.model_copy(update={"min_face_px": smallest}), "embed": plain}
    )
    pictures, owners = people_of_folder(folder)
    several = np.bincount(owners)[owners] > 1
    pictures = tuple(picture for picture, counts in zip(pictures, several.tolist(), strict=True) if counts)
    owners = owners[several]
    with model_bar() as progress:
        resolved = build.model(settings, progress)
    faces = embedded(
        settings, resolved, pictures, face_share=LOOSE_SHARE, cache=cache, what=folder.name, counting=counting
    )
    sets = hard_sets(
        pictures,
        owners,
        faces,
        people=people,
        angles_deg=_people_folder.whole_numbers(angles, "--angles"),
        eyes_px=_people_folder.whole_numbers(eyes, "--eyes"),
    )
    detector, embedder = build.photo_detector(settings), build.embedder(settings, resolved)
    if embedder.spec.crop != ARCFACE_CUT:
        raise UsageError(f"evaluate cuts wants a model that takes ArcFace's crops, got {resolved.fingerprint}.")
    threshold = build.thresholds(settings, resolved).known
    scores: list[WayScore] = []
    known: dict[str, list[F32]] = {}
    for one in sets:
        with counting(one.name) as on_progress:
            scores += measure_ways(
                one,
                [way for way in WAYS if way.name in names],
                [way for way in ENROLMENTS if way.name in enrolled],
                detector=detector,
                embedder=embedder,
                threshold=threshold,
                enrolled=known,
                on_progress=on_progress,
            )
    if as_json:
        document = {"model": resolved.fingerprint, "threshold": threshold}
        _console.print_json({**document, "rows": [score.as_dict() for score in scores]})
        return
    _show(scores, f"{resolved.fingerprint}, threshold {threshold:.3f}")


def _chosen(text: str | None, names: Sequence[str], option: str) -> set[str]:
    """The first name, which the others are compared with, and those in the text; all of them without a text."""
    wanted = set(names) if text is None else {word.strip() for word in text.split(";") if word.strip()}
    if unknown := wanted - set(names):
        raise UsageError(f"{option}: there is no '{min(unknown)}'; there are, separated by ';': {'; '.join(names)}.")
    return {names[0], *wanted}


def _show(scores: Sequence[WayScore], title: str) -> None:
    table = Table(title=title, title_justify="left")
    for heading in ("faces", "way"):
        table.add_column(heading)
    for heading in ("found", "named", "wrong pairs", *(f"named at FMR {fmr:g}" for fmr in FMRS), "gained, lost"):
        table.add_column(heading, justify="right")
    before = None
    for score in scores:
        rates = [f"{100 * score.named_at[fmr] / score.probes:.1f} %" for fmr in FMRS]
        table.add_row(
            score.set_name if score.set_name != before else "",
            score.way,
            f"{score.found} of {score.probes}",
            f"{100 * score.named / score.probes:.1f} %",
            str(score.wrong),
            *rates,
            f"+{score.gained} -{score.lost}",
        )
        before = score.set_name
    _console.out.print(table)
    _console.out.print(
        "Named: by one photo, of all probes, also those without a face, at the threshold in force; and at the one that "
        "gives each row's wrong pairs the same rate. Gained and lost: against the first way, at FMR 0.001.",
        highlight=False,
        soft_wrap=True,
    )
