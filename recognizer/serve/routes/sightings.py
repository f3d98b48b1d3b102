"""Who was where when, as sightings and as reports to download."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from recognizer.history import cursors
from recognizer.history.database import Database
from recognizer.history.records import Selection
from recognizer.history.reports.attendance import make_report, time_zone
from recognizer.history.reports.formats import FORMATS
from recognizer.history.rows import to_us
from recognizer.history.sightings import GAP_S, Sighting, SightingMerger, within
from recognizer.history.tracks import count_named, named_spans
from recognizer.serve.access.scopes import require
from recognizer.serve.dependencies import HistoryDep
from recognizer.serve.errors import ServiceError
from recognizer.serve.models.history import Cursor, Limit, SightingAnswer, SightingsAnswer, Text
from recognizer.serve.past import PersonIds, PersonIdsDep, SelectionDep, attachment

router = APIRouter(prefix="/v1/sightings", tags=["history"], dependencies=[Depends(require("read"))])
MOST_TRACKS = 100_000
"""Tracks that one request merges, which takes about a second."""
DAYS = 7
"""Days that are shown where nobody says since when."""
Gap = Annotated[float, Query(ge=0, le=86_400, description="Seconds out of sight within which a person is present.")]


@router.get("")
def list_sightings(
    history: HistoryDep,
    people: PersonIdsDep,
    selected: SelectionDep,
    gap_s: Gap = GAP_S,
    across_sources: Annotated[bool, Query(description="Whoever changes sources stays in sight.")] = True,
    limit: Limit = 50,
    after: Cursor | None = None,
) -> SightingsAnswer:
    """List who was where when, the newest first: tracks merged across short gaps, of the last week by default."""
    since = selected.since or datetime.now(UTC) - timedelta(days=DAYS)
    wanted = replace(selected, since=since)
    _require_few(history, wanted)
    merger = SightingMerger(gap_s=gap_s, across_sources=across_sources)
    for track in named_spans(history, wanted):
        merger.add(track)
    found = within(merger.sightings(), since, selected.until)
    found.sort(key=_place, reverse=True)
    if after is not None:
        place = cursors.decode(after, 2)
        found = [one for one in found if _place(one) < place]
    return SightingsAnswer(
        sightings=[_answer(one, people) for one in found[:limit]],
        since=since,
        next=cursors.encode(*_place(found[limit - 1])) if len(found) > limit else None,
    )


@router.get("/report.{suffix}", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
def report(
    suffix: Literal["csv", "xlsx", "html"],
    history: HistoryDep,
    selected: SelectionDep,
    by: Literal["day", "hour", "person"] = "day",
    timezone: Annotated[Text | None, Query(description="Such as Europe/Berlin; this machine's by default.")] = None,
    gap_s: Gap = GAP_S,
) -> Response:
    """Download who was present: first and last time, seconds and sightings, of the last week by default."""
    since = selected.since or datetime.now(UTC) - timedelta(days=DAYS)
    zone = None if timezone is None else time_zone(timezone)
    _require_few(history, replace(selected, since=since))
    made = make_report(history, replace(selected, since=since), by=by, zone=zone, gap_s=gap_s)
    form = FORMATS[f".{suffix}"]
    name = f"report-{made.local(made.made):%Y-%m-%d}.{suffix}"
    return Response(form.render(made), media_type=form.media_type, headers=attachment(name))


def _require_few(history: Database, selected: Selection) -> None:
    if (count := count_named(history, selected)) > MOST_TRACKS:
        raise ServiceError(
            422,
            "too_many_tracks",
            f"{count:,} named tracks are of this time, and {MOST_TRACKS:,} are merged at most: give a later since, an "
            "until, a person or a source; or use 'history report' on the machine itself.",
        )


def _place(one: Sighting) -> tuple[int, int]:
    return to_us(one.began), one.track_ids[0]


def _answer(one: Sighting, people: PersonIds) -> SightingAnswer:
    return SightingAnswer(
        name=one.person,
        person_id=people.id(one.person),
        sources=list(one.sources),
        first_at=one.began,
        last_at=one.ended,
        duration_s=round(one.seconds, 3),
        track_ids=list(one.track_ids),
    )
