"""python main.py gallery reembed --model NAME: move a gallery to another model, with its thresholds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from loguru import logger
from rich.markup import escape

from recognizer.app import build, config
from recognizer.app.calibrate_model import measure_people
from recognizer.app.calibrate_site import calibrate_site
from recognizer.calibration import calibration_file
from recognizer.cli import _console, _options
from recognizer.cli._progress import counting, model_bar
from recognizer.cli.enroll import enrol_folder, print_enrolment
from recognizer.errors import ConfigError
from recognizer.gallery.folder import require_gallery
from recognizer.gallery.store import Gallery
from recognizer.models.resolved_model import ResolvedModel


def reembed(
    model: Annotated[str, typer.Option("--model", "-m", help="The model to move to; as for run.")],
    people: Annotated[
        Path | None,
        typer.Option(help="Measure the model's thresholds on this folder of many people, such as LFW's."),
    ] = None,
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    spec: _options.SpecOption = None,
    cache: _options.CacheOption = None,
    as_json: _options.JsonOption = False,
    yes: _options.YesOption = False,
) -> None:
    """Move a gallery to another model: embed its photos again, derive thresholds for the same false-name budget."""
    settings = _options.load_settings(
        config_file, gallery=gallery, model=model, engine=engine, weights_dir=weights_dir, spec=spec
    )
    folder = require_gallery(settings.gallery.folder)
    with model_bar() as progress:
        resolved = build.model(settings, progress)
    if people is not None:
        measured = measure_people(settings, resolved, people, cache=cache, counting=counting)
        resolved = replace(resolved, calibration=measured)
    elif resolved.calibration is None and not resolved.has_defaults:
        raise ConfigError(
            f"{resolved.fingerprint} has no measured thresholds, without which nobody can be named: add --people "
            "FOLDER, a folder of many people such as LFW's. Nothing was changed."
        )
    with Gallery(folder) as record:
        old_model = record.model
    ours = settings.model_copy(
        update={"decide": settings.decide.model_copy(update={"calibration": resolved.calibration})}
    )
    report = enrol_folder(ours, resolved, reembed=True, yes=yes)
    if old_model is not None and old_model != resolved.fingerprint and report.people:
        _move_budget(ours, resolved, old_model, cache)
    print_enrolment(report, as_json=as_json)
    _console.err.print(
        f"The gallery is now of {escape(resolved.fingerprint)}: run with --model {escape(model)}, or set embed.model "
        "in the settings.",
        highlight=False,
        soft_wrap=True,
    )


def _move_budget(settings: config.Settings, resolved: ResolvedModel, old_model: str, cache: Path | None) -> None:
    """Derive the new model's thresholds from the site's budget; the old calibration file is renamed."""
    place = build.site_calibration(settings)
    if not place.is_file():
        return
    try:
        old = calibration_file.load(place, model=old_model)
    except ConfigError as error:
        logger.warning("{} It was not changed.", error)
        return
    place.rename(place.with_name(f"calibration-{old_model}.json"))
    base = calibration_file.load(resolved.calibration, model=resolved.fingerprint)
    if old.budget is None or base.impostors is None:
        logger.warning("The site's budget cannot be kept with the new model; run calibrate again.")
        return
    result = calibrate_site(settings, resolved, base, old.budget, cache=cache, counting=counting)
    calibration_file.save(place, replace(result.calibration, protocol=result.as_dict()))
    logger.info("the budget '{}' holds for the new model: {}", old.budget.text, place)
    if old.shift > result.calibration.shift:
        logger.warning("The shift measured with --negatives is lost; run calibrate --negatives again.")
