"""The sources: their state, labelled pictures, pause and resume."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from recognizer.app.cameras import camera_ids
from recognizer.serve.access.scopes import require
from recognizer.serve.dependencies import LiveDep, ServicesDep
from recognizer.serve.errors import ServiceError
from recognizer.serve.live import LiveStream
from recognizer.serve.models.live import PausedAnswer, RecognitionNow, SourceNow, SourcesAnswer
from recognizer.serve.recognition import Recognition

router = APIRouter(prefix="/v1/sources", tags=["sources"], dependencies=[Depends(require("read"))])
Width = Annotated[int, Query(ge=16, le=3840, description="Wanted width, px; rounded up to one of a few.")]
_JPEG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/jpeg": {}}, "description": "A JPEG picture"}}
_MJPEG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"multipart/x-mixed-replace": {}}, "description": "JPEG pictures, one after the other"}
}


@router.get("")
async def list_sources(live: LiveDep, services: ServicesDep) -> SourcesAnswer:
    """Say of each source how it is, since when and why, and who is before it now."""
    recognition = RecognitionNow(**live.state())
    try:
        found = (await live.call("sources"))["sources"]
    except ServiceError:
        found = []
    if not found:  # the process is away, or is starting
        settings = await services.current_settings()
        why = recognition.why or "recognition is being started"
        found = [
            {"id": name, "state": "away", "since": recognition.since, "why": why}
            for name in await run_in_threadpool(camera_ids, settings)
        ]
    return SourcesAnswer(recognition=recognition, sources=[SourceNow(**source) for source in found])


@router.get("/{source_id:path}/snapshot.jpg", responses=_JPEG, response_class=Response)
async def snapshot(source_id: str, live: LiveDep, width: Width = 640) -> Response:
    """Send the newest picture of a source with its labels; for a grid, ask once a second."""
    return Response(await live.live.snapshot(source_id, width), media_type="image/jpeg")


@router.get("/{source_id:path}/live.mjpeg", responses=_MJPEG, response_class=Response)
async def live_pictures(source_id: str, live: LiveDep, width: Width = 1920) -> Response:
    """Send picture after picture, at most ten a second and the newest only; to eight viewers, others get 503."""
    await _require_source(live, source_id)
    live.live.require_room()
    return LiveStream(live.live, source_id, width)


@router.post("/{source_id:path}/pause", dependencies=[Depends(require("admin"))])
async def pause(source_id: str, live: LiveDep) -> PausedAnswer:
    """Let a source rest: it stays connected, and its frames are not recognised."""
    return PausedAnswer(**await live.call("pause", source=source_id))


@router.post("/{source_id:path}/resume", dependencies=[Depends(require("admin"))])
async def resume(source_id: str, live: LiveDep) -> PausedAnswer:
    """Recognise the frames of a source again."""
    return PausedAnswer(**await live.call("resume", source=source_id))


async def _require_source(live: Recognition, source_id: str) -> None:
    answer = await live.call("sources")
    if answer["phase"] == "starting":
        raise ServiceError(503, "recognition_starting", "Recognition is being started; try again.")
    if source_id not in {source["id"] for source in answer["sources"]}:
        raise ServiceError(404, "source_not_found", "There is no such source.")
