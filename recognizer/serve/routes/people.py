"""The enrolled people: list, add, rename, delete, and whom to look into."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from recognizer.app import build
from recognizer.app.config import Settings
from recognizer.app.people import remove_everywhere
from recognizer.app.undelivered import forget_undelivered
from recognizer.capture.pictures import PICTURE_SUFFIXES
from recognizer.errors import GalleryError
from recognizer.gallery import upkeep
from recognizer.gallery.audit import audit as audit_gallery
from recognizer.gallery.consent import Consent, end_of, read_consent, withdraw, write_consent
from recognizer.gallery.hidden import hidden_people, is_hidden
from recognizer.gallery.records import PersonRecord
from recognizer.serve import gallery
from recognizer.serve.access.scopes import require
from recognizer.serve.dependencies import (
    JobsDep,
    PrincipalDep,
    RecognizerDep,
    ServicesDep,
    SettingsDep,
    require_history,
)
from recognizer.serve.errors import ServiceError
from recognizer.serve.jobs import Job
from recognizer.serve.models import people as models
from recognizer.serve.models.common import JobAnswer
from recognizer.serve.models.people import (
    AuditAnswer,
    Backup,
    NewConsent,
    People,
    Person,
    PersonForgotten,
    PersonForm,
    PhotosAdded,
)
from recognizer.serve.recogniser import Recogniser
from recognizer.serve.routes.jobs import answer
from recognizer.serve.routes.photos import add_photos

router = APIRouter(prefix="/v1", tags=["people"])


@router.get("/people", dependencies=[Depends(require("read"))])
async def list_people(settings: SettingsDep, hidden: bool = False) -> People:
    """List the people of the gallery; those who are hidden only with ``hidden=true``."""

    def found() -> People:
        people, model, changed_at = gallery.people_of(settings.gallery.folder)
        out_of_sight = hidden_people(settings.gallery.folder, [each.name for each in people])
        shown = [each for each in people if hidden or each.name not in out_of_sight]
        return People(
            people=described(shown, settings), hidden_count=len(out_of_sight), model=model, changed_at=changed_at
        )

    return await run_in_threadpool(found)


@router.post(
    "/people",
    status_code=201,
    response_model=PhotosAdded,
    dependencies=[Depends(require("review"))],
    responses={202: {"model": JobAnswer, "description": "More than 4 photos: a job, whose result is the same"}},
)
async def add_person(
    form: Annotated[PersonForm, Form(media_type="multipart/form-data")],
    settings: SettingsDep,
    recognizer: RecognizerDep,
    jobs: JobsDep,
    who: PrincipalDep,
) -> PhotosAdded | JSONResponse:
    """Add a person with at least one photo that can be used; 422 ``no_usable_photo`` says why none can.

    Enrol only people who have agreed to be recognised.
    """
    name = gallery.valid_name(form.name)
    await run_in_threadpool(gallery.require_free, settings.gallery.folder, name)
    return await add_photos(form, name, settings, recognizer, jobs, who, is_new=True)


@router.get("/people/{person_id}", dependencies=[Depends(require("read"))])
async def get_person(person_id: str, settings: SettingsDep) -> Person:
    """Describe a person."""
    return await run_in_threadpool(_described, settings, person_id)


@router.delete(
    "/people/{person_id}",
    status_code=204,
    dependencies=[Depends(require("admin"))],
    responses={202: {"model": JobAnswer, "description": "With ``forget_history``: a job"}},
)
async def delete_person(
    person_id: str, settings: SettingsDep, jobs: JobsDep, services: ServicesDep, forget_history: bool = False
) -> Response:
    """Delete a person for good: photos, vectors and thumbnails.

    What was seen of them in the history stays under their name until it is too old. With ``forget_history`` it goes,
    too: all tracks and pictures of them, the name wherever else it stands, and the corrections that name them, so that
    these cannot be undone. A hidden person (``PATCH``) loses nothing.
    """
    folder = settings.gallery.folder
    person = await run_in_threadpool(gallery.person_of, folder, person_id)
    if not forget_history:
        await run_in_threadpool(upkeep.remove, folder, person.name)
        await run_in_threadpool(forget_undelivered, settings, person.name)
        return Response(status_code=204)
    require_history(settings)
    live, loop = services.live, asyncio.get_running_loop()

    def reload() -> None:
        if live is not None:
            with suppress(ServiceError):
                asyncio.run_coroutine_threadsafe(live.call("reload_gallery"), loop).result()

    def work(job: Job) -> object:
        forgotten = remove_everywhere(settings, person.name, reload=reload)
        return PersonForgotten(
            tracks_deleted=forgotten.tracks, backups=[Backup(**each) for each in forgotten.backups]
        ).model_dump(mode="json")

    made = answer(jobs.start("forget", work, scope="admin"))
    return JSONResponse(made.model_dump(mode="json"), status_code=202)


@router.put("/people/{person_id}/consent", dependencies=[Depends(require("review"))])
async def give_consent(person_id: str, given: NewConsent, settings: SettingsDep) -> Person:
    """Record that a person agrees to be recognised; a recognition that runs heeds it at once."""
    now = dt.datetime.now(dt.UTC).astimezone()
    if given.until is not None:
        try:
            is_past = end_of(given.until) <= now
        except (ValueError, OverflowError):
            raise ServiceError(
                422, "invalid_request", "until: wanted a day as 2027-03-01, or a moment as 2027-03-01T18:00."
            ) from None
        if is_past:
            raise ServiceError(422, "invalid_request", "until: this is past; DELETE ends a consent now.")

    def write() -> Person:
        place = settings.gallery.folder / gallery.person_of(settings.gallery.folder, person_id).folder
        write_consent(place, Consent(given=now.isoformat(timespec="seconds"), by=given.by, until=given.until))
        return _described(settings, person_id)

    return await run_in_threadpool(write)


@router.delete("/people/{person_id}/consent", dependencies=[Depends(require("review"))])
async def withdraw_consent(person_id: str, settings: SettingsDep) -> Person:
    """Record that a person takes their consent back: they are not recognised any more. Their photos stay."""

    def write() -> Person:
        place = settings.gallery.folder / gallery.person_of(settings.gallery.folder, person_id).folder
        now = dt.datetime.now(dt.UTC)
        try:
            stands = read_consent(place)
        except GalleryError:  # whatever stands there, from now on it is withdrawn
            stands = None
        write_consent(place, withdraw(stands or Consent(given=now.astimezone().isoformat(timespec="seconds")), now))
        return _described(settings, person_id)

    return await run_in_threadpool(write)


@router.get("/audit", dependencies=[Depends(require("read"))])
async def audit(recognizer: RecognizerDep, who: PrincipalDep) -> AuditAnswer:
    """Name people who could be taken for one another, and photos that are odd or poor."""
    return await recognizer.run(_audited, client=who.key)


def _audited(loaded: Recogniser) -> AuditAnswer:
    folder = loaded.settings.gallery.folder
    people, _, _ = gallery.people_of(folder)
    if not people:
        return AuditAnswer(
            people=0, vectors=0, confusable=[], odd_photos=[], poor_photos=[], weak_people=[], unusable_people=[],
            single_photo=[],
        )  # fmt: skip
    resolved, settings = loaded.resolved, loaded.settings
    limits = build.limits(settings, resolved)
    near = build.confusable(settings, resolved)
    found = audit_gallery(folder, suffixes=PICTURE_SUFFIXES, limits=limits, confusable=near)
    ids = {each.name: each.folder for each in people}
    return AuditAnswer(
        people=found.people,
        vectors=found.vectors,
        confusable=[
            models.ConfusablePair(
                person_id=ids[pair.person],
                file=pair.file,
                other_id=ids[pair.other],
                other_file=pair.other_file,
                similarity=pair.similarity,
            )
            for pair in found.confusable
        ],
        odd_photos=[
            models.OddPhoto(person_id=ids[odd.person], file=odd.file, similarity=odd.similarity)
            for odd in found.odd_photos
        ],
        poor_photos=[
            models.PoorPhoto(person_id=ids[poor.person], file=poor.file, finding=poor.finding, text=poor.text)
            for poor in found.poor_photos
        ],
        weak_people=list(found.weak_people),
        unusable_people=list(found.unusable_people),
        single_photo=list(found.single_photo),
    )


def described(people: Sequence[PersonRecord], settings: Settings) -> list[Person]:
    """Describe people, with their consents."""
    consents = build.consents(settings)
    found = consents.of([each.name for each in people])
    return [
        Person(
            id=record.folder,
            name=record.name,
            accepted=record.accepted,
            refused=record.refused,
            weak=record.weak,
            enrolled_at=record.enrolled_at,
            consent=models.Consent(**consent.as_dict()) if isinstance(consent, Consent) else None,
            hidden=is_hidden(settings.gallery.folder, record.name),
            withheld=consents.problem(consent),
        )
        for record in people
        for consent in [found[record.name]]
    ]


def _described(settings: Settings, person_id: str) -> Person:
    return described([gallery.person_of(settings.gallery.folder, person_id)], settings)[0]
