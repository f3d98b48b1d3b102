"""Long work: how far it is, what came of it, and stopping it."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from recognizer.serve.access.scopes import Principal, require
from recognizer.serve.dependencies import JobsDep, PrincipalDep
from recognizer.serve.errors import ServiceError
from recognizer.serve.jobs import Job
from recognizer.serve.models.common import ErrorDetail, JobAnswer, JobsAnswer

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], dependencies=[Depends(require("read"))])


@router.get("")
async def list_jobs(jobs: JobsDep, who: PrincipalDep) -> JobsAnswer:
    """List the jobs that wait, run and ended lately."""
    return JobsAnswer(jobs=[answer(job) for job in jobs.all() if who.may(job.scope)])


@router.get("/{job_id}")
async def get_job(job_id: str, jobs: JobsDep, who: PrincipalDep) -> JobAnswer:
    """Say how far a job is, and its result once it is done."""
    return answer(_allowed(jobs.get(job_id), who))


@router.delete("/{job_id}")
async def cancel_job(job_id: str, jobs: JobsDep, who: PrincipalDep) -> JobAnswer:
    """Let a job stop as soon as it can; one that has ended stays as it is."""
    _allowed(jobs.get(job_id), who)
    return answer(jobs.cancel(job_id))


def answer(job: Job) -> JobAnswer:
    """Describe a job as it stands now; what a route that begins one answers, with status 202."""
    failed = job.error
    return JobAnswer(
        id=job.id,
        kind=job.kind,
        state=job.state.value,
        done=job.done,
        total=job.total,
        message=job.message,
        result=job.result,
        error=None if failed is None else ErrorDetail(code=failed.code, message=failed.message, details=failed.details),
        created_at=job.created_at,
        ended_at=job.ended_at,
    )


def _allowed(job: Job, who: Principal) -> Job:
    if not who.may(job.scope):
        raise ServiceError(403, "forbidden", f"This job needs the scope '{job.scope.value}'.")
    return job
