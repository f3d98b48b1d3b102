"""Search what was seen by a face: of a picture that a client sends, or of another track."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Depends, File, Query, UploadFile
from starlette.concurrency import run_in_threadpool

from recognizer.history.events import events_of
from recognizer.history.face_search import search_face, vector_of_track
from recognizer.history.records import Selection
from recognizer.serve.access.scopes import require
from recognizer.serve.dependencies import HistoryDep, PrincipalDep, RecognizerDep, ServicesDep, SettingsDep
from recognizer.serve.errors import ServiceError
from recognizer.serve.history_memory import HistoryMemoryDep, thresholds_of
from recognizer.serve.models.history import HitAnswer, Identifier, Moment, SearchAnswer, Text
from recognizer.serve.past import PersonIdsDep, crops_since, event_answer
from recognizer.serve.recogniser import Recogniser
from recognizer.serve.uploads import checked, content, decoded
from recognizer.types import F32

router = APIRouter(tags=["history"], dependencies=[Depends(require("read"))])


@router.post("/v1/search")
async def search(
    history: HistoryDep,
    people: PersonIdsDep,
    services: ServicesDep,
    settings: SettingsDep,
    memory: HistoryMemoryDep,
    recognizer: RecognizerDep,
    who: PrincipalDep,
    image: Annotated[UploadFile | None, File(description="Its most prominent face is searched.")] = None,
    track_id: Annotated[Identifier | None, Query(description="Or the face of this track.")] = None,
    from_similarity: Annotated[float | None, Query(ge=-1, le=1, description="Default: what a name needs.")] = None,
    source: Text | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
) -> SearchAnswer:
    """Find the tracks that show a face, named or not. The picture is not kept."""
    if (image is None) == (track_id is None):
        raise ServiceError(422, "invalid_request", "Wanted a picture in the form field image, or track_id.")
    picture = None if image is None else checked(image, "image")

    def measured(loaded: Recogniser) -> tuple[str, float, F32]:
        known = thresholds_of(loaded).known
        if picture is None:
            return loaded.model, known, np.zeros(0, np.float32)
        found, _ = loaded.measure(decoded(content(picture), "image"), "image")
        return loaded.model, known, found.require_face().vector

    model, known, vector = await recognizer.run(measured, client=who.key)
    least = known if from_similarity is None else from_similarity

    def found() -> SearchAnswer:
        shown = crops_since(settings)
        probe, fingerprint = (vector, model) if track_id is None else vector_of_track(history, track_id)[:2]
        index = memory.index(fingerprint) if fingerprint == model else None
        with services.figures.searching():
            hits = search_face(
                history,
                probe,
                model=fingerprint,
                from_similarity=least,
                selection=Selection(source=source, since=since, until=until),
                limit=limit,
                index=index,
            )
        events = {event.seen.id: event for event in events_of(history, [hit.track for hit in hits], crops_since=shown)}
        return SearchAnswer(
            hits=[
                HitAnswer(similarity=hit.similarity, event=event_answer(events[hit.track.id], people))
                for hit in hits
                if hit.track.id in events
            ],
            model=fingerprint,
            from_similarity=least,
        )

    return await run_in_threadpool(found)
