"""What the calibration promises, beside what the history counted."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool

from recognizer.app.trust import Trust, trust
from recognizer.calibration.calibration_file import NUMBERS
from recognizer.serve.access.scopes import require
from recognizer.serve.dependencies import HistoryDep, PrincipalDep, RecognizerDep, SettingsDep
from recognizer.serve.models.history import CountedAnswer, Moment, TrustAnswer

router = APIRouter(tags=["trust"], dependencies=[Depends(require("read"))])
DAYS = 30
"""Days that are counted where nobody says since when."""


@router.get("/v1/trust")
async def get_trust(
    history: HistoryDep,
    settings: SettingsDep,
    recognizer: RecognizerDep,
    who: PrincipalDep,
    since: Moment | None = None,
    until: Moment | None = None,
) -> TrustAnswer:
    """Say what names are decided by and why, and what was counted, by default of the last 30 days."""
    end = until or datetime.now(UTC)
    begin = since or end - timedelta(days=DAYS)
    resolved = await recognizer.run(lambda loaded: loaded.resolved, client=who.key)
    return _answer(await run_in_threadpool(lambda: trust(settings, resolved, history, since=begin, until=end)))


def _answer(found: Trust) -> TrustAnswer:
    counted = found.counted
    values = {**asdict(found), "given": list(found.given)}
    values["thresholds"] = {name: getattr(found.thresholds, name) for name in NUMBERS}
    values["counted"] = CountedAnswer(
        since=counted.since,
        until=counted.until,
        sources=counted.sources,
        named=counted.named,
        strangers=counted.strangers,
        rejected=counted.rejected,
        rejected_share=counted.share,
        rejected_per_camera_month=counted.per_camera_month,
        drift=counted.drift,
    )
    return TrustAnswer(**values)
