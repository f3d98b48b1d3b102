"""What is tried before it is done: replaying the past, and enrolling from what was seen. Both are jobs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter, Depends
from loguru import logger
from starlette.concurrency import run_in_threadpool

from recognizer.app import enrol_tracks, enrolment
from recognizer.app.config import Settings
from recognizer.app.history import read_history
from recognizer.app.replay import Replay, ReplayCancelled, apply
from recognizer.app.trial import Trial
from recognizer.app.trial import replay as replay_trial
from recognizer.history.database import Database
from recognizer.history.records import Selection
from recognizer.serve.access.scopes import require
from recognizer.serve.dependencies import HistoryDep, JobsDep, PrincipalDep, RecognizerDep, SettingsDep
from recognizer.serve.errors import ServiceError
from recognizer.serve.jobs import Job
from recognizer.serve.models import trials as models
from recognizer.serve.models.common import JobAnswer
from recognizer.serve.models.history import IdentifierPath
from recognizer.serve.models.trials import EnrolRequest, EnrolResult, ReplayApplied, ReplayRequest, ReplayResult
from recognizer.serve.past import PersonIdsDep, crop_url, refusals
from recognizer.serve.replaying import replay_answer
from recognizer.serve.routes.jobs import answer

router = APIRouter(tags=["history"], dependencies=[Depends(require("review"))])
REPLAY = "replay"
_APPLYING = threading.Lock()


@dataclass(frozen=True)
class Tried:
    """What a job found, for being applied."""

    replay: Replay
    words: str
    """What was tried."""
    action_id: int | None = None
    """Of the action by which it was applied."""


@router.post("/v1/replay", status_code=202)
async def start_replay(
    wanted: ReplayRequest,
    settings: SettingsDep,
    people: PersonIdsDep,
    history: HistoryDep,
    jobs: JobsDep,
    recognizer: RecognizerDep,
    who: PrincipalDep,
) -> JobAnswer:
    """Decide past tracks again: which names would change, be won or be lost. Writes nothing; the job has the result."""
    del history  # 404 where there is none
    trial = Trial(
        known=wanted.known,
        margin=wanted.margin,
        without=tuple((people.name(each.person_id), each.file) for each in wanted.without_photos),
        rejections=wanted.rejections,
    )
    selection = Selection(
        person=wanted.name,
        source=wanted.source,
        since=wanted.since,
        until=wanted.until,
    )
    resolved = await recognizer.run(lambda loaded: loaded.resolved, client=who.key)

    def work(job: Job, history: Database) -> ReplayResult:
        with suppress(ReplayCancelled):
            found = replay_trial(
                settings,
                resolved,
                history,
                trial,
                selection=selection,
                corrected=wanted.corrected,
                progress=job.progress,
                cancelled=job.cancelled.is_set,
            )
            job.kept = Tried(found, trial.words())
            return replay_answer(found)
        job.check()
        raise AssertionError("A replay ends early only when its job is cancelled.")

    return answer(jobs.start(REPLAY, _with_history(settings, work)))


@router.post("/v1/replay/{job_id}/apply")
async def apply_replay(job_id: str, history: HistoryDep, jobs: JobsDep, who: PrincipalDep) -> ReplayApplied:
    """Give the tracks of a finished replay their new names, as one action; `/v1/actions/{id}/undo` takes it back.

    Tracks whose name was changed since stay as they are. 409 ``not_finished``, or ``already_applied``.
    """
    job = jobs.get(job_id)
    if job.kind != REPLAY or not isinstance(job.kept, Tried):
        raise ServiceError(409, "not_finished", "This is no finished replay.")

    def work() -> ReplayApplied:
        with _APPLYING:
            if job.kept.action_id is not None:
                raise ServiceError(
                    409,
                    "already_applied",
                    f"This replay was applied as action {job.kept.action_id}; start another one.",
                    details={"action_id": job.kept.action_id},
                )
            action, count = apply(history, job.kept.replay, job.kept.words)
            job.kept = replace(job.kept, action_id=action)
        return ReplayApplied(action_id=action, tracks=count, unchanged=len(job.kept.replay.changed) - count)

    applied = await run_in_threadpool(work)
    logger.info("replay {} {}: applied to {} tracks", job.kept.words, who.name, applied.tracks)
    return applied


@router.post("/v1/unknowns/{unknown_id}/enrol", status_code=202)
async def enrol(
    unknown_id: IdentifierPath,
    wanted: EnrolRequest,
    settings: SettingsDep,
    history: HistoryDep,
    jobs: JobsDep,
    recognizer: RecognizerDep,
    who: PrincipalDep,
) -> JobAnswer:
    """Choose good, different crops of a named cluster as photos; they are added unless this is a preview.

    `/v1/actions/{id}/undo` takes the photos back.
    """
    del history  # 404 where there is none
    resolved = await recognizer.run(lambda loaded: loaded.resolved, client=who.key)

    def work(job: Job, history: Database) -> EnrolResult:
        enroller = enrolment.make_enroller(settings, resolved)  # that of the recogniser is its thread's
        with refusals():
            offered = enrol_tracks.offer(settings, resolved, history, enroller, cluster=unknown_id, count=wanted.count)
        job.check()
        action, done = None, None
        if not wanted.preview and offered.chosen:
            action, done = enrol_tracks.accept(settings, history, enroller, offered)
        return EnrolResult(
            name=offered.person,
            tracks=offered.tracks,
            photos=[
                models.OfferedPhoto(
                    file=each.name,
                    track_id=each.crop.track_id,
                    at=each.crop.at,
                    crop_url=crop_url(each.crop.track_id, each.crop.rank),
                    chosen=each.chosen,
                    reason=each.reason,
                )
                for each in offered.crops
            ],
            action_id=action,
            accepted=[] if done is None else list(done.accepted),
            rejected={} if done is None else dict(done.refused),
        )

    return answer(jobs.start("enrol", _with_history(settings, work)))


def _with_history(settings: Settings, work: Callable[[Job, Database], Any]) -> Callable[[Job], Any]:
    """Give a job a history of its own: that of the request is closed with it."""

    def with_history(job: Job) -> Any:
        with closing(read_history(settings)) as history:
            return work(job, history).model_dump(mode="json")

    return with_history
