"""The photos of a person: list, show, upload, delete."""

from __future__ import annotations

import json
from typing import Annotated

import cv2
from fastapi import APIRouter, Depends, Form, Query, Response
from pydantic import TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from recognizer.app.config import Settings
from recognizer.app.results import Box
from recognizer.capture.pictures import ending_of, read_picture
from recognizer.errors import RecognizerError
from recognizer.gallery.folder import RECORD_FOLDER
from recognizer.gallery.records import Measurement
from recognizer.gallery.store import Gallery
from recognizer.serve import gallery
from recognizer.serve.access.scopes import Principal, require
from recognizer.serve.dependencies import JobsDep, PrincipalDep, RecognizerDep, SettingsDep
from recognizer.serve.errors import ServiceError
from recognizer.serve.gallery import Intake, Upload
from recognizer.serve.inference import Inference
from recognizer.serve.jobs import Job, Jobs
from recognizer.serve.limits import IMAGE_BYTES
from recognizer.serve.models.common import JobAnswer
from recognizer.serve.models.faces import Quality
from recognizer.serve.models.people import Photo, PhotoNote, Photos, PhotosAdded, PhotosForm
from recognizer.serve.recogniser import Recogniser
from recognizer.serve.routes.faces import quality
from recognizer.serve.routes.jobs import answer
from recognizer.serve.uploads import checked, content

router = APIRouter(prefix="/v1/people/{person_id}/photos", tags=["people"])

AT_ONCE = 4
"""Photos that are enrolled while the client waits, and those of a job between two other requests: half a second."""
_KIND = "enrol"
_BOXES: TypeAdapter[list[Box | None]] = TypeAdapter(list[Box | None])


@router.get("", dependencies=[Depends(require("read"))])
async def list_photos(person_id: str, settings: SettingsDep) -> Photos:
    """List a person's photos, how good each is, and what was noted about it."""
    folder = settings.gallery.folder

    def found() -> Photos:
        person = gallery.person_of(folder, person_id)
        with Gallery(folder) as record:
            own = [photo for photo in record.photos() if photo.person == person.name]
            contents = [photo.content.sha256 for photo in own if photo.content]
            measured = record.measurements(record.model or "", contents)
        photos = [
            Photo(
                file=photo.file,
                accepted=photo.accepted,
                notes=[PhotoNote(finding=note.finding.value, text=note.text) for note in photo.notes],
                quality=_quality(measured.get(photo.content.sha256) if photo.content else None),
            )
            for photo in own
        ]
        return Photos(person_id=person.folder, photos=photos)

    return await run_in_threadpool(found)


@router.post(
    "",
    response_model=PhotosAdded,
    dependencies=[Depends(require("review"))],
    responses={202: {"model": JobAnswer, "description": "More than 4 photos: a job, whose result is the same"}},
)
async def upload_photos(
    person_id: str,
    form: Annotated[PhotosForm, Form(media_type="multipart/form-data")],
    settings: SettingsDep,
    recognizer: RecognizerDep,
    jobs: JobsDep,
    who: PrincipalDep,
) -> PhotosAdded | JSONResponse:
    """Add photos to a person; each shows one face, or ``boxes`` says which to take. Rejected ones are not kept."""
    person = await run_in_threadpool(gallery.person_of, settings.gallery.folder, person_id)
    return await add_photos(form, person.name, settings, recognizer, jobs, who, is_new=False)


@router.get(
    "/{file}",
    dependencies=[Depends(require("read"))],
    response_class=Response,
    responses={200: {"content": {"image/*": {}}, "description": "The picture"}},
)
async def get_photo(
    person_id: str, file: str, settings: SettingsDep, width: Annotated[int | None, Query(ge=32, le=1024)] = None
) -> Response:
    """Send a photo as it was uploaded, or a smaller JPEG of at most ``width`` pixels."""
    folder = settings.gallery.folder

    def found() -> tuple[bytes, str]:
        photo = gallery.photo_of(folder, gallery.person_of(folder, person_id), file)
        if width is None:
            with photo.path.open("rb") as opened:
                data = opened.read(IMAGE_BYTES * 4)
            return data, ending_of(data)[1:].replace("ppm", "x-portable-anymap")
        image = read_picture(photo.path)
        share = min(1.0, width / image.shape[1])
        if share < 1:
            image = cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        return cv2.imencode(".jpg", image)[1].tobytes(), "jpeg"

    data, kind = await run_in_threadpool(found)
    return Response(data, media_type=f"image/{kind}", headers={"content-security-policy": "sandbox"})


