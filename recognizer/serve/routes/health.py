"""Is the process there, and does it answer?"""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response

from recognizer.serve.access.scopes import open_to_all
from recognizer.serve.dependencies import RecognizerDep
from recognizer.serve.models.service import Health, Ready

router = APIRouter(tags=["service"], dependencies=[Depends(open_to_all)])


@router.get("/healthz")
async def health() -> Health:
    """Answer as long as the process lives; open to all."""
    return Health()


@router.get("/readyz", responses={503: {"model": Ready}})
async def ready(recognizer: RecognizerDep, response: Response) -> Ready:
    """Answer 200 once the model is loaded, else 503; open to all."""
    if recognizer.is_ready:
        return Ready(status="ready")
    response.status_code = 503
    return Ready(status="model_loading")
