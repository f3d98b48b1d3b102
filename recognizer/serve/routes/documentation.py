"""``/openapi.json``, and Swagger UI at ``/docs`` from files that lie here."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Depends, Request
from starlette.responses import FileResponse, JSONResponse, Response

from recognizer.serve.access.scopes import open_to_all
from recognizer.serve.limits import CONTENT_POLICY

SWAGGER = Path(__file__).resolve().parent.parent / "swagger"
"""Files of swagger-ui-dist, and the two that start it; served at ``/docs/``."""

router = APIRouter(include_in_schema=False, dependencies=[Depends(open_to_all)])


@router.get("/openapi.json")
async def document(request: Request) -> JSONResponse:
    """Return the OpenAPI document; open to all."""
    return JSONResponse(request.app.openapi())


@router.get("/docs")
async def docs() -> Response:
    """Show Swagger UI; open to all."""
    policy = CONTENT_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")  # it sets style attributes
    return FileResponse(SWAGGER / "index.html", media_type="text/html", headers={"content-security-policy": policy})
