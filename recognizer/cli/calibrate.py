"""python main.py calibrate: thresholds from a false-name budget, with what they promise and cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from recognizer.app import build
from recognizer.app.calibrate_model import measure_people
from recognizer.app.calibrate_site import CalibrationResult, calibrate_site
from recognizer.calibration import calibration_file
from recognizer.calibration.budget import parse_budget
from recognizer.calibration.calibration_file import Budget
from recognizer.cli import _console, _options
from recognizer.cli._progress import counting, model_bar
from recognizer.cli.enroll import sync
from recognizer.errors import ConfigError, UsageError


def calibrate(
    budget: Annotated[str | None, typer.Option(help="Allowed wrong names: '1 wrong name per camera-month'.")] = None,
    strangers_per_day: Annotated[
        float | None, typer.Option(min=0.01, help="People not enrolled that pass a camera in a day.")
    ] = None,
    fmr: Annotated[float | None, typer.Option(help="Instead: share of comparisons, such as 1e-5.")] = None,
    negatives: Annotated[
        str | None,
        typer.Option(help="Strangers of this site: a folder of pictures, or a video without enrolled people."),
    ] = None,
    people: Annotated[
        Path | None,
        typer.Option(help="Instead: measure a model without a calibration on a folder of people, such as LFW's."),
    ] = None,
    one_person_above: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="With --people: names with photos of at least this cosine are one person; else estimated.",
        ),
    ] = None,
    measured: Annotated[
        Path | None, typer.Option(help="What --people wrote for this model, in place of its shipped file.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write here instead of into the gallery.")
    ] = None,
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    spec: _options.SpecOption = None,
    cache: _options.CacheOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """Derive thresholds from a false-name budget; write them where run finds them."""
    settings = _options.load_settings(
        config_file, model=model, engine=engine, weights_dir=weights_dir, spec=spec, gallery=gallery
    )
    if people is not None:
        with model_bar() as progress:
            resolved = build.model(settings, progress)
        target = measure_people(
            settings, resolved, people, output=output, above=one_person_above, cache=cache, counting=counting
        )
        _console.out.print(f"Written: {escape(str(target))}", highlight=False, soft_wrap=True)
        return
    wanted = _budget(budget, strangers_per_day, fmr)
    with model_bar() as progress:
        resolved = build.model(settings, progress)
    base = calibration_file.load(measured or resolved.calibration, model=resolved.fingerprint)
    if base.impostors is None:
        raise ConfigError(
            f"{resolved.fingerprint} has no measured impostor tables: run calibrate --people FOLDER with a folder of "
            "many people such as LFW's, then this again."
        )
    sync(settings, resolved)
    result = calibrate_site(settings, resolved, base, wanted, negatives=negatives, cache=cache, counting=counting)
    target = output or build.site_calibration(settings)
    calibration_file.save(target, replace(result.calibration, protocol=result.as_dict()))
    if as_json:
        _console.print_json({**result.as_dict(), "written": str(target)})
        return
    for line in _lines(result):
        _console.out.print(line, highlight=False, soft_wrap=True)
    how = "run uses it from now on" if output is None else "pass it to run in a settings file as decide.calibration"
    _console.out.print(f"Written: {escape(str(target))}; {how}.", highlight=False, soft_wrap=True)


def _budget(text: str | None, strangers_per_day: float | None, fmr: float | None) -> Budget:
    if (text is None) == (fmr is None):
        raise UsageError("Wanted either --budget '1 wrong name per camera-month' --strangers-per-day N, or --fmr 1e-5.")
    if text is not None:
        return parse_budget(text, strangers_per_day=strangers_per_day)
    if fmr is None or not 0 < fmr < 1:
        raise UsageError(f"--fmr: wanted a share between 0 and 1, such as 1e-5, got {fmr}.")
    return Budget(text=f"FMR {fmr:g}", fmr=fmr, strangers_per_day=strangers_per_day)


def _lines(result: CalibrationResult) -> Iterator[Table | str]:
    """Describe a calibration, line by line."""
    calibration, promise, strangers = result.calibration, result.promise, result.strangers
    yield (
        f"Default: 1 in 100,000 comparisons, similarity {result.default_known:.3f}; with {result.enrolled} photos "
        f"enrolled {result.default_fpir * 1e6:,.0f} of a million strangers get a name. Your budget: "
        f"{result.budget.text}, similarity "
        f"{calibration.known:.3f}; {result.fpir_allowed * 1e6:,.0f} of a million."
    )
    yield (
        f"A name needs similarity {calibration.known:.3f} and a margin of {calibration.margin:.3f}; below "
        f"{calibration.release:.3f} it is withdrawn. ({result.enrolled} photos enrolled; the thresholds follow the "
        "gallery as it grows.)"
    )
    yield (
        f"[bold]Promise[/]: of {strangers:,} strangers {promise.low * strangers:.0f} to {promise.high * strangers:.0f} "
        f"get a name (95 %), most likely {promise.mean * strangers:.1f}, if they are as alike as those measured: "
        f"{escape(result.impostors.data)}."
    )
    if result.warning:
        yield f"[yellow]Support[/]: {result.warning}"
    if (site := result.site) is not None:
        yield (
            f"This site: {site.strangers} strangers reach {site.similarity:.3f} where {site.expected:.3f} was expected "
            f"(difference {site.low:+.3f} to {site.high:+.3f}); thresholds are raised by {site.shift:.3f}."
        )
    if (within := result.within) is not None and within.low > 0:
        yield (
            f"Your enrolled people are more alike than those measured: {within.similarity:.3f} where "
            f"{within.expected:.3f} was expected; thresholds are raised by at least {within.shift:.3f}."
        )
    for name in result.excluded:
        yield f"[yellow]excluded[/] {escape(name)}: is an enrolled person among the negatives?"
    yield _cost(result)
    yield "A track has many samples: it gets its name sooner or later more often than that."
    for pair in result.confusable[:10]:
        likely = "will be confused" if pair.similarity >= calibration.known else "are similar"
        yield f"[yellow]alike[/] {escape(pair.person)} and {escape(pair.other)} {likely}: {pair.similarity:.2f}"
    yield from _photos(result)


def _cost(result: CalibrationResult) -> Table:
    table = Table(title="Cost: share of single samples of an enrolled person without a name", title_justify="left")
    for heading in ("photos enrolled", "expected FNIR", "95 %"):
        table.add_column(heading, justify="right")
    for photos, rate in result.fnir().items():
        table.add_row(str(photos), f"{100 * rate.mean:.1f} %", f"{100 * rate.low:.1f} to {100 * rate.high:.1f} %")
    return table


def _photos(result: CalibrationResult) -> Iterator[str]:
    """Say whose photos should be better or more."""
    rates = result.fnir()
    for photo in result.poor_photos:
        yield f"[yellow]poor[/] {escape(photo.person)}/{escape(photo.file)}: {escape(photo.text)}"
    for person in result.people:
        if not person.accepted:
            yield f"[red]missing[/] {escape(person.name)} has no usable photo."
        elif person.weak == person.accepted:
            yield f"[yellow]weak[/] {escape(person.name)} has only weak photos; one good photo helps most."
    few = [person.name for person in result.people if person.accepted == 1]
    if few and 3 in rates:
        yield (
            f"{len(few)} of {len(result.people)} people have one photo; two more each would lower their FNIR from "
            f"{100 * rates[1].mean:.1f} to {100 * rates[3].mean:.1f} %."
        )
