"""Build thresholds from calibration files and settings: for names, for enrolment, for the drift warning."""

from __future__ import annotations

import os
from pathlib import Path

from loguru import logger

from recognizer.app.build.galleries import enrolled_people
from recognizer.app.config import Settings
from recognizer.calibration import calibration_file
from recognizer.calibration.drift import StrangerWatch
from recognizer.decide.evidence import Thresholds
from recognizer.errors import ConfigError, GalleryError
from recognizer.gallery.audit import CONFUSABLE
from recognizer.gallery.folder import RECORD_FOLDER
from recognizer.gallery.limits import Limits, limits_at, limits_without_likeness
from recognizer.gallery.lock import refuse_links
from recognizer.models.resolve import ResolvedModel


def calibrated(settings: Settings, resolved: ResolvedModel) -> calibration_file.Calibration:
    """Load the settings' calibration file, else the one that ``calibrate`` wrote to the gallery, else the model's."""
    own = site_calibration(settings)
    if settings.decide.calibration is None and os.path.lexists(own):
        try:
            refuse_links(own.parent)
            return calibration_file.load(own, model=resolved.fingerprint)
        except (ConfigError, GalleryError) as error:
            logger.warning("{} The model's own thresholds are used instead; run calibrate again.", error)
    return calibration_file.load(settings.decide.calibration or resolved.calibration, model=resolved.fingerprint)


def site_calibration(settings: Settings) -> Path:
    """Where ``calibrate`` writes the calibration of a gallery, and ``run`` reads it."""
    return settings.gallery.folder / RECORD_FOLDER / "calibration.json"


def has_thresholds(settings: Settings, resolved: ResolvedModel) -> bool:
    """Whether thresholds are known: EdgeFace has defaults, another model needs a calibration or settings."""
    if resolved.has_defaults or calibrated(settings, resolved).measured:
        return True
    return settings.decide.known is not None and settings.decide.margin is not None


def limits(settings: Settings, resolved: ResolvedModel) -> Limits:
    """Build the limits that enrolment applies to photos; those of similarity depend on the model."""
    return Limits() if resolved.has_defaults else likeness(calibrated(settings, resolved))


def likeness(measured: calibration_file.Calibration) -> Limits:
    """Build the limits that enrolment applies to photos, by a calibration."""
    if not measured.measured:
        return limits_without_likeness()
    return limits_at(known=measured.known, margin=measured.margin, sure=measured.sure)


def confusable(settings: Settings, resolved: ResolvedModel) -> float:
    """Return the cosine from which two people may be taken for one another, as ``gallery audit`` counts it."""
    return CONFUSABLE if resolved.has_defaults else confusable_at(calibrated(settings, resolved))


def confusable_at(measured: calibration_file.Calibration) -> float:
    """Return that cosine by a calibration: between the similarities at FMR 1e-5 and 1e-4; 1 where none was measured."""
    return (measured.known + measured.release) / 2 if measured.measured else 1.0


def thresholds(settings: Settings, resolved: ResolvedModel, *, enrolled: int = 1) -> Thresholds:
    """Build the thresholds for a name: measured for the model and the gallery's size, unless the settings give them.

    Args:
        settings: may name a calibration file, or thresholds.
        resolved: the model.
        enrolled: vectors in the gallery; with a false-name budget the thresholds follow it.

    Raises:
        ConfigError: if no thresholds were measured for this model.
    """
    if not has_thresholds(settings, resolved):
        raise ConfigError(
            f"No thresholds were measured for {resolved.fingerprint}. Measure them once, on a folder of many people "
            f"such as LFW's: python main.py calibrate --people FOLDER --model {settings.embed.model}; or set "
            "decide.known and decide.margin in a settings file."
        )
    given, calibration = settings.decide, calibrated(settings, resolved)
    measured = calibration.at(enrolled)
    known = measured.known if given.known is None else given.known
    return Thresholds(
        known=known,
        release=min(measured.release, known),
        margin=measured.margin if given.margin is None else given.margin,
        sure=max(measured.sure, known),
        same_track=calibration.known - calibration.margin,
    )


def stranger_watch(settings: Settings, resolved: ResolvedModel) -> StrangerWatch | None:
    """Build the drift monitor that compares strangers' similarities with the calibration; ``None`` without one.

    Raises:
        GalleryError: if nobody is enrolled.
    """
    near = strangers_near(settings, resolved, enrolled=len(enrolled_people(settings, resolved.fingerprint)))
    return None if near is None else StrangerWatch(near=near)


def strangers_near(settings: Settings, resolved: ResolvedModel, *, enrolled: int) -> float | None:
    """Return the similarity that only a share ``StrangerWatch.SHARE`` of strangers should reach; ``None``: unknown."""
    measured = calibrated(settings, resolved)
    if measured.impostors is None:
        return None
    return measured.impostors.fpir.threshold(StrangerWatch.SHARE, enrolled) + measured.shift
