"""Derive a site's thresholds from a false-name budget, its gallery and its own strangers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from recognizer.app import build, config
from recognizer.app.embedded import Counting, uncounted
from recognizer.app.negatives import strangers_of
from recognizer.calibration import budget as budgets
from recognizer.calibration import calibration_file
from recognizer.calibration.budget import SiteShift
from recognizer.calibration.calibration_file import Budget, Calibration
from recognizer.calibration.impostors import Impostors, Rate
from recognizer.errors import UsageError
from recognizer.gallery.audit import ConfusablePair, PoorPhoto, confusable_pairs, poor_photos
from recognizer.gallery.records import PersonRecord
from recognizer.gallery.store import Gallery
from recognizer.models.resolved_model import ResolvedModel
from recognizer.types import F32

STRANGERS = 10_000
"""Strangers that the promise is for, where the traffic is not known."""


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationResult:
    """A site's calibration, with what it promises and costs."""

    calibration: Calibration
    """As it is written, with the thresholds of the present gallery."""
    impostors: Impostors
    budget: Budget
    enrolled: int
    """Enrolled vectors."""
    promise: Rate
    """Share of strangers that get a name, with its 95 % interval."""
    strangers: int
    """Strangers that the promise is for: a month's, where the traffic is known."""
    site: SiteShift | None
    """The site's own strangers against the measured ones."""
    within: SiteShift | None
    """The enrolled people against each other, where there are enough."""
    excluded: tuple[str, ...]
    """Negatives that match an enrolled person."""
    confusable: tuple[ConfusablePair, ...]
    people: tuple[PersonRecord, ...]
    default_known: float
    """Similarity that a name needs without a budget: the model's threshold at FMR 1e-5."""
    poor_photos: tuple[PoorPhoto, ...] = ()

    @property
    def fpir_allowed(self) -> float:
        """The budget's share of strangers, with the present gallery."""
        return self.budget.rate(self.enrolled)

    @property
    def warning(self) -> str | None:
        """Why the measured data cannot support the budget, or ``None``."""
        return budgets.unsupported_rate(self.impostors, self.fpir_allowed)

    def fnir(self) -> dict[int, Rate]:
        """Return the expected FNIR of a single sample, by enrolled photos of a person.

        The raised threshold counts: that strangers are more alike does not make photos of one person so.
        """
        known = self.calibration.known
        return {int(photos): self.impostors.fnir.at(known, photos) for photos in self.impostors.fnir.sizes}

    @property
    def default_fpir(self) -> float:
        """Share of strangers that get a name by the default threshold, with the present gallery."""
        return self.impostors.fpir.at(self.default_known, self.enrolled).mean

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return {
            "model": self.calibration.model,
            "budget": self.budget.text,
            "fpir_allowed": self.fpir_allowed,
            "enrolled_photos": self.enrolled,
            "thresholds": {name: round(getattr(self.calibration, name), 4) for name in calibration_file.NUMBERS},
            "promise": {
                "strangers": self.strangers,
                "fpir": self.promise.mean,
                "interval_95": [self.promise.low, self.promise.high],
                "measured_strangers": self.impostors.people,
                "warning": self.warning,
            },
            "default": {"known": round(self.default_known, 4), "fmr": 1e-5, "fpir": self.default_fpir},
            "poor_photos": [asdict(photo) for photo in self.poor_photos],
            "one_photo": [person.name for person in self.people if person.accepted == 1],
            "fnir": {str(photos): [rate.mean, rate.low, rate.high] for photos, rate in self.fnir().items()},
            "gallery_against_itself": None if self.within is None else _shift_dict(self.within),
            "site": None if self.site is None else _shift_dict(self.site),
            "thresholds_raised_by": round(self.calibration.shift, 4),
            "excluded": list(self.excluded),
            "confusable": [[pair.person, pair.other, round(pair.similarity, 4)] for pair in self.confusable],
            "weak": [person.name for person in self.people if person.accepted and person.weak == person.accepted],
            "measured_on": self.impostors.data,
        }


def _shift_dict(shift: SiteShift) -> dict[str, Any]:
    return {
        "strangers": shift.strangers,
        "at_fpir": shift.level,
        "similarity": round(shift.similarity, 4),
        "expected": round(shift.expected, 4),
        "difference_95": [round(shift.low, 4), round(shift.high, 4)],
        "shift": round(shift.shift, 4),
    }


def calibrate_site(
    settings: config.Settings,
    resolved: ResolvedModel,
    base: Calibration,
    budget: Budget,
    *,
    negatives: str | None = None,
    sampled: F32 | None = None,
    cache: Path | None = None,
    counting: Counting = uncounted,
) -> CalibrationResult:
    """Derive thresholds from a budget, for the gallery as it is enrolled.

    Args:
        settings: of gallery, detector and engine.
        resolved: the model.
        base: the model's calibration, with impostor tables.
        budget: the allowed rate of wrong names.
        negatives: a folder or video of the site's own strangers.
        sampled: instead, the (S,) cosines of strangers to the nearest enrolled person; too few of them count nothing.
        cache: folder for vectors; ``None`` for the user's cache.
        counting: shows the progress.

    Raises:
        UsageError: if there are too few negatives.
        GalleryError: if the gallery is of another model.
    """
    impostors = base.impostors
    if impostors is None:
        raise ValueError("calibrate_site: wanted a calibration with impostors.")
    enrolled = build.enrolled_people(settings, resolved.fingerprint)
    size = len(enrolled)
    site: SiteShift | None = None
    excluded: tuple[str, ...] = ()
    if negatives is not None:
        best, excluded = strangers_of(
            negatives, settings, resolved, enrolled, enrolled_at=base.sure, cache=cache, counting=counting
        )
        site = budgets.site_shift(impostors.fpir, best, gallery=size)
        if site is None:
            raise UsageError(
                f"--negatives {negatives}: wanted {budgets.MIN_NEGATIVES} strangers or more, got {len(best)}; add "
                "pictures, or a longer video."
            )
    elif sampled is not None:
        site = budgets.site_shift(impostors.fpir, sampled, gallery=size)
    best = budgets.nearest_other_people(enrolled.vectors, enrolled.names)
    within = budgets.site_shift(impostors.fpir, best, gallery=size)
    significant = within.shift if within is not None and within.low > 0 else 0.0
    shift = max(significant, site.shift if site else 0.0)
    calibration = replace(base, budget=budget, shift=shift).at(size)
    per_day = budget.strangers_per_day
    strangers = max(1, round(per_day * budgets.DAYS["month"])) if per_day else STRANGERS
    threshold = calibration.known - calibration.shift
    with Gallery(settings.gallery.folder) as record:
        people, photos = record.people(), record.photos()
    return CalibrationResult(
        calibration=calibration,
        impostors=impostors,
        budget=budget,
        enrolled=size,
        promise=budgets.predicted_fpir(impostors.fpir, threshold=threshold, gallery=size, strangers=strangers),
        strangers=strangers,
        site=site,
        within=within,
        excluded=excluded,
        confusable=confusable_pairs(enrolled, at_least=calibration.release),
        people=people,
        default_known=base.known,
        poor_photos=poor_photos(photos),
    )
