"""The stream of events: server-sent events that go on where the reader was."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from recognizer.app.config import Settings
from recognizer.app.history import read_history
from recognizer.history.past_events import past_events
from recognizer.serve.access.scopes import require
from recognizer.serve.dependencies import LiveDep, ServicesDep
from recognizer.serve.event_feed import EventStream

router = APIRouter(prefix="/v1/events", tags=["events"], dependencies=[Depends(require("read"))])
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {}}, "description": "The fields of the event log, as server-sent events"}
}


@router.get("/stream", responses=_STREAM, response_class=Response)
async def stream(
    live: LiveDep, services: ServicesDep, last_event_id: Annotated[str | None, Header(max_length=60)] = None
) -> Response:
    """Send events as they happen; ``Last-Event-ID`` goes on after one that was received.

    What is no longer held in memory comes from the history: one ``appeared`` and one ``lost`` for each track, with
    ``"replayed": true``.
    """

    async def older(time_us: int) -> Sequence[dict[str, Any]]:
        return await run_in_threadpool(_from_history, services.settings, time_us)

    return EventStream(live.events, last_id=last_event_id or None, older=older)


def _from_history(settings: Settings, time_us: int) -> list[dict[str, Any]]:
    if not settings.has_history:
        return []
    with closing(read_history(settings)) as history:
        return past_events(history, after_us=time_us)
