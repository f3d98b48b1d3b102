"""Compare and identify the faces of pictures that a client sends; nothing of them is kept."""

from __future__ import annotations

import math
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, UploadFile

from recognizer.app.results import LIMITS, Box
from recognizer.gallery.records import Measurement
from recognizer.gallery.store import Gallery
from recognizer.quality import shortfalls
from recognizer.serve.access.scopes import require
from recognizer.serve.dependencies import PrincipalDep, RecognizerDep
from recognizer.serve.errors import REQUEST_ID
from recognizer.serve.models import faces as models
from recognizer.serve.models.faces import Identification, IdentifyForm, Metric, Verified, VerifyForm
from recognizer.serve.recogniser import Identified, Recogniser
from recognizer.serve.uploads import checked, content, decoded
from recognizer.types import FaceQuality

router = APIRouter(tags=["faces"])


@router.post("/verify", dependencies=[Depends(require("verify"))])
async def verify(
    form: Annotated[VerifyForm, Form(media_type="multipart/form-data")],
    request: Request,
    recognizer: RecognizerDep,
    who: PrincipalDep,
) -> Verified:
    """Compare the most prominent faces of two pictures: do they show one person?

    Photos and screens held before a camera are not detected.
    """
    # Read and decoded one after the other in the thread, so that one picture at a time is in memory.
    pictures = [checked(form.image1, "image1"), checked(form.image2, "image2")]
    identifier = request.scope[REQUEST_ID]
    return await recognizer.run(lambda loaded: _verified(loaded, pictures, form.metric, identifier), client=who.key)


@router.post("/v1/identify", dependencies=[Depends(require("read"))])
async def identify(
    form: Annotated[IdentifyForm, Form(media_type="multipart/form-data")],
    request: Request,
    recognizer: RecognizerDep,
    who: PrincipalDep,
) -> Identification:
    """Name all faces of a picture by the enrolled people.

    Photos and screens held before a camera are not detected.
    """
    image = checked(form.image, "image")
    identifier = request.scope[REQUEST_ID]
    return await recognizer.run(
        lambda loaded: _identified(loaded, content(image), form.limit, identifier), client=who.key
    )


def distance(similarity: float, metric: Metric) -> float:
    """Write a cosine as a distance of two unit vectors."""
    return 1 - similarity if metric is Metric.COSINE else math.sqrt(max(0.0, 2 - 2 * similarity))


def _verified(loaded: Recogniser, pictures: list[UploadFile], metric: Metric, identifier: str) -> Verified:
    measured: list[Measurement] = []
    faces: list[models.VerifiedFace] = []
    for field, picture in zip(("image1", "image2"), pictures, strict=True):
        found, box = loaded.measure(decoded(content(picture), field), field)
        measured.append(found)
        faces.append(_face(found, box))
    answer = loaded.compare(*measured)
    return Verified(
        match=answer.match,
        distance=distance(answer.similarity, metric),
        threshold=None if answer.threshold is None else distance(answer.threshold, metric),
        similarity=answer.similarity,
        metric=metric,
        model=answer.model,
        faces=faces,
        request_id=identifier,
    )


def _face(found: Measurement, box: Box) -> models.VerifiedFace:
    measured = found.require_face().quality
    notes = [note.text for note in found.notes]
    notes += [missed.text for missed in shortfalls(measured, LIMITS)]
    return models.VerifiedFace(box=box, quality=quality(measured), notes=notes)


def quality(measured: FaceQuality) -> models.Quality:
    """Describe the quality of one face."""
    eyes_px, sharpness, yaw_deg, roll_deg, score = measured.numbers()
    return models.Quality(eyes_px=eyes_px, sharpness=sharpness, yaw_deg=yaw_deg, roll_deg=roll_deg, score=score)


def _identified(loaded: Recogniser, data: bytes, limit: int, identifier: str) -> Identification:
    found = loaded.identify(decoded(data, "image"), "image", limit=limit)
    with Gallery(loaded.settings.gallery.folder) as gallery:
        folders = {person.name: person.folder for person in gallery.people()}
    return Identification(faces=[_named(each, folders) for each in found], model=loaded.model, request_id=identifier)


def _named(found: Identified, folders: dict[str, str]) -> models.IdentifiedFace:
    face = found.face
    return models.IdentifiedFace(
        box=face.box,
        status=face.status.value,
        person_id=None if face.name is None else folders.get(face.name, face.name),
        name=face.name,
        similarity=face.similarity,
        margin=face.margin,
        candidates=[
            models.PersonCandidate(
                person_id=folders.get(each.name, each.name), name=each.name, similarity=each.similarity
            )
            for each in found.candidates
        ],
        reasons=list(face.reasons),
        quality=models.Quality(
            eyes_px=face.quality.eyes_px,
            sharpness=face.quality.sharpness,
            yaw_deg=face.quality.yaw_deg,
            roll_deg=face.quality.roll_deg,
            score=face.score,
        ),
        notes=list(face.quality.notes),
    )
