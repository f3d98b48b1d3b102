"""Take a gallery over to the next version of the model that ships: a new release needs no step by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from loguru import logger

from recognizer.app import build
from recognizer.app.config import Settings
from recognizer.calibration import calibration_file
from recognizer.errors import ConfigError, GalleryError
from recognizer.gallery.folder import RECORD_FOLDER
from recognizer.gallery.records import model_name
from recognizer.gallery.schema import RECORD_FILE
from recognizer.gallery.store import Gallery
from recognizer.models.catalogue import CATALOGUE
from recognizer.models.resolve import ResolvedModel


def predecessor(settings: Settings, resolved: ResolvedModel) -> str | None:
    """Return the fingerprint of a gallery's model if it is an earlier version of the shipped one in use.

    Vectors of the two cannot be compared. The photos lie in the gallery, so that they can be embedded again. Another
    model is somebody's decision, and stays an error.
    """
    folder = settings.gallery.folder
    entry = CATALOGUE.get(resolved.name)
    if resolved.own_graph or entry is None or entry.shipped_file is None:
        return None
    if not (folder / RECORD_FOLDER / RECORD_FILE).exists():
        return None
    try:
        with Gallery(folder) as gallery:
            model = gallery.model
    except GalleryError:  # whoever enrols says what is wrong
        return None
    return model if model not in (None, resolved.fingerprint) and model_name(str(model)) == resolved.name else None


def take_calibration_over(settings: Settings, resolved: ResolvedModel, old: str) -> None:
    """Derive the gallery's thresholds for its new model, by the budget that was set for the old one.

    Args:
        settings: which gallery; its photos are embedded again already.
        resolved: the model in use.
        old: fingerprint of the model before.
    """
    target = build.site_calibration(settings)
    if settings.decide.calibration is not None or not target.exists():
        return
    from recognizer.app.calibrate_site import calibrate_site

    try:
        before = calibration_file.load(target, model=old)
        base = calibration_file.load(resolved.calibration, model=resolved.fingerprint)
        if before.budget is None or base.impostors is None:
            raise ConfigError(f"The calibration {target} cannot be converted to {resolved.fingerprint}.")
        result = calibrate_site(settings, resolved, base, before.budget)
        # what the site's own strangers raised stays raised: they are not here to be measured again
        shift = max(before.shift, result.calibration.shift)
        calibration = replace(base, budget=before.budget, shift=shift).at(result.enrolled)
        calibration_file.save(Path(target), replace(calibration, protocol=result.as_dict()))
    except (ConfigError, GalleryError) as error:
        logger.warning("{} The model's own thresholds are used; run calibrate again.", error)
    else:
        logger.info("thresholds are derived for {}: {}", resolved.fingerprint, before.budget.text)