@router.delete("/{file}", status_code=204, dependencies=[Depends(require("review"))])
async def delete_photo(
    person_id: str, file: str, settings: SettingsDep, recognizer: RecognizerDep, who: PrincipalDep
) -> Response:
    """Delete a photo for good. A person without photos stays, and is not recognised."""
    folder = settings.gallery.folder

    def remove(loaded: Recogniser) -> None:
        gallery.photo_of(folder, gallery.person_of(folder, person_id), file).path.unlink(missing_ok=True)
        if (folder / RECORD_FOLDER).is_dir():
            loaded.enroller.enrol(folder)

    await recognizer.run(remove, client=who.key)
    return Response(status_code=204)


async def add_photos(
    form: PhotosForm,
    name: str,
    settings: Settings,
    recognizer: Inference[Recogniser],
    jobs: Jobs,
    who: Principal,
    *,
    is_new: bool,
) -> PhotosAdded | JSONResponse:
    """Enrol the photos of a form: a few now, many as a job.

    Raises:
        ServiceError: 422 ``no_usable_photo`` where a new person would have none.
    """
    boxes = _boxes(form)
    photos = [checked(photo, f"photos[{index}]") for index, photo in enumerate(form.photos)]
    uploads = [Upload(content(photo), box) for photo, box in zip(photos, boxes, strict=True)]
    intake = Intake(settings.gallery.folder, name, uploads, is_new=is_new)
    count = len(uploads)
    if count <= AT_ONCE:
        return await recognizer.run(lambda loaded: _all_at_once(loaded, intake, count, is_new), client=who.key)
    if any(job.kind == _KIND and not job.has_ended for job in jobs.all()):  # each holds up to 64 MiB
        raise ServiceError(503, "busy", "Photos are being enrolled already.", headers={"retry-after": "5"})
    job = jobs.start(_KIND, lambda job: _bit_by_bit(job, recognizer, intake, count, is_new))
    return JSONResponse(answer(job).model_dump(mode="json"), status_code=202)


def _quality(measured: Measurement | None) -> Quality | None:
    return quality(measured.face.quality) if measured and measured.face else None


def _boxes(form: PhotosForm) -> list[Box | None]:
    if form.boxes is None:
        return [None] * len(form.photos)
    try:
        boxes = _BOXES.validate_python(json.loads(form.boxes))
    except (ValidationError, ValueError, RecursionError):
        boxes = []
    if len(boxes) != len(form.photos) or any(not all(abs(side) < 1e6 for side in box) for box in boxes if box):
        raise ServiceError(
            422, "invalid_request", "boxes: wanted a JSON list with null or [x1, y1, x2, y2] for each photo."
        )
    return boxes


def _all_at_once(loaded: Recogniser, intake: Intake, count: int, is_new: bool) -> PhotosAdded:
    try:
        intake.take(loaded, 0, count)
        return _required(intake.finish(loaded), is_new)
    except RecognizerError:
        intake.undo(loaded)
        raise


def _bit_by_bit(job: Job, recognizer: Inference[Recogniser], intake: Intake, count: int, is_new: bool) -> PhotosAdded:
    try:
        for first in range(0, count, AT_ONCE):
            job.progress(first, count)
            recognizer.call(lambda loaded, first=first: intake.take(loaded, first, first + AT_ONCE))  # type: ignore[misc]
        job.progress(count, count)
        return _required(recognizer.call(intake.finish), is_new)
    except BaseException:
        recognizer.call(intake.undo)
        raise


def _required(added: PhotosAdded, is_new: bool) -> PhotosAdded:
    if is_new and not added.accepted:
        details = [each.model_dump(mode="json") for each in added.rejected]
        raise ServiceError(422, "no_usable_photo", "None of the photos can be used.", details=details)
    return added
