"""Compare what the calibration promises with what the history counted: wrong names, strangers, drift."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from recognizer.app import build
from recognizer.app.config import Settings
from recognizer.calibration.budget import DAYS
from recognizer.calibration.calibration_file import NUMBERS
from recognizer.calibration.drift import StrangerWatch
from recognizer.decide.evidence import Thresholds
from recognizer.errors import GalleryError
from recognizer.history.database import Database
from recognizer.history.name_counts import count_names
from recognizer.models.resolve import ResolvedModel

Basis = Literal["settings", "site", "model", "defaults"]
MOST_TRACKS = 100_000
"""Newest tracks that the drift is measured on."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What the history says of a time span."""

    since: dt.datetime
    until: dt.datetime
    sources: int
    named: int
    """Tracks that the recognition named, also those whose name was rejected."""
    strangers: int
    """Tracks without a name, and those whose name was rejected."""
    rejected: int
    """Tracks whose name, given by the recognition, a person rejected: wrong names that somebody noticed."""
    drift: dict[str, Any] | None
    """As ``StrangerWatch.as_dict``; ``None`` where the calibration has no impostor tables."""

    @property
    def days(self) -> float:
        """Length of the time span."""
        return (self.until - self.since) / dt.timedelta(days=1)

    @property
    def share(self) -> float | None:
        """Share of the strangers that got a wrong name which somebody rejected."""
        return self.rejected / self.strangers if self.strangers else None

    @property
    def per_camera_month(self) -> float | None:
        """Rejected names of a camera in a month; ``None`` where there was no camera or no time."""
        camera_days = self.sources * self.days
        return self.rejected / camera_days * DAYS["month"] if camera_days else None


@dataclass(frozen=True, slots=True)
class FoundBasis:
    """Where the thresholds come from."""

    basis: Basis
    calibrated_at: dt.datetime | None
    """When the file of this site was written; ``None`` for the model's own."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What names are decided by, and how well that held."""

    model: str
    thresholds: Thresholds
    basis: Basis
    """Where the thresholds come from: the settings' file, ``calibrate`` for this site, the model, or nowhere."""
    given: tuple[str, ...]
    """Thresholds that the settings give."""
    calibrated_at: dt.datetime | None
    measured_on: str | None
    """The data that the thresholds were measured on."""
    budget: str | None
    """The allowed rate of wrong names, as it was written."""
    fpir_allowed: float | None
    """Share of strangers that may get a name."""
    enrolled: int
    raised_by: float
    """Cosine by which the site's own strangers raised the thresholds."""
    counted: Counted


def trust(
    settings: Settings, resolved: ResolvedModel, history: Database, *, since: dt.datetime, until: dt.datetime
) -> Trust:
    """Read calibration and history.

    Args:
        settings: which gallery and calibration.
        resolved: the model; only its tracks count.
        history: what was seen.
        since: tracks that ended from then on count.
        until: and began before.

    Raises:
        ConfigError: if no thresholds were measured for the model.
        HistoryError: if the history cannot be read.
    """
    measured = build.calibrated(settings, resolved)
    try:
        enrolled = len(build.enrolled_people(settings, resolved.fingerprint))
    except GalleryError:
        enrolled = 0
    found = basis_of(settings, resolved)
    budget = measured.budget
    near = None if not enrolled else build.strangers_near(settings, resolved, enrolled=enrolled)
    protocol = measured.protocol or {}
    return Trust(
        model=resolved.fingerprint,
        thresholds=build.thresholds(settings, resolved, enrolled=max(enrolled, 1)),
        basis=found.basis,
        given=tuple(name for name in NUMBERS if getattr(settings.decide, name, None) is not None),
        calibrated_at=found.calibrated_at,
        measured_on=str(protocol["data"]) if "data" in protocol else None,
        budget=None if budget is None else budget.text,
        fpir_allowed=None if budget is None else budget.rate(max(enrolled, 1)),
        enrolled=enrolled,
        raised_by=measured.shift,
        counted=_counted(history, resolved.fingerprint, since, until, near),
    )


def basis_of(settings: Settings, resolved: ResolvedModel) -> FoundBasis:
    """Say where the thresholds come from, and since when they are so."""
    if settings.decide.calibration is not None:
        return FoundBasis("settings", _modified(settings.decide.calibration))
    site = build.site_calibration(settings)
    if site.is_file():
        return FoundBasis("site", _modified(site))
    return FoundBasis("defaults" if resolved.calibration is None else "model", None)


def _modified(path: Path) -> dt.datetime | None:
    try:
        return dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
    except OSError:
        return None


def _counted(history: Database, model: str, since: dt.datetime, until: dt.datetime, near: float | None) -> Counted:
    found, matches = count_names(history, model, since, until, newest=0 if near is None else MOST_TRACKS)
    drift = None
    if near is not None:
        watch = StrangerWatch(near=near)
        for match in matches:
            watch.add(match.similarity, match.margin, named=match.is_named)
        drift = watch.as_dict()
    return Counted(since, until, found.sources, found.named, found.strangers, found.rejected, drift)
