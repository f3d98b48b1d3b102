"""The calibration wizard: choose a budget of wrong names, see what it costs, write it. The trial is a job."""

from __future__ import annotations

from contextlib import closing, nullcontext, suppress
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Depends
from loguru import logger
from starlette.concurrency import run_in_threadpool

from recognizer.app.budget_trial import BudgetTrial, remove_budget, try_budget, write_budget
from recognizer.app.config import Settings
from recognizer.app.history import read_history
from recognizer.app.replay import ReplayCancelled
from recognizer.calibration.budget import parse_budget
from recognizer.calibration.calibration_file import Budget
from recognizer.models.resolve import ResolvedModel
from recognizer.serve.access.scopes import require
from recognizer.serve.calibrating import described, trial_answer
from recognizer.serve.dependencies import JobsDep, PrincipalDep, RecognizerDep, Services, ServicesDep, SettingsDep
from recognizer.serve.errors import ServiceError
from recognizer.serve.jobs import Job
from recognizer.serve.models.calibration import (
    ApplyTrial,
    CalibrationAnswer,
    CalibrationApplied,
    CalibrationRequest,
)
from recognizer.serve.models.common import JobAnswer
from recognizer.serve.recogniser import Recogniser
from recognizer.serve.routes.jobs import answer

router = APIRouter(prefix="/v1/calibration", tags=["trust"])
KIND = "calibration"
SAMPLE_DAYS = 30


@router.get("", dependencies=[Depends(require("read"))])
async def get_calibration(settings: SettingsDep, recognizer: RecognizerDep, who: PrincipalDep) -> CalibrationAnswer:
    """Say what names are decided by, and whether it can be changed here; needs no history."""
    resolved = await recognizer.run(lambda loaded: loaded.resolved, client=who.key)
    return await run_in_threadpool(described, settings, resolved)


@router.post("/trial", status_code=202, dependencies=[Depends(require("review"))])
async def try_calibration(
    wanted: CalibrationRequest, settings: SettingsDep, jobs: JobsDep, recognizer: RecognizerDep, who: PrincipalDep
) -> JobAnswer:
    """Say what a budget of wrong names costs: thresholds now and then, names that would be lost. Writes nothing."""
    budget = _budget(wanted)
    resolved = await recognizer.run(lambda loaded: loaded.resolved, client=who.key)

    def work(job: Job) -> object:
        with suppress(ReplayCancelled):
            job.kept = _tried(settings, resolved, budget, wanted, job)
            replayed = wanted.replay_days if job.kept.replay is not None else None
            return trial_answer(job.kept, replay_days=replayed).model_dump(mode="json")
        job.check()
        raise AssertionError("A replay ends early only when its job is cancelled.")

    return answer(jobs.start(KIND, work))


@router.post("", dependencies=[Depends(require("admin"))])
async def apply_calibration(wanted: ApplyTrial, services: ServicesDep, who: PrincipalDep) -> CalibrationApplied:
    """Write what a finished trial found; the recognition that runs takes it up at once."""
    job = services.jobs.get(wanted.job_id)
    if job.kind != KIND or not isinstance(job.kept, BudgetTrial):
        raise ServiceError(409, "not_finished", "This is no finished trial of a calibration.")
    tried = job.kept
    await run_in_threadpool(write_budget, services.settings, tried)
    logger.info("calibration: {} chose '{}'", who.name, tried.result.budget.text)
    return await _taken_up(services, who.key)


@router.delete("", dependencies=[Depends(require("admin"))])
async def reset_calibration(services: ServicesDep, who: PrincipalDep) -> CalibrationApplied:
    """Delete the gallery's calibration: the model's own thresholds count again."""
    if not await run_in_threadpool(remove_budget, services.settings):
        raise ServiceError(404, "not_found", "The gallery has no calibration; the model's thresholds count already.")
    logger.info("calibration: {} took it back", who.name)
    return await _taken_up(services, who.key)


async def _taken_up(services: Services, client: str) -> CalibrationApplied:
    """Let both processes decide by the changed calibration."""

    def reloaded(loaded: Recogniser) -> ResolvedModel:
        loaded.reload()
        return loaded.resolved

    resolved = await services.inference.run(reloaded, client=client)
    at_once, applies = True, "It counts at once."
    if services.live is not None:
        try:
            await services.live.call("reload_gallery")
            applies = "It counts at once; recognition takes it up within a second."
        except ServiceError:
            at_once, applies = False, "It is written; recognition does not run now, and begins with it."
    now = await run_in_threadpool(described, services.settings, resolved)
    return CalibrationApplied(applies=applies, at_once=at_once, calibration=now)


def _budget(wanted: CalibrationRequest) -> Budget:
    if wanted.fmr is not None:
        return Budget(text=f"FMR {wanted.fmr:g}", fmr=wanted.fmr, strangers_per_day=wanted.strangers_per_day)
    number = f"{wanted.wrong_names:.6f}".rstrip("0").rstrip(".")
    text = f"{number} wrong name{'' if number == '1' else 's'} per camera-{wanted.per}"
    return parse_budget(text, strangers_per_day=wanted.strangers_per_day)


def _tried(
    settings: Settings, resolved: ResolvedModel, budget: Budget, wanted: CalibrationRequest, job: Job
) -> BudgetTrial:
    now = datetime.now(UTC)
    sample_since = wanted.sample_since or now - timedelta(days=SAMPLE_DAYS)
    replay_since = now - timedelta(days=wanted.replay_days)
    with closing(read_history(settings)) if settings.has_history else nullcontext() as history:
        return try_budget(
            settings,
            resolved,
            budget,
            history=history,
            sample_since=sample_since if wanted.sample_strangers else None,
            without=wanted.without_tracks,
            replay_since=replay_since if wanted.replay_days else None,
            progress=job.progress,
            cancelled=job.cancelled.is_set,
        )
