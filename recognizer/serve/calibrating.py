"""The answers of the calibration wizard."""

from __future__ import annotations

from dataclasses import asdict

from recognizer.app import build
from recognizer.app.budget_trial import BudgetTrial, Sampled
from recognizer.app.config import Settings
from recognizer.app.trust import basis_of
from recognizer.calibration.budget import DAYS, MIN_NEGATIVES
from recognizer.calibration.calibration_file import NUMBERS, Budget
from recognizer.calibration.impostors import Rate
from recognizer.decide.evidence import Thresholds
from recognizer.errors import GalleryError
from recognizer.models.resolve import ResolvedModel
from recognizer.serve.models import calibration as models
from recognizer.serve.models.calibration import CalibrationAnswer, CalibrationTrial
from recognizer.serve.past import crop_url
from recognizer.serve.replaying import replay_answer

_MOST_STRANGERS = 30
_MOST_TRACKS = 20
_MOST_PAIRS = 20
_MOST_NAMES = 100


def described(settings: Settings, resolved: ResolvedModel) -> CalibrationAnswer:
    """Describe what names are decided by now.

    Raises:
        ConfigError: if no thresholds were measured for the model.
    """
    measured = build.calibrated(settings, resolved)
    try:
        enrolled = len(build.enrolled_people(settings, resolved.fingerprint))
    except GalleryError:
        enrolled = 0
    found = basis_of(settings, resolved)
    why_not = None
    if settings.decide.calibration is not None:
        why_not = "the settings name another calibration (decide.calibration)"
    elif measured.impostors is None:
        why_not = "strangers were not measured with this model; 'calibrate --people' does so"
    elif not enrolled:
        why_not = "nobody is enrolled"
    protocol = measured.protocol or {}
    return CalibrationAnswer(
        model=resolved.fingerprint,
        thresholds=_thresholds(build.thresholds(settings, resolved, enrolled=max(enrolled, 1))),
        basis=found.basis,
        given=[name for name in NUMBERS if getattr(settings.decide, name, None) is not None],
        calibrated_at=found.calibrated_at,
        measured_on=str(protocol["data"]) if "data" in protocol else None,
        budget=None if measured.budget is None else _budget(measured.budget, enrolled),
        raised_by=measured.shift,
        enrolled=enrolled,
        measured_strangers=None if measured.impostors is None else measured.impostors.people,
        can_change=why_not is None,
        why_not=why_not,
    )


def trial_answer(trial: BudgetTrial, *, replay_days: float | None) -> CalibrationTrial:
    """Describe what a budget would change."""
    result = trial.result
    impostors, per_day = result.impostors, result.budget.strangers_per_day
    now, then = trial.share_of_strangers(trial.now), trial.share_of_strangers(trial.then)
    return CalibrationTrial(
        budget=_budget(result.budget, result.enrolled),
        now=_thresholds(trial.now),
        then=_thresholds(trial.then),
        fpir_now=_share(now),
        fpir_then=_share(then),
        false_names_now=None if per_day is None else _names(now, per_day),
        false_names_then=None if per_day is None else _names(then, per_day),
        promise=models.Promise(strangers=result.strangers, share=_share(result.promise), warning=result.warning),
        missed=[
            models.MissedNames(
                photos=int(photos),
                now=_share(impostors.fnir.at(trial.now.known, photos)),
                then=_share(impostors.fnir.at(trial.then.known, photos)),
            )
            for photos in impostors.fnir.sizes
        ],
        raised_by=result.calibration.shift,
        strangers=_strangers(trial) if trial.sampled else None,
        confusable=[
            models.Confusable(name=pair.person, other=pair.other, similarity=pair.similarity)
            for pair in result.confusable[:_MOST_PAIRS]
        ],
        one_photo=[person.name for person in result.people if person.accepted == 1][:_MOST_NAMES],
        replay=None if trial.replay is None else replay_answer(trial.replay),
        replay_days=replay_days,
    )


def _strangers(trial: BudgetTrial) -> models.StrangersSampled:
    left_out = sum(each.is_left_out for each in trial.sampled)
    site = trial.result.site
    return models.StrangersSampled(
        count=len(trial.sampled) - left_out,
        left_out=left_out,
        wanted=MIN_NEGATIVES,
        similarity=None if site is None else site.similarity,
        expected=None if site is None else site.expected,
        share=None if site is None else site.level,
        difference_low=None if site is None else site.low,
        difference_high=None if site is None else site.high,
        nearest=[_stranger(each) for each in trial.sampled[:_MOST_STRANGERS]],
    )


def _stranger(sampled: Sampled) -> models.SampledStranger:
    crop = sampled.crop
    return models.SampledStranger(
        track_ids=list(sampled.track_ids[:_MOST_TRACKS]),
        crop_url=None if crop is None else crop_url(*crop),
        nearest=sampled.nearest,
        similarity=sampled.similarity,
        is_left_out=sampled.is_left_out,
    )


def _budget(budget: Budget, enrolled: int) -> models.BudgetNow:
    return models.BudgetNow(
        text=budget.text, strangers_per_day=budget.strangers_per_day, fpir_allowed=budget.rate(max(enrolled, 1))
    )


def _thresholds(thresholds: Thresholds) -> models.ThresholdsNow:
    return models.ThresholdsNow(**{name: getattr(thresholds, name) for name in NUMBERS})


def _names(rate: Rate, per_day: float) -> models.Share:
    month = per_day * DAYS["month"]
    return models.Share(mean=rate.mean * month, low=rate.low * month, high=rate.high * month)


def _share(rate: Rate) -> models.Share:
    return models.Share(**asdict(rate))
