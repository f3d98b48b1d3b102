"""``GET /``: the page for a browser, what this is for a program."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Header
from starlette.responses import FileResponse, Response

from recognizer import __version__
from recognizer.serve.access.scopes import open_to_all
from recognizer.serve.dependencies import RecognizerDep
from recognizer.serve.models.service import About

PAGE = Path(__file__).resolve().parent.parent / "page"
"""The page's files, which are served at ``/page/``; they hold no data, so they are open to all."""

router = APIRouter(tags=["service"], dependencies=[Depends(open_to_all)])


@router.get("/", response_model=About, responses={200: {"content": {"text/html": {}}}})
async def root(recognizer: RecognizerDep, accept: Annotated[str, Header()] = "") -> About | Response:
    """Send the page to a browser, and a description of the service to a program; open to all."""
    if "text/html" in accept:
        return FileResponse(PAGE / "index.html", media_type="text/html", headers={"vary": "accept"})
    loaded = recognizer.loaded
    return About(version=__version__, model=None if loaded is None else loaded.model)


@router.get("/login", include_in_schema=False)
async def login() -> Response:
    """Send the page that logs in with the code behind ``#`` of its address, which no log sees; open to all."""
    return FileResponse(PAGE / "login.html", media_type="text/html")
