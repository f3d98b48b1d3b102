"""What was seen: tracks, their crops, and rejecting a wrong name."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from recognizer.history.crops import crops_of_track
from recognizer.history.events import events_of, page_of_events
from recognizer.history.records import SAMPLES
from recognizer.history.rejections import reject_track
from recognizer.history.tracks import get_track
from recognizer.serve.access.scopes import require
from recognizer.serve.dependencies import HistoryDep, RecognizerDep, SettingsDep
from recognizer.serve.errors import ServiceError
from recognizer.serve.models import history as models
from recognizer.serve.models.history import Cursor, EventsAnswer, IdentifierPath, Limit, RejectionMade, TrackAnswer
from recognizer.serve.past import PersonIdsDep, SelectionDep, crop_url, crops_since, event_answer, refusals

router = APIRouter(tags=["history"])
READ, REVIEW = [Depends(require("read"))], [Depends(require("review"))]


@router.get("/v1/events", dependencies=READ)
def events(
    history: HistoryDep,
    people: PersonIdsDep,
    settings: SettingsDep,
    selected: SelectionDep,
    status: Literal["known", "unknown", "undecided"] | None = None,
    kind: Literal["recognised", "appeared"] | None = None,
    limit: Limit = 50,
    after: Cursor | None = None,
) -> EventsAnswer:
    """List tracks, the newest first; each is one event, with its end.

    `since` and `until` select the tracks that were there at some time between them.
    """
    wanted = replace(selected, status=status, named=None if kind is None else kind == "recognised")
    found, more = page_of_events(history, wanted, limit=limit, after=after, crops_since=crops_since(settings))
    return EventsAnswer(events=[event_answer(event, people) for event in found], next=more)


@router.get("/v1/tracks/{track_id}", dependencies=READ)
def track(track_id: IdentifierPath, history: HistoryDep, people: PersonIdsDep, settings: SettingsDep) -> TrackAnswer:
    """Show everything that is kept of a track, but its vectors."""
    with refusals():
        seen, details = get_track(history, track_id)
    since = crops_since(settings)
    found = events_of(history, [seen], crops_since=since)
    if not found:
        raise ServiceError(404, "not_found", f"Track {track_id} was deleted at this moment.")
    ranks = {crop.rank for crop in crops_of_track(history, track_id) if since is None or crop.at >= since}
    samples = [
        models.KeptSample(
            **{key: value for key, value in sample.items() if key != "has_crop"},
            crop_url=crop_url(track_id, rank) if rank in ranks else None,
        )
        for rank, sample in enumerate(details["samples"])
    ]
    event = event_answer(found[0], people).model_dump()
    return TrackAnswer(**event, frames=seen.frames, known=details["known"], samples=samples)


@router.get(
    "/v1/tracks/{track_id}/crops/{rank}.jpg",
    dependencies=READ,
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}},
)
def crop(
    track_id: IdentifierPath, rank: Annotated[int, Path(ge=0, lt=SAMPLES)], history: HistoryDep, settings: SettingsDep
) -> Response:
    """Send a kept picture of a face, 160 px at most."""
    since = crops_since(settings)
    for kept in crops_of_track(history, track_id):
        if kept.rank == rank and (since is None or kept.at >= since):
            return Response(kept.jpeg, media_type="image/jpeg")
    raise ServiceError(
        404,
        "crop_not_found",
        "There is no such picture: runs keep crops with 'history: {crops: true}', for history.crops_days days.",
    )


@router.post("/v1/tracks/{track_id}/reject", dependencies=REVIEW)
def reject(track_id: IdentifierPath, history: HistoryDep, recognizer: RecognizerDep) -> RejectionMade:
    """Say that a track is not the person it was named: it is unknown then, and recognition heeds it from now on."""
    with refusals():
        get_track(history, track_id)
        action, person, similarity = reject_track(history, track_id)
    reload_rejections(recognizer)
    return RejectionMade(action_id=action, name=person, similarity=similarity)


def reload_rejections(recognizer: RecognizerDep) -> None:
    """Let `/v1/identify` heed the rejections as they are now."""
    if (loaded := recognizer.loaded) is not None:
        loaded.reload()
