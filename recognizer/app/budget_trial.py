"""Try a false-name budget before it is written: thresholds now and then, and who would lose a name; and write it."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from recognizer.app import build
from recognizer.app.calibrate_site import CalibrationResult, calibrate_site
from recognizer.app.config import Settings
from recognizer.app.replay import Progress, Replay
from recognizer.app.trial import Trial
from recognizer.app.trial import replay as replay_trial
from recognizer.calibration import budget as budgets
from recognizer.calibration import calibration_file
from recognizer.calibration.calibration_file import Budget, Calibration
from recognizer.calibration.impostors import Rate
from recognizer.decide.evidence import Thresholds
from recognizer.errors import ConfigError, OutputError
from recognizer.gallery.records import Enrolled
from recognizer.history.database import Database
from recognizer.history.records import Selection
from recognizer.history.strangers import Stranger, read_strangers
from recognizer.models.resolved_model import ResolvedModel
from recognizer.types import F32


@dataclass(frozen=True, slots=True)
class Sampled:
    """A stranger of the history, beside the nearest enrolled person."""

    track_ids: tuple[int, ...]
    crop: tuple[int, int] | None
    """Track and rank of a picture that was kept."""
    nearest: str
    similarity: float
    """Cosine."""
    is_left_out: bool
    """So alike that it is taken for the enrolled person, unrecognised; it does not count."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BudgetTrial:
    """What a budget would change."""

    result: CalibrationResult
    now: Thresholds
    then: Thresholds
    sampled: tuple[Sampled, ...]
    """The site's own strangers, the nearest first; empty where none were sampled."""
    replay: Replay | None
    """What of the past would bear another name; ``None`` without a history."""

    def share_of_strangers(self, thresholds: Thresholds) -> Rate:
        """Return the share of strangers that is expected to get a name, the site's own counted in."""
        result = self.result
        return budgets.predicted_fpir(
            result.impostors.fpir,
            threshold=thresholds.known - result.calibration.shift,
            gallery=result.enrolled,
            strangers=result.strangers,
        )


def try_budget(
    settings: Settings,
    resolved: ResolvedModel,
    budget: Budget,
    *,
    history: Database | None = None,
    sample_since: dt.datetime | None = None,
    without: Collection[int] = (),
    replay_since: dt.datetime | None = None,
    progress: Progress = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> BudgetTrial:
    """Derive thresholds from a budget, and replay the past with them; nothing is written.

    Args:
        settings: of gallery and model.
        resolved: the model.
        budget: the allowed rate of wrong names.
        history: of the strangers, and of what is replayed.
        sample_since: strangers seen from then on raise the thresholds if they are more alike to the enrolled people
            than those that were measured; ``None``: they are not sampled.
        without: tracks that are no strangers.
        replay_since: tracks that ended from then on are replayed; ``None``: none.
        progress: called with the replayed tracks.
        cancelled: whether to stop.

    Raises:
        ConfigError: if nothing was measured of the model, or the settings fix the calibration.
        GalleryError: if nobody is enrolled.
        HistoryError: if the history cannot be read.
        ReplayCancelled: when ``cancelled`` says so.
    """
    require_own_calibration(settings)
    base = calibration_file.load(resolved.calibration, model=resolved.fingerprint)
    if base.impostors is None:
        raise ConfigError(f"Strangers were not measured with {resolved.fingerprint}; see 'calibrate --people'.")
    enrolled = build.enrolled_people(settings, resolved.fingerprint)
    sampled: tuple[Sampled, ...] = ()
    if history is not None and sample_since is not None:
        found = read_strangers(history, model=resolved.fingerprint, since=sample_since, without=without)
        sampled = _nearest_first(found, enrolled, left_out_at=base.sure)
    counted = np.array([each.similarity for each in sampled if not each.is_left_out], np.float32)
    result = calibrate_site(settings, resolved, base, budget, sampled=counted if sampled else None)
    with tempfile.TemporaryDirectory(prefix="recognizer-trial-") as folder:
        file = Path(folder) / "calibration.json"
        calibration_file.save(file, _written(result))
        changed = {"decide": settings.decide.model_copy(update={"calibration": file})}
        then = build.thresholds(settings.model_copy(update=changed), resolved, enrolled=len(enrolled))
        replay = None
        if history is not None and replay_since is not None:
            replay = replay_trial(
                settings,
                resolved,
                history,
                Trial(calibration=file),
                selection=Selection(since=replay_since),
                progress=progress,
                cancelled=cancelled,
            )
    now = build.thresholds(settings, resolved, enrolled=len(enrolled))
    return BudgetTrial(result=result, now=now, then=then, sampled=sampled, replay=replay)


def write_budget(settings: Settings, trial: BudgetTrial) -> Path:
    """Write the calibration that was tried to where ``run`` and ``serve`` read it; returns the file.

    Raises:
        ConfigError: if the settings fix the calibration.
        GalleryError: if the gallery's record is a link.
        OutputError: if it cannot be written.
    """
    require_own_calibration(settings)
    target = build.site_calibration(settings)
    calibration_file.save(target, _written(trial.result))
    return target


def remove_budget(settings: Settings) -> bool:
    """Delete the gallery's calibration, so that the model's thresholds count; whether there was one.

    Raises:
        ConfigError: if the settings fix the calibration.
        OutputError: if it cannot be deleted.
    """
    require_own_calibration(settings)
    target = build.site_calibration(settings)
    try:
        target.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise OutputError(f"The calibration {target} cannot be deleted: {error.strerror}.") from error
    return True


def require_own_calibration(settings: Settings) -> None:
    """Refuse where the gallery's calibration would not count.

    Raises:
        ConfigError: if the settings name another file.
    """
    if settings.decide.calibration is not None:
        raise ConfigError(
            f"The settings name the calibration {settings.decide.calibration} (decide.calibration), so that none of "
            "the gallery's would count; take that line out first."
        )


def _written(result: CalibrationResult) -> Calibration:
    return replace(result.calibration, protocol=result.as_dict())


def _nearest_first(found: list[Stranger], enrolled: Enrolled, *, left_out_at: float) -> tuple[Sampled, ...]:
    if not found:
        return ()
    cosines: F32 = np.stack([each.vector for each in found]) @ enrolled.vectors.T
    best = cosines.argmax(axis=1)
    made = [
        Sampled(
            stranger.track_ids, stranger.crop, enrolled.names[place], float(row[place]), bool(row[place] >= left_out_at)
        )
        for stranger, row, place in zip(found, cosines, best.tolist(), strict=True)
    ]
    return tuple(sorted(made, key=lambda each: -each.similarity))
