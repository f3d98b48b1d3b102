"""python main.py evaluate ...: measure recognition on published protocols, folders of people and clips."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from recognizer.app import build
from recognizer.app.embedded import embedded
from recognizer.calibration.strangers import doubles_threshold, merge_doubles
from recognizer.cli import _console, _options, _people_folder
from recognizer.cli._progress import counting, model_bar
from recognizer.cli.evaluate_clusters import clusters
from recognizer.cli.evaluate_covered import covered
from recognizer.cli.evaluate_cuts import cuts
from recognizer.cli.evaluate_embeddings import embeddings
from recognizer.cli.evaluate_quality import quality
from recognizer.cli.evaluate_video import video
from recognizer.errors import UsageError
from recognizer.evaluation import report
from recognizer.evaluation.identification import Identification, identify
from recognizer.evaluation.pairs import PROTOCOLS, read_protocol
from recognizer.evaluation.plots import require_matplotlib
from recognizer.evaluation.verification import Verification, verify
from recognizer.types import F32, I64

app = typer.Typer(help="Measure verification, identification, video, quality and clusters.", no_args_is_help=True)
app.command()(video)
app.command()(quality)
app.command()(clusters)
app.command()(covered)
app.command()(cuts)
app.command()(embeddings)

AlignedOption = Annotated[
    bool, typer.Option("--aligned", help="The pictures are aligned crops: no detector, no aligner.")
]


@app.command()
def verification(
    protocol: Annotated[str, typer.Argument(help=f"{', '.join(PROTOCOLS)}, or bin (InsightFace).")],
    folder: Annotated[Path, typer.Argument(help="The data set as its authors publish it, or the .bin file.")],
    pairs: Annotated[Path | None, typer.Option(help="The file of pairs, if it lies elsewhere.")] = None,
    images: Annotated[Path | None, typer.Option(help="The folder of pictures, if it lies elsewhere.")] = None,
    aligned: AlignedOption = False,
    flip: Annotated[
        bool | None, typer.Option("--flip/--no-flip", help="Average with the mirror image; both ways when not given.")
    ] = None,
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    spec: _options.SpecOption = None,
    cache: _options.CacheOption = None,
    report_file: _options.ReportOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """Are two pictures of one person? Ten-fold accuracy, TAR at fixed FMR, AUC, EER."""
    require_matplotlib("--report", report_file)
    found = read_protocol(protocol, folder, pairs=pairs, images=images)
    settings = _options.load_settings(config_file, model=model, engine=engine, weights_dir=weights_dir, spec=spec)
    with model_bar() as progress:
        resolved = build.model(settings, progress)
    plain = aligned or found.aligned
    found = replace(found, aligned=plain)
    faces = embedded(
        settings,
        resolved,
        found.pictures,
        face_share=None if plain else found.face_share,
        cache=cache,
        what=found.name,
        counting=counting,
    )
    results = [
        verify(found, faces, model=resolved.fingerprint, flip=each)
        for each in ((True, False) if flip is None else (flip,))
    ]
    if report_file is not None:
        section = report.verification_section(results, found)
        report.write(report_file, report.page(f"Verification: {found.name}", [section]))
    if as_json:
        _console.print_json([result.as_dict() for result in results])
    else:
        _show_verification(results)


def _show_verification(results: list[Verification]) -> None:
    first = results[0]
    table = Table(title=f"{first.protocol}: {len(first.same)} pairs, {first.model}", title_justify="left")
    table.add_column("")
    for result in results:
        table.add_column("with flip" if result.flip else "no flip", justify="right")

    def row(name: str, cells: list[str]) -> None:
        table.add_row(name, *cells)

    row("accuracy", [f"{100 * r.accuracy.mean:.2f} ± {100 * r.accuracy.deviation:.2f} %" for r in results])
    row("threshold", [f"{r.accuracy.threshold:.3f}" for r in results])
    for place, rate in enumerate(first.rates):
        cells = [f"{r.rates[place].tar:.4f} [{r.rates[place].low:.4f}, {r.rates[place].high:.4f}]" for r in results]
        row(f"TAR at FMR {rate.fmr:g}{'' if rate.resolved else ' *'}", cells)
    row("AUC", [f"{r.auc:.5f}" for r in results])
    row("EER", [f"{100 * r.eer:.2f} %" for r in results])
    _console.out.print(table)
    _console.out.print(
        f"{first.pictures} pictures; no face found in {first.without_face}, where the crop is "
        f"{escape(first.fallback)}. {int(first.cannot_tell.sum())} pairs have a face below the limits of quality, "
        "where verify answers 'cannot tell'; they count here.",
        highlight=False,
        soft_wrap=True,
    )
    if not all(rate.resolved for rate in first.rates):
        _console.out.print(
            "* fewer impostor pairs than 1 / FMR: the threshold depends on the most similar pair alone.",
            highlight=False,
        )


@app.command()
def identification(
    folder: Annotated[Path, typer.Argument(help="One folder of photos for each person.")],
    sizes: Annotated[str, typer.Option(help="People enrolled, e.g. 10,100,all.")] = "10,100,1000,all",
    photos: Annotated[str, typer.Option(help="Photos enrolled of each, e.g. 1,3.")] = "1",
    one_person_above: _people_folder.OnePersonAboveOption = None,
    draws: Annotated[int, typer.Option(min=1, max=1000, help="Galleries drawn of each size.")] = 10,
    aligned: AlignedOption = False,
    flip: Annotated[bool, typer.Option("--flip/--no-flip", help="Average with the mirror image.")] = True,
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    spec: _options.SpecOption = None,
    cache: _options.CacheOption = None,
    report_file: _options.ReportOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """Who of the enrolled is it, if anybody? TPIR at fixed FPIR, rank 1, CMC, DET, for galleries drawn at random."""
    require_matplotlib("--report", report_file)
    wanted_sizes, wanted_photos = _people_folder.numbers(sizes, "--sizes"), _people_folder.numbers(photos, "--photos")
    if any(count is None for count in wanted_photos):
        raise UsageError("--photos wants numbers, such as 1,3.")
    settings = _options.load_settings(config_file, model=model, engine=engine, weights_dir=weights_dir, spec=spec)
    faces = _people_folder.embed_folder(
        settings, folder, flip=flip, one_person_above=one_person_above, cache=cache, aligned=aligned
    )
    if faces.merged is None:
        merging = _doubles(faces.vectors, faces.people)
    else:
        merging = f" {faces.merged} pairs of names above {one_person_above:g} are taken for one person each."
    with counting("galleries") as on_progress:
        results = identify(
            faces.vectors,
            faces.people,
            sizes=wanted_sizes,
            photos=[count for count in wanted_photos if count],
            draws=draws,
            on_progress=on_progress,
        )
    note = _note(results, faces.missed) + merging
    people = int(faces.people.max()) + 1
    title = f"{faces.pictures} pictures of {people} people"
    if report_file is not None:
        section = report.identification_section(results, model=faces.model.fingerprint, note=f"{title}. {note}")
        report.write(report_file, report.page(f"Identification: {folder.name}", [section]))
    if as_json:
        galleries = [result.as_dict() for result in results]
        document: dict[str, Any] = {"model": faces.model.fingerprint, "flip": flip, "people": people}
        counts = {"pictures": faces.pictures, "without_face": faces.missed}
        _console.print_json({**document, **counts, "galleries": galleries})
    else:
        _show_identification(results, title, note)


def _note(results: list[Identification], missed: int) -> str:
    return (
        f"Mean and 95 % range of {len(results[0].draws)} galleries drawn at random. No face found in {missed} "
        "pictures, which were excluded. * fewer strangers than 1 / FPIR."
    )


def _doubles(vectors: F32, people: I64) -> str:
    """Warn of names that seem to be one person: each raises FPIR at every low rate."""
    above = doubles_threshold(vectors, people)
    pairs = 0 if above is None else merge_doubles(vectors, people, above=above)[1]
    if pairs < 3:  # one is expected among different people
        return ""
    return f" {pairs} pairs of names may be one person each: check, and pass --one-person-above {above:.2f}."


def _show_identification(results: list[Identification], title: str, note: str) -> None:
    table = Table(title=f"Open-set identification: {title}", title_justify="left")
    for heading in ("people", "photos", "rank 1"):
        table.add_column(heading, justify="right")
    values = [result.as_dict() for result in results]
    for rate in values[0]["tpir"]:
        table.add_column(f"TPIR at FPIR {100 * rate['fpir']:g} %", justify="right")
    for value in values:
        cells = [
            f"{rate['tpir']:.4f}{'' if rate['resolved'] else ' *'}\n[dim]{rate['range_95'][0]:.3f} to "
            f"{rate['range_95'][1]:.3f}[/]"
            for rate in value["tpir"]
        ]
        table.add_row(str(value["people"]), str(value["photos"]), f"{value['rank_1']:.4f}", *cells)
    _console.out.print(table)
    _console.out.print(note, highlight=False, soft_wrap=True)
