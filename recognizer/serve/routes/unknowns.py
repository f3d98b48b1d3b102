"""Unknown people: clusters of tracks, and what a person decides about them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool

from recognizer.history import clusters
from recognizer.history.crops import BEST, best_crops
from recognizer.history.database import Database
from recognizer.serve.access.scopes import require
from recognizer.serve.dependencies import HistoryDep, PrincipalDep, RecognizerDep, SettingsDep
from recognizer.serve.errors import ServiceError
from recognizer.serve.gallery import valid_name
from recognizer.serve.history_memory import HistoryMemoryDep, thresholds_of
from recognizer.serve.models import history as models
from recognizer.serve.models.history import (
    ActionMade,
    Cursor,
    IdentifierPath,
    MergeRequest,
    NameRequest,
    SplitMade,
    SplitRequest,
    UnknownsAnswer,
)
from recognizer.serve.past import PersonIds, PersonIdsDep, crop_url, crops_since, refusals

router = APIRouter(prefix="/v1/unknowns", tags=["unknown people"])
READ, REVIEW = [Depends(require("read"))], [Depends(require("review"))]


@router.get("", dependencies=READ)
async def unknowns(
    history: HistoryDep,
    people: PersonIdsDep,
    settings: SettingsDep,
    memory: HistoryMemoryDep,
    recognizer: RecognizerDep,
    who: PrincipalDep,
    state: Literal["open", "ignored", "discarded"] = "open",
    at_least: Annotated[int, Query(ge=1, le=1_000_000, description="Tracks of a cluster.")] = 1,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
    after: Cursor | None = None,
) -> UnknownsAnswer:
    """List unknown people, the most frequent first; new tracks are put into clusters before."""
    model, needed = await recognizer.run(lambda loaded: (loaded.model, thresholds_of(loaded)), client=who.key)

    def listed() -> UnknownsAnswer:
        done = memory.update_clusters(model, needed)
        found, more = clusters.page_of_clusters(
            history, state=state, least=at_least, limit=limit, wanted=needed.known, after=after
        )
        since = crops_since(settings)
        return UnknownsAnswer(
            unknowns=[_answer(history, row, people, since) for row in found], next=more, updating=not done
        )

    return await run_in_threadpool(listed)


@router.post("/merge", dependencies=REVIEW)
def merge(wanted: MergeRequest, history: HistoryDep) -> ActionMade:
    """Say that several clusters are one person."""
    if wanted.into in wanted.others or len(set(wanted.others)) < len(wanted.others):
        raise ServiceError(422, "invalid_request", "others: wanted other clusters than into, each once.")
    with refusals():
        return ActionMade(action_id=clusters.merge(history, wanted.into, wanted.others))


@router.post("/{unknown_id}/name", dependencies=REVIEW)
def name(unknown_id: IdentifierPath, wanted: NameRequest, history: HistoryDep) -> ActionMade:
    """Give all tracks of a cluster a name. Nobody is enrolled by it; see `enrol`."""
    with refusals():
        return ActionMade(action_id=clusters.name_cluster(history, unknown_id, valid_name(wanted.name)))


@router.post("/{unknown_id}/ignore", dependencies=REVIEW)
def ignore(unknown_id: IdentifierPath, history: HistoryDep) -> ActionMade:
    """Put a cluster aside whose face does not matter."""
    with refusals():
        return ActionMade(action_id=clusters.set_state(history, unknown_id, "ignored"))


@router.post("/{unknown_id}/discard", dependencies=REVIEW)
def discard(unknown_id: IdentifierPath, history: HistoryDep) -> ActionMade:
    """Put a cluster aside that shows no face."""
    with refusals():
        return ActionMade(action_id=clusters.set_state(history, unknown_id, "discarded"))


@router.post("/{unknown_id}/split", dependencies=REVIEW)
def split(unknown_id: IdentifierPath, wanted: SplitRequest, history: HistoryDep) -> SplitMade:
    """Move tracks of a cluster into a new one."""
    with refusals():
        action, new = clusters.split(history, unknown_id, sorted(set(wanted.track_ids)))
    return SplitMade(action_id=action, unknown_id=new)


def _answer(history: Database, row: dict[str, Any], people: PersonIds, since: Any) -> models.UnknownAnswer:
    crops = best_crops(history, row["cluster"], count=BEST)
    suggestion = None
    if row["nearest"] is not None:
        suggestion = models.Suggestion(
            person_id=people.id(row["nearest"]),
            name=row["nearest"],
            similarity=row["similarity"],
            wanted=row["wanted"],
            missing=row["missing"],
        )
    return models.UnknownAnswer(
        id=row["cluster"],
        count=row["tracks"],
        first_at=row["first"],
        last_at=row["last"],
        sources=row["sources"],
        track_ids=row["track_ids"],
        best_crops=[
            models.CropAnswer(track_id=crop.track_id, at=crop.at, url=crop_url(crop.track_id, crop.rank))
            for crop in crops
            if since is None or crop.at >= since
        ],
        suggestion=suggestion,
    )
