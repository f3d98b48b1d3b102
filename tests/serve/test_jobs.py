"""Long work: progress, cancel, result."""

from __future__ import annotations

import threading

from fastapi import FastAPI

from recognizer.errors import GalleryError
from recognizer.serve.jobs import Job, Jobs
from tests.serve.service import client_of


def ended(jobs: Jobs) -> None:
    jobs.start("last", lambda job: None)
    jobs._threads.submit(lambda: None).result(10)


def test_a_job_is_followed_to_its_result(app: FastAPI) -> None:
    jobs: Jobs = app.state.services.jobs
    half, go_on = threading.Event(), threading.Event()

    def work(job: Job) -> dict[str, int]:
        job.progress(1, 2, "half")
        half.set()
        assert go_on.wait(10)
        return {"changed": 3}

    client = client_of(app, "review")
    job = jobs.start("replay", work)
    assert half.wait(10)
    seen = client.get(f"/v1/jobs/{job.id}").json()
    assert (seen["state"], seen["done"], seen["total"], seen["message"]) == ("running", 1, 2, "half")
    go_on.set()
    ended(jobs)
    seen = client.get(f"/v1/jobs/{job.id}").json()
    assert (seen["state"], seen["result"]) == ("done", {"changed": 3})
    assert seen["ended_at"] >= seen["created_at"]
    assert client_of(app, "read").get(f"/v1/jobs/{job.id}").status_code == 403
    assert client_of(app, "read").get("/v1/jobs").json() == {"jobs": []}


def test_a_job_is_cancelled_at_its_next_check(app: FastAPI) -> None:
    jobs: Jobs = app.state.services.jobs
    begun = threading.Event()

    def work(job: Job) -> None:
        begun.set()
        assert job.cancelled.wait(10)
        job.check()

    client = client_of(app, "review")
    running, waiting = jobs.start("replay", work), jobs.start("replay", lambda job: None)
    assert begun.wait(10)
    for job in (waiting, running):
        assert client.delete(f"/v1/jobs/{job.id}").status_code == 200
    ended(jobs)
    states = {seen["id"]: seen["state"] for seen in client.get("/v1/jobs").json()["jobs"]}
    assert (states[running.id], states[waiting.id]) == ("cancelled", "cancelled")


def test_a_job_that_fails_says_why(app: FastAPI) -> None:
    jobs: Jobs = app.state.services.jobs

    def refused(job: Job) -> None:
        raise GalleryError("Nobody is there.")

    job = jobs.start("enrol", refused)
    ended(jobs)
    seen = client_of(app, "review").get(f"/v1/jobs/{job.id}").json()
    assert (seen["state"], seen["error"]["code"], seen["error"]["message"]) == ("failed", "gallery", "Nobody is there.")
