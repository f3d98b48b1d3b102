"""Is the process there, does it answer, and does recognition see something?"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from recognizer.emit.health import STALE_S
from recognizer.serve.access.scopes import open_to_all
from recognizer.serve.dependencies import RecognizerDep, ServicesDep
from recognizer.serve.errors import ServiceError
from recognizer.serve.models.service import Health, Ready
from recognizer.serve.recognition import Recognition

router = APIRouter(tags=["service"], dependencies=[Depends(open_to_all)])


@router.get("/healthz")
async def health() -> Health:
    """Answer as long as the process lives; open to all."""
    return Health()


@router.get("/readyz", responses={503: {"model": Ready}})
async def ready(
    recognizer: RecognizerDep,
    services: ServicesDep,
    response: Response,
    cameras: Annotated[bool, Query(description="Also whether some camera has sent a picture within 5 s.")] = False,
) -> Ready:
    """Answer 200 once the model is loaded, else 503; open to all."""
    status = Ready(status="ready" if recognizer.is_ready else "model_loading")
    if cameras and recognizer.is_ready and services.live is not None:
        status = await _of_cameras(services.live)
    if status.status != "ready":
        response.status_code = 503
    return status


async def _of_cameras(live: Recognition) -> Ready:
    if live.state()["state"] == "idle":  # there is no camera
        return Ready(status="ready")
    try:
        answer = await live.call("sources")
    except ServiceError:
        return Ready(status="recognition_starting")
    if answer["phase"] != "running":
        return Ready(status="recognition_starting")
    needed = [each for each in answer["sources"] if each["live"] and not each["paused"]]
    fresh = [each for each in needed if each["frame_age_s"] is not None and each["frame_age_s"] <= STALE_S]
    return Ready(status="ready" if fresh or not needed else "no_pictures")
