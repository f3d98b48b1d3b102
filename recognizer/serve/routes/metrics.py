"""Figures for Prometheus, of this process and of recognition."""

from __future__ import annotations

import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from recognizer.app.config import Settings
from recognizer.app.disk_use import folder_bytes
from recognizer.app.history import read_history
from recognizer.errors import RecognizerError
from recognizer.history.clusters import count_open
from recognizer.serve import gallery
from recognizer.serve.access.scopes import require
from recognizer.serve.dependencies import ServicesDep
from recognizer.serve.errors import ServiceError

router = APIRouter(tags=["service"], dependencies=[Depends(require("metrics"))])
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
GAUGES = {
    "recognition_up": "1: the recognition process answers",
    "live_viewers": "Viewers of live pictures",
    "gallery_people": "Enrolled people",
    "unknown_clusters": "Unknown people who wait for a name",
    "store_bytes": "Size of the history on disk",
}
"""Names and meanings of the figures that are read when they are scraped."""
_COUNTED_S = 60.0
"""Clusters are counted again after so long: a scrape every 15 s must not read a large history each time."""
_TEXT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus's text format"}
}


@router.get("/metrics", response_class=Response, responses=_TEXT)
async def metrics(request: Request, services: ServicesDep) -> Response:
    """Send figures in Prometheus's text format; they name no person. The scope ``metrics`` allows this only."""
    figures, live = services.figures, services.live
    about: dict[str, Any] = {}
    of_run: bytes | None = None
    if live is not None:
        with suppress(ServiceError):
            about = await live.call("about")
            of_run = (await live.exchange("metrics"))[1]
        figures.set("recognition_up", GAUGES["recognition_up"], float(bool(about)))
        figures.set("live_viewers", GAUGES["live_viewers"], live.live.viewers)
    loaded = services.inference.loaded
    figures.describe(about.get("model") or (None if loaded is None else loaded.model), about.get("engine"))
    stores: _Stores = _stores_of(request)
    for name, value in (await run_in_threadpool(stores.read, services.settings)).items():
        figures.set(name, GAUGES[name], value)
    return Response(figures.exposition() + (of_run or b""), media_type=MEDIA_TYPE)


class _Stores:
    """Sizes of what is stored."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clusters: float | None = None
        self._count_at = 0.0

    def read(self, settings: Settings) -> dict[str, float | None]:
        place = settings.history_place if settings.has_history else None
        people = None
        with suppress(RecognizerError):
            people = len(gallery.people_of(settings.gallery.folder)[0])
        size = folder_bytes(place) if isinstance(place, Path) else None
        return {
            "gallery_people": people,
            "unknown_clusters": self._count(settings),
            "store_bytes": size,
        }

    def _count(self, settings: Settings) -> float | None:
        if not settings.has_history:
            return None
        with self._lock:
            if time.monotonic() >= self._count_at:
                try:
                    with closing(read_history(settings)) as history:
                        self._clusters = count_open(history)
                except RecognizerError:
                    self._clusters = None
                self._count_at = time.monotonic() + _COUNTED_S
            return self._clusters


def _stores_of(request: Request) -> _Stores:
    state = request.app.state
    if not hasattr(state, "stores"):
        state.stores = _Stores()
    found: _Stores = state.stores
    return found
