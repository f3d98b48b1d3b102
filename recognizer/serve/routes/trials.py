"""What is tried before it is done: replaying the past, and enrolling from what was seen. Both are jobs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

from fastapi import APIRouter, Depends

from recognizer.app import enrol_tracks, enrolment
from recognizer.app.config import Settings
from recognizer.app.history import read_history
from recognizer.app.replay import Replay, ReplayCancelled
from recognizer.app.trial import Trial
from recognizer.app.trial import replay as replay_trial
from recognizer.history.database import Database
from recognizer.history.records import Selection
from recognizer.serve.access.scopes import require
from recognizer.serve.dependencies import HistoryDep, JobsDep, PrincipalDep, RecognizerDep, SettingsDep
from recognizer.serve.jobs import Job
from recognizer.serve.models import trials as models
from recognizer.serve.models.common import JobAnswer
from recognizer.serve.models.history import IdentifierPath
from recognizer.serve.models.trials import EnrolRequest, EnrolResult, ReplayRequest, ReplayResult
from recognizer.serve.past import PersonIdsDep, crop_url, refusals
from recognizer.serve.routes.jobs import answer

router = APIRouter(tags=["history"], dependencies=[Depends(require("review"))])
MOST_CHANGED = 1000


@router.post("/v1/replay", status_code=202)
async def replay(
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
            return _result(found)
        job.check()
        raise AssertionError("A replay ends early only when its job is cancelled.")

    return answer(jobs.start("replay", _with_history(settings, work)))


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


def _result(found: Replay) -> ReplayResult:
    values = found.as_dict()
    return ReplayResult(
        **{**values, "changed": values["changed"][:MOST_CHANGED]},
        changed_count=len(found.changed),
    )
